/** What channel-wise normalisations (batch, instance, group) take the mean and variance of, in one view. */
import { elementCount } from '../onnx/tensor.ts'
import { ModelError } from '../onnx/errors.ts'
import { dims, type Emit, type Value } from '../onnx/graph-builder.ts'

/** A value [images, channels, ...] seen as [images, groups, channels of a group, elements]. */
export interface Grouping {
  readonly view: readonly number[]
  /** The axes of the view that are normalised together */
  readonly axes: readonly number[]
  /** The shape that one number per channel takes in the view */
  readonly perChannel: readonly number[]
  /** Elements normalised together */
  readonly count: number
}

/** By channel over the batch, by channel of each image, or by that many groups of channels of each image. */
export function groupsOf(x: Value, by: 'batch' | 'instance' | number): Grouping {
  const [images, channels, ...rest] = dims(x)
  const groups = typeof by === 'number' ? by : channels
  if (channels % groups !== 0) throw new ModelError('shape', `The ${channels} channels of "${x.name}" do not divide into ${groups} groups.`)
  const view = [images, groups, channels / groups, elementCount(rest)]
  const axes = by === 'batch' ? [0, 2, 3] : [2, 3]
  return { view, axes, perChannel: [1, groups, channels / groups, 1], count: axes.reduce((product, axis) => product * view[axis], 1) }
}

export interface Moments {
  /** One per group, of the view's rank */
  readonly mean: Value
  /** The elements less their mean, in the view's shape */
  readonly centred: Value
  /** The biased variance, as `mean` */
  readonly variance: Value
}

/** Two passes, because the mean of squares less the square of the mean loses the digits of a variance that is small beside the mean. */
export function momentsOf(emit: Emit, x: Value, { view, axes, count }: Grouping): Moments {
  const viewed = emit('Reshape', [x, view])
  const mean = emit('ReduceMean', [viewed, axes])
  const centred = emit('Sub', [viewed, mean])
  return { mean, centred, variance: emit('Div', [emit('ReduceSumSquare', [centred, axes]), count]) }
}
