import type { EngineStatus, LabelStats, Provider, ProviderSetting, StageArtifacts, TensorInfo } from '../../contract/schemas.ts'
import type { Equirectangular } from '../../core/geometry/equirectangular.ts'
import type { GoodsamConfig, SamSettings } from '../../core/goodsam/config.ts'
import type { EngineModel } from './engine-model.ts'
import type { ExportEngine } from './export-protocol.ts'
import type { SegmentRequest, SegmentResponse, TrainingEngine } from './training-protocol.ts'

/** What the host asks of the engine. Bulk data travels as artifact files; messages carry paths, hashes, small numbers. */

export interface PanoramaFile {
  readonly path: string
  readonly sha256: string
  readonly width: number
  readonly height: number
  readonly cyclic: boolean
  /** gnomonic windows cannot do without; undefined: a full turn of square pixels */
  readonly projection?: Equirectangular
}

export interface LabelPanoramaRequest {
  readonly panoramaName: string
  /** upright 8-bit RGB image file; it is refused when its content has another SHA-256 */
  readonly image: PanoramaFile
  /** folder of the artifact store; results are written there */
  readonly artifactsRoot: string
  readonly sam: (EngineModel & { readonly settings: SamSettings }) | null
  readonly ta: EngineModel
  readonly config: GoodsamConfig
  readonly provider: ProviderSetting
  /** stages already in the artifact store: they are read, not computed */
  readonly cached: {
    readonly masks: string | null
    readonly semantics: string | null
    readonly boundary: string | null
    readonly fusion: string | null
    /** artifact hash by window index; null where there is none */
    readonly embeddings: readonly (string | null)[]
  }
  /** false: embeddings are not written */
  readonly keepEmbeddings: boolean
}

export interface LabelPanoramaResponse {
  readonly artifacts: StageArtifacts
  /** new embeddings by window index; null where cached, not kept or not needed */
  readonly embeddings: readonly ({ readonly hash: string; readonly bytes: number } | null)[]
  readonly stats: LabelStats
  /** a filter that keeps almost nothing, a provider that fell back, ... */
  readonly warnings: readonly LabelWarning[]
}

/** What a person should know although nothing failed. */
export interface LabelWarning {
  /** whole sentences without the panorama's name; may hold its numbers */
  readonly message: string
  /** what panoramas with this warning share, so that a run can count them; null: the message is true of the whole run */
  readonly shared: {
    /** what follows "12 panoramas": "kept almost no masks" */
    readonly did: string
    /** a sentence */
    readonly remedy: string
  } | null
}

export interface EngineProgress {
  /** 0..1 within this panorama */
  readonly fraction: number
  /** for people: "masks, window 3 of 16" */
  readonly message: string
}

export interface ModelSignature {
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
}

/** The host's side of the engine process. Throws StudioError: bad-model, bad-file, engine, storage, cancelled. */
export interface Engine extends TrainingEngine, ExportEngine {
  status(): EngineStatus
  /** returns the function that ends it */
  onStatus(listener: (status: EngineStatus) => void): () => void
  /** opens the file with onnxruntime on the CPU; bad-model when it is not a model it can open */
  inspectModel(path: string): Promise<ModelSignature>
  labelPanorama(
    request: LabelPanoramaRequest,
    options: { signal: AbortSignal; onProgress: (progress: EngineProgress) => void },
  ): Promise<LabelPanoramaResponse>
  /** a semantic network on a panorama: trainIds */
  segment(
    request: SegmentRequest,
    options: { signal: AbortSignal; onProgress: (progress: EngineProgress) => void },
  ): Promise<SegmentResponse>
  configure(settings: EngineSettings): void
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface EngineSettings {
  readonly provider: ProviderSetting
  readonly cpuThreads: number
  readonly recycleBytes: number
}

export type { EngineModel, EngineStatus, Provider, ProviderSetting }
