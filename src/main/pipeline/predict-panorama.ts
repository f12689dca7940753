import { stat } from 'node:fs/promises'
import { StudioError } from '../../contract/errors.ts'
import type { Panorama, ProviderSetting } from '../../contract/schemas.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import type { Engine, EngineModel, EngineProgress } from '../engine/protocol.ts'
import type { SegmentRequest } from '../engine/training-protocol.ts'
import type { WriteDb } from '../store/database.ts'
import { measuredMilliseconds } from '../store/evaluation-panoramas.ts'
import type { Store } from '../store/open-store.ts'
import { findStage, forgetStages, rememberStage, touchStages } from '../store/stage-cache.ts'
import { predictionKeys } from './stage-keys.ts'

export interface PredictionTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly engine: Engine
}

/** A semantic network and how it looks at panoramas. */
export interface Predictor {
  readonly model: EngineModel
  readonly classes: number
  modeFor(panorama: Panorama): SegmentRequest['mode']
  readonly provider: ProviderSetting
}

export interface PredictedPanorama {
  /** raster bundles */
  readonly prediction: LabelMap
  /** null where the panorama is not cyclic */
  readonly rolled: LabelMap | null
  /** null: it came out of the cache, and nobody measured it */
  readonly milliseconds: number | null
  readonly cached: boolean
  readonly warnings: readonly string[]
}

interface LabelMap {
  readonly hash: string
  readonly content: Uint8Array
  readonly key: string
  readonly bytes: number
}

export interface PredictionOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: EngineProgress) => void
}

/**
 * The network's label map of a panorama, from the cache where the same network has seen it in the same way. The artifacts
 * are written when this resolves; recordPrediction writes the rows.
 * Throws StudioError: engine, bad-model, bad-file, workspace-damaged, storage, cancelled.
 */
export async function predictPanorama(
  tools: PredictionTools, { predictor, panorama }: { readonly predictor: Predictor; readonly panorama: Panorama }, options: PredictionOptions,
): Promise<PredictedPanorama> {
  const { store, artifacts, engine } = tools
  const { model, classes, provider } = predictor
  const { cyclic } = panorama.projection
  const mode = predictor.modeFor(panorama)
  const keys = predictionKeys({ image: panorama.image, cyclic, network: model.sha256, mode })
  const prediction = await cachedMap(tools, keys.prediction)
  const rolled = cyclic ? await cachedMap(tools, keys.rolled) : null
  if (prediction !== null && (rolled !== null || !cyclic)) {
    return { prediction, rolled, milliseconds: measuredMilliseconds(store.read, prediction.hash, model.sha256), cached: true, warnings: [] }
  }
  const { width, height, name, image } = panorama
  const response = await engine.segment(
    {
      panoramaName: name, image: { path: artifacts.path(image), sha256: image, width, height, cyclic },
      artifactsRoot: artifacts.root, model, classes, mode, provider,
    },
    options,
  )
  return {
    prediction: await storedMap(artifacts, keys.prediction, response.prediction),
    rolled: response.rolled === null ? null : await storedMap(artifacts, keys.rolled, response.rolled),
    milliseconds: response.milliseconds, cached: false, warnings: response.warnings,
  }
}

/** Remembers what was predicted, so that the next evaluation of the same network is quick. */
export function recordPrediction(db: WriteDb, { prediction, rolled }: PredictedPanorama): void {
  for (const map of [prediction, rolled]) {
    if (map === null) continue
    const { key, hash, bytes } = map
    if (findStage(db, key)?.hash === hash) touchStages(db, [key])
    else rememberStage(db, { key, kind: 'prediction', hash, bytes })
  }
}

/** null: there is none, or it went bad on the disk and is to be made again. */
async function cachedMap({ store, artifacts }: PredictionTools, key: string): Promise<LabelMap | null> {
  const stage = findStage(store.read, key)
  if (stage === null) return null
  const { hash, bytes } = stage
  try {
    return { key, hash, bytes, content: await artifacts.read(hash) }
  } catch (error) {
    if (!(error instanceof StudioError) || error.code !== 'workspace-damaged') throw error
    store.transaction((db) => forgetStages(db, hash))
    await artifacts.remove(hash)
    return null
  }
}

async function storedMap(artifacts: ArtifactStore, key: string, hash: string): Promise<LabelMap> {
  const { size } = await stat(artifacts.path(hash))
  return { key, hash, bytes: size, content: await artifacts.read(hash) }
}
