import type { WireError } from '../../contract/errors.ts'
import type { Provider } from '../../contract/schemas.ts'
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import type { ClassPlanes } from '../../core/raster/raster.ts'
import type { TrainTask } from './training-protocol.ts'
import type { StudentSource } from './training-student.ts'

/** What the engine's main thread asks of the thread that trains, and what it answers. */

/** Where a run stands: with the state's vectors all that is needed to go on. */
export interface TrainingProgress {
  /** updates done */
  readonly step: number
  /** samples drawn */
  readonly cursor: number
  readonly best: number | null
  /** scores since the best one */
  readonly scoresSinceBest: number
}

export interface OpenTraining {
  readonly task: TrainTask
  readonly source: StudentSource
  readonly config: DistillationConfig
  readonly batch: number
  readonly accumulate: number
  readonly provider: Provider
  readonly threads: number
  readonly artifactsRoot: string
  /** artifact of the state to go on from where none is at hand; null: from the start */
  readonly resume: string | null
}

export interface OpenedTraining {
  readonly parameters: number
  readonly peakBytes: number
  /** live: the state of the session that was open before is gone on with */
  readonly from: 'live' | 'checkpoint' | 'start'
  /** of the checkpoint; null otherwise */
  readonly progress: TrainingProgress | null
}

export interface StepRequest {
  /** a batch's planes (training-lesson.ts) */
  readonly batch: SharedArrayBuffer
  readonly learningRate: number
  /** whether it ends an update */
  readonly apply: boolean
}

export interface StepOutcome {
  readonly loss: number
  readonly terms: Readonly<Record<string, number>>
  readonly gradientNorm: number
  readonly finite: boolean
}

export interface SavedCheckpoint {
  readonly weights: string
  readonly state: string
  readonly network: string
  readonly bytes: number
}

/** kind -> what goes in, what comes out */
export interface TrainingCalls {
  /** compiles and opens; an open session is closed first and its state gone on with */
  readonly open: { request: OpenTraining; response: OpenedTraining }
  readonly step: { request: StepRequest; response: StepOutcome }
  /** where the first NaN of a step came about, in words; null: not found */
  readonly explain: { request: StepRequest; response: string | null }
  /** logits of one normalised image [3, height, width] */
  readonly predict: { request: { readonly pixels: Float32Array }; response: ClassPlanes }
  readonly save: { request: { readonly artifactsRoot: string; readonly progress: TrainingProgress }; response: SavedCheckpoint }
  readonly close: { request: null; response: null }
}
export type TrainingCall = keyof TrainingCalls

export type TrainingMessage = { readonly [C in TrainingCall]: { readonly id: number; readonly call: C; readonly request: TrainingCalls[C]['request'] } }[TrainingCall]

/** memory: an allocation failed; runtime: onnxruntime failed otherwise; studio: it is said already what to do */
export type TrainingFailureKind = 'memory' | 'runtime' | 'studio'

export type TrainingAnswer =
  | { readonly id: number; readonly ok: true; readonly response: TrainingCalls[TrainingCall]['response'] }
  | { readonly id: number; readonly ok: false; readonly kind: TrainingFailureKind; readonly error: WireError }
