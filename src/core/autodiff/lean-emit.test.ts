import { describe, expect, it } from 'vitest'
import { runModel } from '../../../test/support/run-model.ts'
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts'
import { float32, int64 } from '../onnx/tensor.ts'
import { leanEmit } from './lean-emit.ts'

/** Builds through leanEmit and plainly, and returns the lean graph's operators with both results. */
async function compare(inputs: Readonly<Record<string, readonly number[]>>, build: (emit: GraphBuilder['emit'], x: Readonly<Record<string, Value>>, builder: GraphBuilder) => Value) {
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, shape], at) => [name, float32(shape, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index + 10 * at + 1))]))
  const models = [leanEmit, (builder: GraphBuilder) => builder.emit].map((emitOf) => {
    const builder = new GraphBuilder()
    const x = Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, builder.input(name, 'float32', shape)]))
    builder.output(build(emitOf(builder), x, builder), 'result')
    return builder.build()
  })
  const [lean, plain] = await Promise.all(models.map(async (model) => (await runModel(model, feeds))['result']))
  return { operators: models[0].graph.nodes.map((node) => node.opType).filter((op) => op !== 'Identity').toSorted(), lean, plain }
}

describe('what is only repeated', () => {
  it('is read unrepeated by an operator that broadcasts', async () => {
    const { operators, lean, plain } = await compare({ a: [2, 1], b: [2, 3] }, (emit, { a, b }) => emit('Mul', [emit('Expand', [a, [2, 3]]), b]))
    expect(operators).toEqual(['Mul'])
    expect(lean).toEqual(plain)
  })

  it('stays repeated where the result has its shape from it', async () => {
    const { operators, lean, plain } = await compare({ a: [1, 3], b: [1, 3] }, (emit, { a, b }) => emit('Sub', [emit('Expand', [a, [2, 3]]), emit('Expand', [b, [2, 3]])]))
    expect(operators).toEqual(['Expand', 'Sub'])
    expect(lean).toEqual(plain)
  })

  it('stays repeated for an operator that does not broadcast', async () => {
    const { operators, lean, plain } = await compare({ a: [2, 1] }, (emit, { a }) => emit('Softmax', [emit('Expand', [a, [2, 3]])]))
    expect(operators).toEqual(['Expand', 'Softmax'])
    expect(lean).toEqual(plain)
  })
})

describe('what is scattered into zeros', () => {
  for (const scatteredFirst of [true, false]) {
    it(`is scattered into what it is added to (${scatteredFirst ? 'first' : 'second'} operand)`, async () => {
      const { operators, lean, plain } = await compare({ whole: [3, 2], updates: [2, 2] }, (emit, { whole, updates }, builder) => {
        const scattered = scatter(emit, builder, updates)
        return emit('Add', scatteredFirst ? [scattered, whole] : [whole, scattered])
      })
      expect(operators).toEqual(['ScatterElements'])
      expect(lean).toEqual(plain)
    })
  }

  it('is added where the other has another shape, or the scatter began with something else than zeros', async () => {
    const broadcast = await compare({ row: [2], updates: [2, 2] }, (emit, { row, updates }, builder) => emit('Add', [scatter(emit, builder, updates), row]))
    expect(broadcast.operators).toEqual(['Add', 'ConstantOfShape', 'ScatterElements'])
    expect(broadcast.lean).toEqual(broadcast.plain)
    const onto = await compare({ whole: [3, 2], updates: [2, 2] }, (emit, { whole, updates }, builder) => emit('Add', [scatter(emit, builder, updates, whole), whole]))
    expect(onto.operators).toEqual(['Add', 'ScatterElements'])
    expect(onto.lean).toEqual(onto.plain)
  })
})

function scatter(emit: GraphBuilder['emit'], builder: GraphBuilder, updates: Value, base?: Value): Value {
  const onto = base ?? emit('ConstantOfShape', [[3, 2]], { value: float32([1], [0]) })
  return emit('ScatterElements', [onto, builder.constant(int64([2, 2], [0, 2, 0, 1])), updates], { axis: 0, reduction: 'add' })
}
