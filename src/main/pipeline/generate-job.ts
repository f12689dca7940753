import { createHash } from 'node:crypto'
import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import { generatedStreetsSchema } from '../../contract/generated-schemas.ts'
import { type Projection } from '../../contract/schemas.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { forEachItem } from '../jobs/for-each-item.ts'
import type { JobHandler } from '../jobs/job-handler.ts'
import { addPanoramas, findPanoramaByName, type NewPanorama } from '../store/panoramas.ts'
import type { Store } from '../store/open-store.ts'
import type { SynthPool } from '../workers/synth-pool.ts'
import type { DrawnStreet, DrawTask, SynthFileKind } from '../workers/synth-tasks.ts'
import { presentFiles, streetName, writeWhole } from './generate-folder.ts'
import { truthFile, truthFolder } from './generate-truth.ts'

export interface GenerateTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  /** makes the threads; they end with the job */
  readonly openPool: () => SynthPool
}

/** What a generate job is told; goes through JSON. */
export const generateRequestSchema = generatedStreetsSchema.extend({
  datasetId: z.string(),
  /** panoramas the dataset is to have */
  panoramas: z.int(),
})
export type GenerateRequest = z.infer<typeof generateRequestSchema>

/** Panoramas of a dataset that was drawn are all for training: the held-out ones are drawn by the distillation run. */
const SPLIT = 'train'

/**
 * The job kind "generate": draws streets on all cores, one item per panorama. The image becomes an artifact, its truth a hidden
 * file, then the row is written: a job that is stopped anywhere leaves whole panoramas and goes on with the next one.
 */
export function generateJobHandler({ store, artifacts, openPool }: GenerateTools): JobHandler {
  return {
    async run(_job, context) {
      const request = generateRequestSchema.parse(context.payload)
      const { datasetId, seed } = request
      const all = Array.from({ length: request.panoramas }, (_, index) => index)
      const pending = all.filter((index) => findPanoramaByName(store.read, datasetId, streetName(seed, index)) === null)
      await presentFiles([truthFolder(store, datasetId)])
      const pool = openPool()
      try {
        const drawn = drawAhead(pool, { pending, signal: context.signal, taskOf: (index) => taskOf(request, index) })
        await forEachItem<number, Omit<NewPanorama, 'name'>>(context, {
          noun: 'panorama',
          counts: { total: all.length, done: all.length - pending.length, failed: 0 },
          pending,
          nameOf: (index) => streetName(seed, index),
          async compute(index, { progress }) {
            progress(0, 'drawing')
            const { files } = await drawn.take(index)
            const [truth, image] = (['labelTrainIds', 'image'] as const).map((kind) => fileOf(files, kind))
            await writeWhole(truthFile(store, datasetId, streetName(seed, index)), truth)
            const { hash, bytes } = await artifacts.put(image)
            return {
              split: SPLIT, width: request.width, height: request.height, mediaType: 'image/png', truth: null, warnings: [],
              fileSha256: createHash('sha256').update(image).digest('hex'), image: hash, imageBytes: bytes, projection: projectionOf(request),
            }
          },
          finish: (db, index, panorama) => void addPanoramas(db, datasetId, [{ ...panorama, name: streetName(seed, index) }]),
          // what failed has no row: it is pending in the next attempt
          fail: () => {},
        })
      } finally {
        await pool.close()
      }
    },
    retryFailed: (_db, { failed }) => failed,
  }
}

function taskOf({ style, seed, width, height, vfovDeg }: GenerateRequest, index: number): DrawTask {
  return { request: { view: 'panorama', style, seed, index, width, height, fovDeg: vfovDeg }, kinds: ['labelTrainIds', 'image'] }
}

function projectionOf({ vfovDeg }: GenerateRequest): Projection {
  return { kind: 'equirectangular', hfovDeg: 360, vfovDeg, horizonOffsetPx: 0, cyclic: true, source: 'gpano' }
}

function fileOf(files: DrawnStreet['files'], kind: SynthFileKind): Uint8Array {
  const file = files.find((each) => each.kind === kind)
  if (file === undefined) throw new StudioError('internal', `A street was drawn without its ${kind}.`)
  return file.bytes
}

interface DrawAhead {
  /** must be asked for in order */
  take(index: number): Promise<DrawnStreet>
}

/** Keeps every thread busy while panoramas are recorded one after the other. */
function drawAhead(
  pool: SynthPool, { pending, signal, taskOf: taskFor }: { readonly pending: readonly number[]; readonly signal: AbortSignal; readonly taskOf: (index: number) => DrawTask },
): DrawAhead {
  const started = new Map<number, Promise<DrawnStreet>>()
  let next = 0
  return {
    take(index) {
      const until = pending.indexOf(index) + pool.threads
      for (; next <= until && next < pending.length; next++) {
        const drawing = pool.draw(taskFor(pending[next]), { signal })
        // whoever takes it hears of its failure
        drawing.catch(() => {})
        started.set(pending[next], drawing)
      }
      const taken = started.get(index) ?? pool.draw(taskFor(index), { signal })
      started.delete(index)
      return taken
    },
  }
}
