/** What a training session promises besides right numbers: nothing changes that should not, and wrong use is told. */
import { expect, test } from 'vitest'
import { adamW, sgd } from '../../src/core/autodiff/optimizers.ts'
import { withParameters } from '../../src/core/autodiff/parameter-layout.ts'
import { compileTrainingStep, type Loss, type LossScope, type TrainingStep, type TrainingStepOptions } from '../../src/core/autodiff/training-step.ts'
import { estimatePeakBytes } from '../../src/core/autodiff/memory.ts'
import { GraphBuilder } from '../../src/core/onnx/graph-builder.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { float32, int64, type Tensor } from '../../src/core/onnx/tensor.ts'
import { openTraining, type TrainingSession, type TrainingSessionOptions, type TrainingState } from '../../src/main/engine/training-session.ts'
import { runModel } from '../support/run-model.ts'
import { meanSquare, smallBatch, smallNet } from '../support/small-net.ts'

const SETTINGS = { learningRate: 0.05 }

function smallStep(options: TrainingStepOptions = {}): TrainingStep {
  return compileTrainingStep(smallNet(), meanSquare, adamW(), { bindings: { batch: 2 }, ...options })
}

async function withTraining<Result>(step: TrainingStep, work: (training: TrainingSession) => Promise<Result>, options?: TrainingSessionOptions): Promise<Result> {
  const training = await openTraining(step, options)
  try {
    return await work(training)
  } finally {
    await training.dispose()
  }
}

test('the same seed gives the same bits, also when the state was saved and restored on the way', async () => {
  const step = smallStep({ clipNorm: 1, averageDecay: 0.9 })
  const train = (pause: boolean) => withTraining(step, async (training) => {
    for (let index = 0; index < 3; index++) await training.step(smallBatch(index), SETTINGS)
    if (!pause) {
      for (let index = 3; index < 6; index++) await training.step(smallBatch(index), SETTINGS)
      return training.state()
    }
    const saved = await training.state()
    return withTraining(step, async (other) => {
      await other.restore(saved)
      for (let index = 3; index < 6; index++) await other.step(smallBatch(index), SETTINGS)
      return other.state()
    })
  })
  const [once, again, paused] = [await train(false), await train(false), await train(true)]
  expect(once.updates).toBe(6)
  expect(again).toEqual(once)
  expect(paused).toEqual(once)
})

test('steps that are asked for at once are done one after the other', async () => {
  const step = smallStep()
  const train = (wait: boolean) => withTraining(step, async (training) => {
    const steps: Promise<unknown>[] = []
    for (let index = 0; index < 4; index++) {
      steps.push(training.step(smallBatch(index), SETTINGS))
      if (wait) await steps[index]
    }
    return training.state()
  })
  expect(await train(false)).toEqual(await train(true))
})

test('blocks that are recomputed give the same bits in less memory', async () => {
  const [kept, again] = [await trainedBlocks([]), await trainedBlocks(['block.0', 'block.1', 'block.2', 'block.3'])]
  expect(again.after).toEqual(kept.after)
  expect(again.bytes).toBeLessThan(kept.bytes)
})

test('two micro-batches of one image are one batch of two', async () => {
  const whole = await withTraining(smallStep({ clipNorm: 0.1 }), async (training) => {
    await training.step(smallBatch(0), SETTINGS)
    return training.parameters()
  })
  const step = compileTrainingStep(smallNet(), meanSquare, adamW(), { bindings: { batch: 1 }, accumulate: 2, clipNorm: 0.1 })
  const parts = await withTraining(step, async (training) => {
    const before = await training.parameters()
    await training.step(half(smallBatch(0), 0), { ...SETTINGS, apply: false })
    expect(await training.parameters(), 'nothing changes before the last micro-batch').toEqual(before)
    await training.step(half(smallBatch(0), 1), { ...SETTINGS, apply: true })
    const { updates, vectors } = await training.state()
    expect(updates).toBe(1)
    for (const [name, data] of vectors) if (name.startsWith('accumulated')) expect(data.every((value) => value === 0), `${name} is empty again`).toBe(true)
    return training.parameters()
  })
  for (const [name, tensor] of whole) expect(largestDifference(tensor, parts.get(name)), name).toBeLessThan(1e-5)
})

test('the average follows its closed form', async () => {
  await withTraining(smallStep({ averageDecay: 0.75 }), async (training) => {
    let expected = await training.parameters()
    for (let index = 0; index < 4; index++) {
      await training.step(smallBatch(index), SETTINGS)
      const now = await training.parameters()
      expected = new Map([...expected].map(([name, tensor]) => [name, float32(tensor.dims, Array.from(tensor.data as Float32Array, (value, at) => 0.75 * value + 0.25 * Number(now.get(name)?.data[at])))]))
    }
    const averages = await training.averages()
    for (const [name, tensor] of expected) expect(largestDifference(tensor, averages.get(name)), name).toBeLessThan(1e-6)
  })
  await withTraining(smallStep(), async (training) => {
    await expect(training.averages()).rejects.toThrow('compiled without a moving average')
  })
})

test('frozen parameters stay in the model; groups have a rate and a decay of their own', async () => {
  const net = smallNet()
  const step = smallStep({ trainable: (name) => !name.startsWith('conv.'), groups: [{ name: 'head', includes: (name) => name.startsWith('head.'), learningRateFactor: 0 }] })
  const trained = await withTraining(step, async (training) => {
    for (let index = 0; index < 3; index++) await training.step(smallBatch(index), SETTINGS)
    return training.parameters()
  })
  expect([...trained.keys()].toSorted()).toEqual(['head.bias', 'head.weight', 'hidden.bias', 'hidden.weight', 'norm.bias', 'norm.weight'])
  const exported = withParameters(net, trained).graph.initializers
  for (const name of ['conv.weight', 'conv.bias', 'head.weight', 'head.bias']) expect(exported.get(name), name).toEqual(net.graph.initializers.get(name))
  for (const name of ['hidden.weight', 'hidden.bias', 'norm.weight', 'norm.bias']) expect(exported.get(name), name).not.toEqual(net.graph.initializers.get(name))
})

test('decay shrinks matrices and leaves vectors alone, unless a group says otherwise', async () => {
  const initial = smallNet().graph.initializers
  const ratio = (parameters: ReadonlyMap<string, Tensor>, name: string) => Number(parameters.get(name)?.data[0]) / Number(initial.get(name)?.data[0])
  const plain = await decayedOnce({})
  expect(ratio(plain, 'conv.weight')).toBeCloseTo(1 - 0.1 * 0.5, 6)
  expect(ratio(plain, 'conv.bias')).toBe(1)
  const own = await decayedOnce({ groups: [{ name: 'biases', includes: (name) => name.endsWith('.bias'), weightDecay: 1, learningRateFactor: 2 }] })
  expect(ratio(own, 'conv.bias')).toBeCloseTo(1 - 0.2 * 1, 6)
  expect(ratio(own, 'norm.weight')).toBe(1)
})

test('a step that is not finite changes nothing, and its first NaN is found', async () => {
  const step = smallStep({ averageDecay: 0.9, clipNorm: 1 })
  await withTraining(step, async (training) => {
    await training.step(smallBatch(0), SETTINGS)
    const before = await training.state()
    const bad = smallBatch(1)
    ;(bad.x.data as Float32Array)[5] = NaN
    expect(await training.step(bad, SETTINGS)).toMatchObject({ finite: false, loss: NaN })
    expect(await training.state()).toEqual(before)
    expect(await training.findNonFinite(bad, SETTINGS)).toMatchObject({ step: 2, name: 'x', node: undefined })
    expect(await training.findNonFinite(smallBatch(1), SETTINGS)).toBeUndefined()
    await training.restore({ updates: 1, vectors: new Map([...before.vectors].map(([name, data]) => [name, name === 'parameters.main' ? data.with(data.length - 1, Infinity) : data])) })
    expect(await training.findNonFinite(smallBatch(1), SETTINGS)).toMatchObject({ name: 'head.weight', message: 'Step 2 is not finite. The first NaN or infinity is in "head.weight", with which the step began.' })
    await training.restore(before)
    expect(await training.step(smallBatch(1), SETTINGS)).toMatchObject({ finite: true })
    expect((await training.state()).updates).toBe(2)
  })
})

test.each([
  { about: 'log of zero', operator: 'Log', bad: 0, good: 1, name: 'risky', node: 'risky' },
  { about: 'exp overflow', operator: 'Exp', bad: 1000, good: 1, name: 'risky', node: 'risky' },
  { about: 'a gradient only: the slope of a root at zero', operator: 'Sqrt', bad: 0, good: 1, name: /^gradient\.risky\./, node: undefined },
])('$about: step, node and forward node are named', async ({ operator, bad, good, name, node }) => {
  const builder = new GraphBuilder()
  const { emit } = builder
  const scaled = emit('Mul', [builder.input('x', 'float32', [3]), builder.initializer('weight', float32([1], [1]))])
  const [risky] = builder.append({ name: 'risky', opType: operator, domain: '', inputs: [scaled.name], outputs: ['risky'], attributes: new Map() })
  builder.output(emit('Tanh', [emit('Add', [risky, 1])]), 'y')
  const step = compileTrainingStep(builder.build(), ({ builder: { emit: also }, outputs }) => ({ total: also('ReduceMean', [outputs.y], { keepdims: 0 }) }), sgd())
  await withTraining(step, async (training) => {
    expect(await training.step({ x: float32([3], [good, good, good]) }, SETTINGS)).toMatchObject({ finite: true })
    const batch = { x: float32([3], [good, bad, good]) }
    expect(await training.step(batch, SETTINGS)).toMatchObject({ finite: false })
    const found = await training.findNonFinite(batch, SETTINGS)
    expect(found).toMatchObject({ step: 2, forwardNode: { name: 'risky', opType: operator } })
    expect(found?.name).toMatch(name)
    if (node !== undefined) expect(found?.node?.name).toBe(node)
    expect(found?.message).toContain(`${operator} node "risky"`)
  })
})

test('gradients by an input come out beside the step', async () => {
  const step = smallStep({ gradientsBy: ['x'] })
  const { gradients } = await withTraining(step, (training) => training.step(smallBatch(0), SETTINGS))
  expect(gradients.x.dims).toEqual([2, 3, 8, 8])
  expect(Number(gradients.x.data[17])).toBeCloseTo((await lossWhereMoved(17, 0.01) - await lossWhereMoved(17, -0.01)) / 0.02, 4)
})

test('a wrong batch is refused by name, with both shapes; a state of another step too', async () => {
  await withTraining(smallStep(), async (training) => {
    const { x, t } = smallBatch(0)
    await expect(training.step({ x }, SETTINGS)).rejects.toThrow('The batch has no "t": the training step needs it as float32 [2, 16, 2].')
    await expect(training.step({ x: half({ x }, 0).x, t }, SETTINGS)).rejects.toThrow('"x" of the batch is float32 [1, 3, 8, 8]: the training step was compiled for float32 [2, 3, 8, 8].')
    await expect(training.step({ x, t: int64([2, 16, 2], Array.from({ length: 64 }, () => 0)) }, SETTINGS)).rejects.toThrow('"t" of the batch is int64 [2, 16, 2]: the training step was compiled for float32')
    const other = await withTraining(smallStep({ trainable: ['head.weight'] }), (session) => session.state())
    await expect(training.restore(other)).rejects.toThrow('The state to restore has 16 numbers in "parameters.main", where')
  })
})

/** Four blocks x + W2 tanh(...tanh(W1 x)) that hold far more than their weights. */
function residualBlocks(): Model {
  const builder = new GraphBuilder()
  const { emit } = builder
  let value = builder.input('x', 'float32', ['batch', 64])
  for (let block = 0; block < 4; block++) {
    value = builder.scope(`block.${block}`, () => {
      const weight = builder.initializer(`block.${block}.scale`, float32([64, 1], Array.from({ length: 64 }, (_, index) => Math.cos(index + block))))
      let wide = emit('Mul', [emit('Unsqueeze', [value, [1]]), weight])
      for (let turn = 0; turn < 4; turn++) wide = emit('Tanh', [wide])
      return emit('Add', [value, emit('ReduceMean', [wide, [1]], { keepdims: 0 })])
    })
  }
  builder.output(value, 'y')
  return builder.build()
}

async function trainedBlocks(recompute: readonly string[]): Promise<{ readonly after: TrainingState; readonly bytes: number }> {
  const step = compileTrainingStep(residualBlocks(), meanSquare, adamW(), { bindings: { batch: 8 }, recompute })
  const batch = { x: waves([8, 64], 1), t: waves([8, 64], 2) }
  const after = await withTraining(step, async (training) => {
    for (let index = 0; index < 3; index++) await training.step(batch, SETTINGS)
    return training.state()
  })
  return { after, bytes: estimatePeakBytes(step.model).peakBytes }
}

function waves([rows, columns]: readonly [number, number], rate: number): Tensor {
  return float32([rows, columns], Float32Array.from({ length: rows * columns }, (_, index) => Math.sin(rate * index)))
}

/** A loss whose gradients are zero. */
function still(scope: LossScope): Loss {
  return { total: scope.builder.emit('Mul', [meanSquare(scope).total, 0]) }
}

/** The parameters after one update without gradients, where only decay acts. */
function decayedOnce(options: TrainingStepOptions): Promise<ReadonlyMap<string, Tensor>> {
  return withTraining(compileTrainingStep(smallNet(), still, adamW({ weightDecay: 0.5 }), { bindings: { batch: 2 }, ...options }), async (training) => {
    await training.step(smallBatch(0), { learningRate: 0.1 })
    return training.parameters()
  })
}

/** The loss of the first batch where one element of its input is moved. */
async function lossWhereMoved(element: number, offset: number): Promise<number> {
  const { x, t } = smallBatch(0)
  ;(x.data as Float32Array)[element] += offset
  const { y } = await runModel(smallNet(), { x })
  return Array.from(y.data as Float32Array).reduce((sum, value, index) => sum + (value - Number(t.data[index])) ** 2, 0) / y.data.length
}

function half(batch: Readonly<Record<string, Tensor>>, index: number): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(batch).map(([name, { dims, data }]) => {
    const size = data.length / 2
    return [name, float32([1, ...dims.slice(1)], (data as Float32Array).slice(index * size, (index + 1) * size))]
  }))
}

function largestDifference(a: Tensor, b: Tensor | undefined): number {
  return Math.max(...Array.from(a.data as Float32Array, (value, index) => Math.abs(value - Number(b?.data[index]))))
}
