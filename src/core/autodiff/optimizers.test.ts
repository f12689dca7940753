/** Closed forms; whole runs against PyTorch are in test/integration/training-step.test.ts. */
import { expect, test } from 'vitest'
import { runModel } from '../../../test/support/run-model.ts'
import { GraphBuilder } from '../onnx/graph-builder.ts'
import { float32 } from '../onnx/tensor.ts'
import { adamW, type Optimizer, sgd } from './optimizers.ts'

const GRADIENT = [3, -2, 1e-3, -1e4, 0]
const PARAMETERS = [1, -1, 0.5, 2, 7]

/** One update; slots begin with the given values. */
async function update(optimizer: Optimizer, { step, rate, slots = {} }: { step: number; rate: number; slots?: Readonly<Record<string, readonly number[]>> }): Promise<Readonly<Record<string, readonly number[]>>> {
  const builder = new GraphBuilder()
  const vector = (name: string) => builder.input(name, 'float32', [5])
  const next = optimizer.update({
    emit: builder.emit, parameters: vector('parameters'), gradient: vector('gradient'), slots: Object.fromEntries(optimizer.slots.map((slot) => [slot, vector(slot)])),
    learningRate: builder.input('rate', 'float32', []), step: builder.input('step', 'float32', []), weightDecay: optimizer.weightDecay,
  })
  builder.output(next.parameters, 'next')
  for (const slot of optimizer.slots) builder.output(next.slots[slot], `next.${slot}`)
  const results = await runModel(builder.build(), {
    parameters: float32([5], PARAMETERS), gradient: float32([5], GRADIENT), rate: float32([], [rate]), step: float32([], [step]),
    ...Object.fromEntries(optimizer.slots.map((slot) => [slot, float32([5], slots[slot] ?? [0, 0, 0, 0, 0])])),
  })
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]))
}

test('AdamW: the first update is the learning rate against the sign of the gradient, to seven digits', async () => {
  // 1 - 0.999^1 computed directly in float32 has five right digits
  const { next } = await update(adamW({ weightDecay: 0 }), { step: 1, rate: 0.125 })
  for (const [index, sign] of [1, -1, 1, -1].entries()) expect(Math.abs((PARAMETERS[index] - next[index]) / (0.125 * sign) - 1), `${index}`).toBeLessThan(index === 2 ? 2e-5 : 1e-6)
  expect(next[4], 'no gradient, no change').toBe(7)
})

test('AdamW: after many updates the moments need no correction any more', async () => {
  const slots = { firstMoment: GRADIENT, secondMoment: GRADIENT.map((value) => value * value) }
  const { next } = await update(adamW({ weightDecay: 0 }), { step: 1e6, rate: 0.125, slots })
  for (const [index, sign] of [1, -1, 1, -1].entries()) expect((PARAMETERS[index] - next[index]) / sign, `${index}`).toBeCloseTo(0.125, 5)
})

test('AdamW: decay is decoupled, the same for every gradient', async () => {
  const [plain, decayed] = [await update(adamW({ weightDecay: 0 }), { step: 3, rate: 0.1 }), await update(adamW({ weightDecay: 0.5 }), { step: 3, rate: 0.1 })]
  for (const [index, value] of PARAMETERS.entries()) expect(plain.next[index] - decayed.next[index]).toBeCloseTo(0.1 * 0.5 * value, 5)
})

test('SGD: plain, with momentum, with Nesterov\'s', async () => {
  expect((await update(sgd(), { step: 1, rate: 0.5 })).next).toEqual([-0.5, 0, Math.fround(0.5 - 0.5 * Math.fround(1e-3)), 5002, 7])
  const slots = { momentum: [2, 2, 2, 2, 2] }
  const heavy = await update(sgd({ momentum: 0.5 }), { step: 2, rate: 0.5, slots })
  expect(heavy['next.momentum'].slice(0, 2)).toEqual([4, -1])
  expect(heavy.next.slice(0, 2)).toEqual([1 - 0.5 * 4, -1 + 0.5 * 1])
  const nesterov = await update(sgd({ momentum: 0.5, nesterov: true }), { step: 2, rate: 0.5, slots })
  expect(nesterov.next.slice(0, 2)).toEqual([1 - 0.5 * (3 + 0.5 * 4), -1 - 0.5 * (-2 + 0.5 * -1)])
})
