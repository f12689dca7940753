import { createHash } from 'node:crypto'
import { StudioError } from '../../contract/errors.ts'
import type { LabellingRun, Panorama, PanoramaResult } from '../../contract/schemas.ts'
import type { DistillationRun } from '../../contract/training-schemas.ts'
import { IGNORE_ID } from '../../core/labels/label-set.ts'
import type { TrainingPanorama } from '../engine/training-protocol.ts'
import type { JobContext } from '../jobs/job-handler.ts'
import type { ArtifactStore, StoredArtifact } from '../artifacts/artifact-store.ts'
import { listDistillationPanoramas, setTrainingData, type DistillationPanoramaRecord } from '../store/distillation-panoramas.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import type { Store } from '../store/open-store.ts'
import { getPanorama } from '../store/panoramas.ts'
import { getResult } from '../store/panorama-results.ts'
import { findStage, forgetStages, rememberStage, touchStages } from '../store/stage-cache.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import { inParallel } from './in-parallel.ts'
import { equirectangularOf } from './label-panorama.ts'

export interface TrainingDataTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly pool: LabelPool
}

export interface PreparedPanorama extends DistillationPanoramaRecord {
  readonly data: string
  /** pixels by trainId that the labels know; 255 is none of them */
  readonly pixels: Float64Array
}

/** Raise it when the targets or the artifact's layout change. */
const VERSION = 2

export interface Preparation {
  readonly run: DistillationRun
  /** pixels of image and targets; null: each panorama's own */
  readonly size: TrainingSize | null
  readonly context: JobContext
}

/**
 * Brings image and labels of every panorama of a run to the training size (METHOD section 5), unless an earlier run did.
 * Every artifact is read once, so that a damaged one is found and made anew before the training begins. A pause is taken
 * at once: what was prepared is kept.
 * Throws `not-found` where the labels are gone, `bad-file`, `workspace-damaged`, `storage`; how the job is interrupted.
 */
export async function prepareTrainingData(tools: TrainingDataTools, { run, size, context }: Preparation): Promise<PreparedPanorama[]> {
  const panoramas = listDistillationPanoramas(tools.store.read, run.id)
  const prepared: PreparedPanorama[] = Array.from({ length: panoramas.length })
  const signal = AbortSignal.any([context.signal, context.stopping])
  let done = 0
  const tell = (): void => context.progress({ message: `preparing panoramas, ${done} of ${panoramas.length}` })
  tell()
  try {
    await inParallel([...panoramas.entries()], tools.pool.threads, async ([index, panorama]) => {
      signal.throwIfAborted()
      prepared[index] = await prepare(tools, { run, panorama, size }, signal)
      done++
      tell()
    })
  } catch (error) {
    if (signal.aborted) await context.safePoint()
    // a pause that was taken back meanwhile
    if (signal.aborted) return prepareTrainingData(tools, { run, size, context })
    throw error
  }
  return prepared
}

export function toTrainingPanorama({ panoramaId, name, cyclic, data, weight }: PreparedPanorama): TrainingPanorama {
  return { panoramaId, name, cyclic, data, weight }
}

interface TrainingSize {
  readonly height: number
  readonly width: number
}

interface Subject {
  readonly run: DistillationRun
  readonly panorama: DistillationPanoramaRecord
  readonly size: TrainingSize | null
}

async function prepare(tools: TrainingDataTools, { run, panorama, size: wanted }: Subject, signal: AbortSignal): Promise<PreparedPanorama> {
  const at = { distillationId: run.id, panoramaId: panorama.panoramaId }
  if (panorama.data !== null) {
    const pixels = await countedPixels(tools, panorama.data, signal)
    if (pixels !== null) return { ...panorama, data: panorama.data, pixels }
  }
  const source = sourceOf(tools.store, run, panorama)
  const { height, width } = wanted ?? source.panorama
  const size = { height, width }
  const key = keyOf(source, size)
  const known = findStage(tools.store.read, key)
  const cached = known === null ? null : await countedPixels(tools, known.hash, signal)
  if (known !== null && cached !== null) {
    tools.store.transaction((db) => {
      touchStages(db, [key])
      setTrainingData(db, at, known.hash)
    })
    return { ...panorama, data: known.hash, pixels: cached }
  }
  const made = await make(tools, { source, size }, signal)
  tools.store.transaction((db) => {
    rememberStage(db, { key, kind: 'training-data', ...made })
    setTrainingData(db, at, made.hash)
  })
  const pixels = await countedPixels(tools, made.hash, signal)
  if (pixels === null) throw new StudioError('storage', `The training data of ${panorama.name} cannot be read back from ${tools.artifacts.path(made.hash)}. Check the disk.`)
  return { ...panorama, data: made.hash, pixels }
}

/** null: the artifact is missing or damaged, and forgotten. */
async function countedPixels({ store, artifacts, pool }: TrainingDataTools, hash: string, signal: AbortSignal): Promise<Float64Array | null> {
  try {
    const counts = await pool.run('countTrainingLabels', { data: await artifacts.read(hash) }, { signal })
    counts[IGNORE_ID] = 0
    return counts
  } catch (error) {
    if (!(error instanceof StudioError) || error.code !== 'workspace-damaged') throw error
    store.transaction((db) => forgetStages(db, hash))
    await artifacts.remove(hash)
    return null
  }
}

interface Source {
  readonly labelling: LabellingRun
  readonly panorama: Panorama
  readonly stages: NonNullable<PanoramaResult['artifacts']>
}

function sourceOf({ read }: Store, run: DistillationRun, { panoramaId, name }: DistillationPanoramaRecord): Source {
  if (run.labellingRunId === null) {
    throw new StudioError('not-found', `The labelling run "${run.labellingRunName}" was removed, and the training data of ${name} are gone. Label the dataset again and start another distillation run.`)
  }
  const stages = getResult(read, run.labellingRunId, panoramaId).artifacts
  if (stages === null) {
    throw new StudioError('not-found', `${name} has no labels in "${run.labellingRunName}" any more. Let its labelling job finish, then resume this one.`)
  }
  return { labelling: getLabellingRun(read, run.labellingRunId), panorama: getPanorama(read, panoramaId), stages }
}

/** The data are a function of exactly these. */
function keyOf({ labelling, panorama, stages }: Source, { height, width }: TrainingSize): string {
  const { image, truth, projection: { cyclic } } = panorama
  const inputs = { image, truth, cyclic, projection: equirectangularOf(panorama), ...stages, fusion: labelling.config.fusion, height, width }
  return createHash('sha256').update(JSON.stringify(['training-data', VERSION, inputs])).digest('hex')
}

async function make(
  { artifacts, pool }: TrainingDataTools, { source: { labelling, panorama, stages }, size }: { readonly source: Source; readonly size: TrainingSize }, signal: AbortSignal,
): Promise<StoredArtifact> {
  const read = (hash: string | null): Promise<Uint8Array | null> => (hash === null ? Promise.resolve(null) : artifacts.read(hash))
  const [masks, boundary, truth] = await Promise.all([stages.masks, stages.boundary, panorama.truth].map(read))
  const { width, height } = panorama
  const data = await pool.run('makeTrainingData', {
    image: { path: artifacts.path(panorama.image), sha256: panorama.image, size: { width, height } },
    cyclic: panorama.projection.cyclic, projection: equirectangularOf(panorama),
    masks, boundary, truth,
    semantics: await artifacts.read(stages.semantics),
    fused: await artifacts.read(stages.fusion),
    fusion: labelling.config.fusion,
    size,
  }, { signal })
  return artifacts.put(data)
}
