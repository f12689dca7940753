import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import type { TrainingData } from '../../core/formats/training-data.ts'
import type { RandomState } from '../../core/goodsam/distillation/random.ts'
import type { ClassPlanes } from '../../core/raster/raster.ts'
import type { PreparedData, SamplePlace } from '../engine/training-lesson.ts'
import type { TrainingEstimate, TrainTask } from '../engine/training-protocol.ts'
import type { StepPlan } from '../engine/training-compile.ts'
import type { StudentSource } from '../engine/training-student.ts'

/** Work for the threads that prepare samples and look at predictions while the student is trained. */

export type PaletteColours = readonly (readonly [number, number, number])[]

/** Pictures of one panorama: PNG artifacts. */
export interface SamplePictures {
  readonly image: string
  readonly pseudoLabel: string
  readonly student: string
  readonly difference: string
  /** share of the labelled pixels on which student and pseudo-label are the same; 1 where none is */
  readonly agreement: number
}

/** kind -> what goes in, what comes out. What lies in shared memory is not copied on the way. */
export interface TrainingTasks {
  /** an artifact's content as its samples are drawn from it, its arrays in shared memory */
  load: { input: { root: string; hash: string; task: TrainTask; config: DistillationConfig }; output: PreparedData }
  /** one sample into its place in a batch; returns the share of votes that were left out */
  sample: {
    input: {
      task: TrainTask
      data: PreparedData
      random: RandomState
      weight: number
      config: DistillationConfig
      place: SamplePlace
    }
    output: number
  }
  /** the panorama as the network takes it, without augmentation, into `out` */
  pixels: { input: { data: TrainingData; out: Float32Array }; output: null }
  /** pixels by label (row) and prediction (column), as core/metrics/confusion.ts counts them; null: the logits are not finite */
  score: { input: { data: TrainingData; logits: ClassPlanes; against: 'truth' | 'fused' }; output: Float64Array | null }
  /** null: the logits are not finite */
  picture: { input: { root: string; data: TrainingData; logits: ClassPlanes; palette: PaletteColours }; output: SamplePictures | null }
  /** what a step will need */
  estimate: { input: { source: StudentSource; plan: StepPlan }; output: TrainingEstimate }
}

export type TrainingTaskKind = keyof TrainingTasks
export type TrainingTaskInput<K extends TrainingTaskKind> = TrainingTasks[K]['input']
export type TrainingTaskOutput<K extends TrainingTaskKind> = TrainingTasks[K]['output']
export type TrainingTask = { [K in TrainingTaskKind]: { readonly kind: K; readonly input: TrainingTaskInput<K> } }[TrainingTaskKind]

export type TrainingTaskHandlers = { readonly [K in TrainingTaskKind]: (input: TrainingTaskInput<K>) => TrainingTaskOutput<K> | Promise<TrainingTaskOutput<K>> }
