import { expect, test } from 'vitest'
import { runModel } from '../../../test/support/run-model.ts'
import { GraphBuilder } from '../onnx/graph-builder.ts'
import { elementCount, float32 } from '../onnx/tensor.ts'
import { layOut } from './parameter-layout.ts'
import { joined, slicesOf, StepState } from './step-state.ts'

const SHAPES: readonly { readonly name: string; readonly dims: readonly number[]; readonly group: string }[] = [
  { name: 'a', dims: [2, 3], group: 'main' }, { name: 'b', dims: [3], group: 'plain' }, { name: 'c', dims: [2, 1, 2], group: 'main' },
  { name: 'd', dims: [1], group: 'plain' }, { name: 'e', dims: [1, 5], group: 'main' }, { name: 'f', dims: [2, 2], group: 'main' },
]

test.each([100, 10, 5, 1])('parameters cut from vectors and joined are the vectors again, in parts of %i elements', async (largestPart) => {
  const layout = layOut(SHAPES.map(({ name, dims, group }) => ({ name, group, tensor: float32(dims, new Float32Array(elementCount(dims))) })), largestPart)
  const builder = new GraphBuilder()
  const state = new StepState(builder)
  const vectors = layout.map((vector) => ({ vector, value: state.input('parameters', vector) }))
  const slices = new Map(vectors.flatMap(({ vector, value }) => [...slicesOf(builder, vector, value)]))
  for (const { name, dims } of SHAPES) expect(slices.get(name)?.shape, name).toEqual(dims)
  const doubled = new Map([...slices].map(([name, value]) => [name, builder.emit('Mul', [value, 2])]))
  for (const [index, result] of joined(builder, layout, doubled).entries()) state.replace(vectors[index].value, result)
  state.declareOutputs()
  const feeds = Object.fromEntries(state.vectors.map(({ name, vector }, index) => [name, float32([vector.length], Array.from({ length: vector.length }, (_, at) => 10 * index + at))]))
  const results = await runModel(builder.build(), feeds)
  for (const [name, { data }] of Object.entries(feeds)) expect(Array.from(results[`next.${name}`].data, Number), name).toEqual(Array.from(data as Float32Array, (value) => 2 * value))
})
