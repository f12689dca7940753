/** The state of a training step inside its graph: vectors that come in and go out, and the parameters as slices of them. */
import { elementCount, int64 } from '../onnx/tensor.ts'
import { dims, type GraphBuilder, type Value } from '../onnx/graph-builder.ts'
import type { LayoutVector } from './parameter-layout.ts'

/**
 * What a vector holds: the parameters, their moving average, gradients of micro-batches so far, running statistics of
 * batch normalisations, or one of the optimiser's slots (under the slot's name).
 */
export type StateRole = 'parameters' | 'average' | 'accumulated' | 'statistics' | `optimizer.${string}`

/** A vector that goes from step to step: the input `name`, whose new contents are the output `next.NAME`. */
export interface StateVector {
  readonly name: string
  readonly role: StateRole
  /** What lies where in it */
  readonly vector: LayoutVector
}

export class StepState {
  readonly vectors: StateVector[] = []
  private readonly builder: GraphBuilder
  private readonly results: Value[] = []

  constructor(builder: GraphBuilder) {
    this.builder = builder
  }

  /** Declares a vector and returns what the step begins with. */
  input(role: StateRole, vector: LayoutVector): Value {
    const name = `${role}.${vector.name}`
    this.vectors.push({ name, role, vector })
    return this.builder.input(name, 'float32', [vector.length])
  }

  /** Says what the vector that came in as `old` holds after the step: `result` where `when` is true, or else what it held. */
  replace(old: Value, result: Value, when: Value): void {
    this.results.push(this.builder.append({ name: '', opType: 'Where', domain: '', inputs: [when.name, result.name, old.name], outputs: [`next.${old.name}`], attributes: new Map() })[0])
  }

  declareOutputs(): void {
    for (const result of this.results) this.builder.output(result)
  }
}

/** The parameters of a vector, under their own names. */
export function slicesOf(builder: GraphBuilder, { slices }: LayoutVector, whole: Value): ReadonlyMap<string, Value> {
  return new Map(slices.map(({ name, dims: shape, offset }) => builder.scope('slice', () => {
    const slice = builder.emit('Slice', [whole, [offset], [offset + elementCount(shape)], [0]])
    const target = builder.constant(int64([shape.length], shape))
    const [parameter] = builder.append({ name: '', opType: 'Reshape', domain: '', inputs: [slice.name, target.name], outputs: [name], attributes: new Map() })
    return [name, parameter]
  })))
}

/**
 * Values of a vector's parameters end to end: the inverse of `slicesOf`. The reshapes are emitted in the parameters'
 * order: onnxruntime walks back from the concatenation and follows the node that was written last first. The last
 * layer's gradient is computed first then, and each layer's as soon as the walk has come to it; in the other order the
 * whole backward pass would be done, and kept, before the first weight's gradient.
 */
export function joined(builder: GraphBuilder, { slices }: LayoutVector, values: ReadonlyMap<string, Value>): Value {
  const parts = slices.map(({ name }) => {
    const value = values.get(name)
    if (value === undefined) throw new RangeError(`There is no value for "${name}".`)
    return builder.emit('Reshape', [value, [elementCount(dims(value))]])
  })
  return builder.emit('Concat', parts, { axis: 0 })
}
