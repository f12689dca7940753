import { expect, it } from 'vitest'
import { GraphBuilder } from './graph-builder.ts'
import { float32 } from './tensor.ts'

it('nothing that is computed from a parameter becomes a constant, however many nodes after it: it may be trained', () => {
  const builder = new GraphBuilder()
  const bias = builder.initializer('bias', float32([4], [1, 2, 3, 4]))
  const part = builder.emit('Identity', [builder.emit('Slice', [bias, [1], [3]])])
  builder.output(part, 'y')
  expect(builder.build().graph.nodes.map((node) => node.opType)).toEqual(['Slice', 'Identity', 'Identity'])
})
