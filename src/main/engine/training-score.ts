/** The student on whole panoramas while it is trained: scores of those held out, pictures of a few. */
import { StudioError } from '../../contract/errors.ts'
import { confusionScores } from '../../core/metrics/confusion.ts'
import type { ClassPlanes } from '../../core/raster/raster.ts'
import type { TrainingData } from '../../core/formats/training-data.ts'
import type { TrainingPool } from '../workers/training-pool.ts'
import type { TrainEvent, TrainingPanorama, TrainRequest } from './training-protocol.ts'
import type { DataCache } from './training-samples.ts'

export interface Viewer {
  readonly pool: TrainingPool
  readonly cache: DataCache
  /** the artifact store's folder */
  readonly root: string
  readonly request: Pick<TrainRequest, 'classes' | 'heldOut' | 'pictured' | 'palette'>
  readonly predict: (pixels: Float32Array) => Promise<ClassPlanes>
  readonly signal: AbortSignal
}

/**
 * mIoU against truth, or the share of labelled pixels on which student and pseudo-labels agree: of all held-out panoramas
 * together, each seen whole at the training size. 0 where nothing is labelled.
 */
export async function scoreHeldOut(viewer: Viewer, kind: NonNullable<TrainRequest['scoreKind']>): Promise<number> {
  const { request: { classes, heldOut }, pool } = viewer
  const counts = new Float64Array(classes * (classes + 1))
  await eachPrediction(viewer, heldOut, async (_panorama, { data, logits }) => {
    const own = finite(await pool.run('score', { data, logits, against: kind === 'miou' ? 'truth' : 'fused' }))
    own.forEach((count, index) => (counts[index] += count))
  })
  const { miou, pixelAccuracy } = confusionScores({ classes, counts })
  return (kind === 'miou' ? miou : pixelAccuracy) ?? 0
}

export async function takePictures(viewer: Viewer, step: number, onEvent: (event: TrainEvent) => void): Promise<void> {
  const { request: { pictured, palette }, pool, root } = viewer
  await eachPrediction(viewer, pictured, async ({ panoramaId }, { data, logits }) => {
    onEvent({ type: 'sample', step, panoramaId, ...finite(await pool.run('picture', { root, data, logits, palette })) })
  })
}

interface Seen {
  readonly data: TrainingData
  readonly logits: ClassPlanes
}

/** One panorama is looked at while the next one is predicted. */
async function eachPrediction(viewer: Viewer, panoramas: readonly TrainingPanorama[], look: (panorama: TrainingPanorama, seen: Seen) => Promise<void>): Promise<void> {
  const { pool, cache, predict, signal } = viewer
  let looking = Promise.resolve()
  for (const panorama of panoramas) {
    signal.throwIfAborted()
    const data = await cache.get(panorama.data)
    const pixels = new Float32Array(new SharedArrayBuffer(Float32Array.BYTES_PER_ELEMENT * data.image.data.length))
    await pool.run('pixels', { data, out: pixels })
    const logits = await predict(pixels)
    await looking
    looking = look(panorama, { data, logits })
    // it is awaited in the next turn, or below
    looking.catch(() => {})
  }
  await looking
}

function finite<Value>(value: Value | null): Value {
  if (value === null) throw new StudioError('bad-model', 'The student computes numbers that are not finite (NaN or infinity) although its training steps are finite: lower the learning rate.')
  return value
}
