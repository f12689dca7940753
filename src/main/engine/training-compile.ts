/** From a student and a configuration to the two graphs of a run: the training step, and the prediction with the step's weights. */
import { countArithmetic } from '../../core/onnx/arithmetic.ts'
import { estimatePeakBytes } from '../../core/autodiff/memory.ts'
import { adamW } from '../../core/autodiff/optimizers.ts'
import { slicesOf, type StateVector } from '../../core/autodiff/step-state.ts'
import { compileTrainingStep, type TrainingStep } from '../../core/autodiff/training-step.ts'
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import { rebuild } from '../../core/onnx/bind.ts'
import { GraphBuilder } from '../../core/onnx/graph-builder.ts'
import type { Model } from '../../core/onnx/model.ts'
import { elementCount } from '../../core/onnx/tensor.ts'
import { asBadModel, logitsOf, openStudent, type Student, type StudentSource } from './training-student.ts'
import { LESSONS } from './training-lesson.ts'
import type { TrainingEstimate, TrainTask } from './training-protocol.ts'

export interface StepPlan {
  readonly task: TrainTask
  readonly config: DistillationConfig
  readonly batch: number
  readonly accumulate: number
}

/** Throws StudioError bad-model where the student has operators without a gradient, or does not fit the size. */
export function compileStudent(student: Student, { task, config, batch, accumulate }: StepPlan): TrainingStep {
  const { height, width, weightDecay, clipNorm, emaDecay } = config
  const { loss, images, batchNormalization } = LESSONS[task]
  try {
    return compileTrainingStep(student.model, loss(config), adamW({ weightDecay }), {
      bindings: student.bindings({ batch: images(batch), height, width }),
      trainable: student.trainable,
      clipNorm: clipNorm ?? undefined,
      averageDecay: emaDecay ?? undefined,
      accumulate, batchNormalization,
    })
  } catch (error) {
    throw asBadModel(error)
  }
}

/** Whose numbers a prediction is made with: the moving average where there is one, with the statistics. */
export function keptVectors(step: TrainingStep): readonly StateVector[] {
  const average = step.state.some(({ role }) => role === 'average')
  return step.state.filter(({ role }) => role === 'statistics' || role === (average ? 'average' : 'parameters'))
}

/**
 * The student on one image, whose weights are inputs: the vectors of `keptVectors`, under their own names. One session
 * serves a whole run. Output: `logits`.
 */
export function compilePrediction(student: Student, step: TrainingStep, { height, width }: { readonly height: number; readonly width: number }): Model {
  const builder = new GraphBuilder()
  const slices = new Map(keptVectors(step).flatMap(({ name, vector }) => [...slicesOf(builder, vector, builder.input(name, 'float32', [vector.length]))]))
  const { outputs } = rebuild(student.model, {
    builder, bindings: student.bindings({ batch: 1, height, width }), initializer: (name) => slices.get(name),
  })
  const logits = logitsOf(outputs)
  if (logits === undefined) throw new RangeError('The student has no logits.')
  builder.output(logits, 'logits')
  return builder.build('prediction')
}

export function parameterCount({ state }: TrainingStep): number {
  return state.reduce((sum, { role, vector }) => sum + (role === 'parameters' ? vector.slices.reduce((each, { dims }) => each + elementCount(dims), 0) : 0), 0)
}

/** What a step will need, known from its shapes alone. */
export async function estimateStep(source: StudentSource, plan: StepPlan): Promise<TrainingEstimate> {
  const step = compileStudent(await openStudent(source), plan)
  return {
    parameters: parameterCount(step),
    peakBytes: estimatePeakBytes(step.model).peakBytes,
    arithmetic: countArithmetic(step.model).flops,
  }
}
