import type { Provider, ProviderSetting } from '../../contract/schemas.ts'
import type { LossPoint, ScorePoint, StudentArchitecture } from '../../contract/training-schemas.ts'
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import type { GoodsamConfig } from '../../core/goodsam/config.ts'
import type { EngineModel } from './engine-model.ts'

/** What the host asks of the engine about students. Bulk data travels as artifact files; messages carry paths, hashes, small numbers. */

/** One panorama at the training size: artifact of core/formats/training-data.ts. */
export interface TrainingPanorama {
  readonly panoramaId: string
  readonly name: string
  readonly cyclic: boolean
  /** artifact: image and targets at the training size */
  readonly data: string
  /** how much its pixels count */
  readonly weight: number
}

/**
 * distil: a student on whole panoramas. refine-ta: a TA on pairs of its windows, each seen at `height` x `width` of the
 * configuration (terms ensemble, confident, consistency; a batch of n is n pairs; nothing is scored or pictured).
 */
export type TrainTask = 'distil' | 'refine-ta'

export interface TrainRequest {
  /** distil where omitted */
  readonly task?: TrainTask
  readonly name: string
  /** folder of the artifact store; results are written there */
  readonly artifactsRoot: string
  readonly architecture: StudentArchitecture
  readonly classes: number
  /** colours by trainId, for pictures */
  readonly palette: readonly (readonly [number, number, number])[]
  /** absolute path of the ONNX file that is the student; null: built from `architecture` */
  readonly network: string | null
  /** absolute path of the safetensors file it starts from; null: random, or the network's own numbers */
  readonly weights: string | null
  readonly config: DistillationConfig
  /** as they really run: memory may have forced a smaller batch earlier */
  readonly batch: number
  readonly accumulate: number
  readonly panoramas: readonly TrainingPanorama[]
  readonly heldOut: readonly TrainingPanorama[]
  /** what scores the held-out panoramas: truth in their data, or agreement with the pseudo-labels */
  readonly scoreKind: 'miou' | 'agreement' | null
  /** panoramas of the sample panel */
  readonly pictured: readonly TrainingPanorama[]
  /** artifact of the checkpoint's state to go on from; null: from the start */
  readonly resume: string | null
  readonly learningRateFactor: number
  readonly provider: ProviderSetting
  /** 0: one per core; 1: repeatable bit for bit */
  readonly threads: number
}

/** What happens while it trains, in order. A consumer that records a checkpoint before the next event loses nothing. */
export type TrainEvent =
  /** also when it goes on after `batch` or a provider that failed; points after `step` that were told before come again */
  | { readonly type: 'started'; readonly provider: Provider; readonly parameters: number; readonly peakBytes: number; readonly step: number }
  | { readonly type: 'point'; readonly point: LossPoint; readonly waitShare: number }
  | { readonly type: 'score'; readonly point: ScorePoint }
  | { readonly type: 'sample'; readonly step: number; readonly panoramaId: string; readonly image: string; readonly pseudoLabel: string; readonly student: string; readonly difference: string; readonly agreement: number }
  /** `weights`: safetensors, what is kept of the student (the moving average where there is one); `state`: all that is needed to go on; `network`: .onnx with these weights; `best`: it has the best score so far, or nothing is scored */
  | { readonly type: 'checkpoint'; readonly step: number; readonly weights: string; readonly state: string; readonly network: string; readonly bytes: number; readonly loss: number | null; readonly score: number | null; readonly best: boolean }
  /** memory was short: so it goes on */
  | { readonly type: 'batch'; readonly batch: number; readonly accumulate: number; readonly message: string }
  | { readonly type: 'warning'; readonly message: string }

export interface TrainResponse {
  /** finished: all steps; early: no better score for `patience`; paused: a checkpoint was written */
  readonly reason: 'finished' | 'early' | 'paused'
  readonly step: number
}

/** What may be asked of a training under way. */
export interface TrainControl {
  /** writes a checkpoint and ends with `paused` */
  readonly pause: AbortSignal
  /** calls the listener whenever a person sets another factor; returns the function that ends it */
  onLearningRateFactor(listener: (factor: number) => void): () => void
}

/** What must be known to say what an update costs, and whether the student can be trained at all. */
export type EstimateTrainingRequest = Pick<TrainRequest, 'architecture' | 'classes' | 'network' | 'weights' | 'config' | 'batch' | 'accumulate' | 'task'>

export interface TrainingEstimate {
  /** numbers that are learned */
  readonly parameters: number
  /** of one micro-batch, at its worst moment */
  readonly peakBytes: number
  /** floating-point operations of one micro-batch, forward and backward */
  readonly arithmetic: number
}

export interface TrainingEngine {
  /**
   * Trains a student; `onEvent` hears of everything in order, and ends the training by throwing. Throws StudioError:
   * bad-input (one panorama at a time is too much for the memory), bad-model (also where losses are not finite any more),
   * bad-file, workspace-damaged, engine (its process died: to be gone on with from the last checkpoint), storage, cancelled.
   */
  train(
    request: TrainRequest,
    options: { readonly signal: AbortSignal; readonly onEvent: (event: TrainEvent) => void; readonly control: TrainControl },
  ): Promise<TrainResponse>
  /**
   * Compiles the step without running it, also while something else is trained. Throws what `train` would throw at once:
   * bad-model (operators without a gradient rule, another number of classes, weights that do not fit), bad-input, bad-file.
   */
  estimateTraining(request: EstimateTrainingRequest): Promise<TrainingEstimate>
}

/** What a person asks of a training under way. */
export type TrainOrder = { readonly kind: 'pause' } | { readonly kind: 'learning-rate-factor'; readonly factor: number }

/** A semantic network on one panorama. */
export interface SegmentRequest {
  readonly panoramaName: string
  readonly image: { readonly path: string; readonly sha256: string; readonly width: number; readonly height: number; readonly cyclic: boolean }
  readonly artifactsRoot: string
  readonly model: EngineModel
  readonly classes: number
  /** whole: resized to this size and back; sliding: windows and blending as the TA's stage does */
  readonly mode: { readonly kind: 'whole'; readonly height: number; readonly width: number } | { readonly kind: 'sliding'; readonly config: GoodsamConfig }
  readonly provider: ProviderSetting
}

export interface SegmentResponse {
  /** artifact: raster bundle (core/formats/bundles.ts) of trainIds at the panorama's size */
  readonly prediction: string
  /** of inference and stitching, without reading the image, opening the network and the rolled prediction */
  readonly milliseconds: number
  readonly provider: Provider
  /** the same for the panorama rolled by half a turn and rolled back, for seam consistency; null where it is not cyclic */
  readonly rolled: string | null
  /** a provider that fell back, ...: whole sentences */
  readonly warnings: readonly string[]
}
