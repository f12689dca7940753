import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { LabellingRun, LabelStats, Model, Panorama } from '../../contract/schemas.ts'
import type { Equirectangular } from '../../core/geometry/equirectangular.ts'
import { layoutWindows } from '../../core/goodsam/windows.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import type { Engine, EngineModel, EngineProgress, LabelPanoramaResponse } from '../engine/protocol.ts'
import type { WriteDb } from '../store/database.ts'
import { getModel } from '../store/models.ts'
import type { Store } from '../store/open-store.ts'
import { finishResult } from '../store/panorama-results.ts'
import { findStage, forgetStages, rememberStage, stagesToEvict, touchStages, type StageKind } from '../store/stage-cache.ts'
import { stageKeys, type StageKeys } from './stage-keys.ts'

export interface LabellingPipeline {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly engine: Engine
}

export interface LabelPanoramaOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: EngineProgress) => void
  /** false: SAM embeddings are not written */
  readonly keepEmbeddings: boolean
}

export interface LabelledPanorama {
  readonly response: LabelPanoramaResponse
  /** every stage that this panorama used or made */
  readonly stages: readonly { readonly key: string; readonly kind: StageKind; readonly hash: string; readonly bytes: number }[]
}

const STAGES = ['masks', 'semantics', 'boundary', 'fusion'] as const

/**
 * Labels one panorama of a run: hands the engine what is cached and lets it compute the rest. The artifacts are written
 * when this resolves; recordLabels writes the rows.
 * Throws StudioError: engine, bad-model, bad-file, workspace-damaged, storage, cancelled.
 */
export async function labelPanorama(
  { store, artifacts, engine }: LabellingPipeline,
  { run, panorama }: { readonly run: LabellingRun; readonly panorama: Panorama },
  options: LabelPanoramaOptions,
): Promise<LabelledPanorama> {
  const { sam, ta } = modelsOf(store, run)
  const keys = keysOf(store, run, panorama)
  const response = await engine.labelPanorama(
    {
      panoramaName: panorama.name,
      image: {
        path: artifacts.path(panorama.image), sha256: panorama.image, width: panorama.width, height: panorama.height,
        cyclic: panorama.projection.cyclic, projection: equirectangularOf(panorama),
      },
      artifactsRoot: artifacts.root,
      sam: sam && { ...engineModel(store, sam), settings: sam.settings },
      ta: engineModel(store, ta),
      config: run.config,
      provider: run.provider,
      cached: await cachedStages(store, artifacts, keys),
      keepEmbeddings: options.keepEmbeddings,
    },
    options,
  )
  return { response, stages: await stagesOf(artifacts, keys, response) }
}

/** Writes the result of a panorama and remembers its stages. */
export function recordLabels(
  db: WriteDb, key: { readonly runId: string; readonly panoramaId: string }, { response, stages }: LabelledPanorama,
): void {
  const { artifacts, stats } = response
  finishResult(db, key, { artifacts, stats, doubt: doubtOf(stats) })
  for (const stage of stages) if (findStage(db, stage.key)?.hash !== stage.hash) rememberStage(db, stage)
  touchStages(db, stages.map((stage) => stage.key))
}

/**
 * 0..1, high: look at this one first. The share of votes that the labels did not get, raised by how much SAM overruled
 * the TA. [D]
 */
export function doubtOf(stats: Pick<LabelStats, 'meanConfidence' | 'disagreement'>): number {
  const unsure = 1 - stats.meanConfidence
  return Math.min(1, Math.max(0, unsure + (1 - unsure) * 0.5 * stats.disagreement))
}

/**
 * Drops the cached stages of a panorama whose artifacts do not pass their check, so that they are computed again.
 * Returns how many there were.
 */
export async function dropDamagedStages(
  { store, artifacts }: Pick<LabellingPipeline, 'store' | 'artifacts'>,
  { run, panorama }: { readonly run: LabellingRun; readonly panorama: Panorama },
): Promise<number> {
  const { fusion, masks, semantics, boundary, embeddings } = await cachedStages(store, artifacts, keysOf(store, run, panorama))
  let dropped = 0
  for (const hash of [fusion, masks, semantics, boundary, ...embeddings]) {
    if (hash === null || (await artifacts.read(hash).then(() => true, () => false))) continue
    store.transaction((db) => forgetStages(db, hash))
    await artifacts.remove(hash)
    dropped++
  }
  return dropped
}

/** Keeps the disk space of SAM embeddings bounded: the least recently used go first. */
export async function evictEmbeddings(
  { store, artifacts }: Pick<LabellingPipeline, 'store' | 'artifacts'>, keepBytes: number,
): Promise<void> {
  const evicted = stagesToEvict(store.read, 'embedding', keepBytes)
  if (evicted.length === 0) return
  store.transaction((db) => evicted.forEach(({ hash }) => forgetStages(db, hash)))
  for (const { hash } of evicted) await artifacts.remove(hash)
}

function modelsOf(store: Store, run: LabellingRun): { sam: ReturnType<typeof withFilters> | null; ta: Model } {
  return { sam: run.samId === null ? null : withFilters(getModel(store.read, run.samId), run), ta: getModel(store.read, run.taId) }
}

function keysOf(store: Store, run: LabellingRun, panorama: Panorama): StageKeys {
  const { cyclic } = panorama.projection
  const projection = equirectangularOf(panorama)
  const frame = { widthPx: panorama.width, heightPx: panorama.height, cyclic, projection }
  const windows = layoutWindows(frame, run.config.windows)
  return stageKeys({ image: panorama.image, cyclic, ...modelsOf(store, run), config: run.config, projection, windows })
}

/** How the pixels of a panorama lie on the sphere. */
export function equirectangularOf({ projection: { hfovDeg, vfovDeg, horizonOffsetPx } }: Panorama): Equirectangular {
  return { hfovDeg, vfovDeg, horizonOffsetPx }
}

function withFilters(sam: Model, run: LabellingRun): Model & { settings: NonNullable<Model['samSettings']> } {
  const settings = run.samSettings ?? sam.samSettings
  if (settings === null) throw new StudioError('bad-model', `"${sam.name}" has no mask filters: remove it and add it again.`)
  return { ...sam, settings }
}

/** A model of the workspace as the engine opens it. */
export function engineModel(store: Store, model: Model): EngineModel {
  const paths: { encoder?: string; decoder?: string; network?: string } = {}
  for (const { role, name } of model.files) {
    if (role !== 'external-data') paths[role] = join(store.paths.models, model.id, name)
  }
  return { sha256: model.sha256, dialect: model.dialect, name: model.name, paths }
}

/** Artifacts of the stages that were computed before and still lie in the store. */
async function cachedStages(
  store: Store, artifacts: ArtifactStore, keys: StageKeys,
): Promise<Record<(typeof STAGES)[number], string | null> & { embeddings: (string | null)[] }> {
  const lookUp = async (key: string | null): Promise<string | null> => {
    const stage = key === null ? null : findStage(store.read, key)
    return stage !== null && (await artifacts.has(stage.hash)) ? stage.hash : null
  }
  const [masks, semantics, boundary, fusion] = await Promise.all(STAGES.map((stage) => lookUp(keys[stage])))
  // embeddings are only read when masks must be made
  const embeddings = masks === null ? await Promise.all(keys.embeddings.map(lookUp)) : keys.embeddings.map(() => null)
  return { masks, semantics, boundary, fusion, embeddings }
}

async function stagesOf(
  artifacts: ArtifactStore, keys: StageKeys, response: LabelPanoramaResponse,
): Promise<LabelledPanorama['stages']> {
  const stages: { key: string; kind: StageKind; hash: string; bytes: number }[] = []
  for (const kind of STAGES) {
    const key = keys[kind]
    const hash = response.artifacts[kind]
    if (key !== null && hash !== null) stages.push({ key, kind, hash, bytes: (await stat(artifacts.path(hash))).size })
  }
  response.embeddings.forEach((embedding, window) => {
    if (embedding) stages.push({ key: keys.embeddings[window], kind: 'embedding', ...embedding })
  })
  return stages
}
