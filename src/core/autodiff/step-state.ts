/** The state of a training step inside its graph: vectors that come in and go out, and the parameters as slices of them. */
import { elementCount, int64 } from '../onnx/tensor.ts'
import type { GraphBuilder, Value } from '../onnx/graph-builder.ts'
import type { LayoutVector, ParameterLayout } from './parameter-layout.ts'

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
  private readonly results: { readonly name: string; readonly result: Value }[] = []

  constructor(builder: GraphBuilder) {
    this.builder = builder
  }

  /** Declares a vector and returns what the step begins with. */
  input(role: StateRole, vector: LayoutVector): Value {
    const name = `${role}.${vector.name}`
    this.vectors.push({ name, role, vector })
    return this.builder.input(name, 'float32', [vector.length])
  }

  /** Says what the vector that came in as `old` holds after the step. */
  replace(old: Value, result: Value): void {
    this.results.push({ name: `next.${old.name}`, result })
  }

  declareOutputs(): void {
    for (const { name, result } of this.results) this.builder.output(result, name)
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
 * Values of parameters laid end to end, one vector for each of the layout: the inverse of `slicesOf`.
 *
 * onnxruntime runs nodes in the order of a depth-first walk back from the graph's ends, which follows the node that was
 * written last first. The gradient that can be computed first (the last layer's) is therefore flattened last, and all
 * groups of a part meet in one Concat: so each weight's gradient is computed as soon as the backward pass has come to
 * its layer, and what it needs is released. In any other order the whole backward pass is done, and kept, before.
 */
export function joined(builder: GraphBuilder, layout: ParameterLayout, values: ReadonlyMap<string, Value>): readonly Value[] {
  const { emit } = builder
  const written = new Map(builder.nodes.flatMap(({ outputs }, index) => outputs.map((name) => [name, index] as const)))
  const at = (value: Value) => written.get(value.name) ?? 0
  const members = layout.flatMap(({ slices }) => slices.map(({ name }) => ({ name, value: known(values, name) })))
  const rows = new Map(members.toSorted((a, b) => at(b.value) - at(a.value)).map(({ name, value }) => [name, emit('Flatten', [value], { axis: 0 })]))
  const parts = Map.groupBy(layout, ({ part }) => part)
  return [...parts.values()].flatMap((vectors) => {
    const whole = emit('Concat', vectors.flatMap(({ slices }) => slices.map(({ name }) => rows.get(name))), { axis: 1 })
    let end = 0
    return vectors.map(({ length }) => {
      end += length
      const row = vectors.length === 1 ? whole : emit('Slice', [whole, [end - length], [end], [1]])
      return emit('Reshape', [row, [length]])
    })
  })
}

function known(values: ReadonlyMap<string, Value>, name: string): Value {
  const value = values.get(name)
  if (value === undefined) throw new RangeError(`There is no value for "${name}".`)
  return value
}
