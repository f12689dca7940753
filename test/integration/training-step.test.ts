/** Optimisation steps against PyTorch: test/fixtures/training.golden.py. */
import { expect, test } from 'vitest'
import { adamW, type Optimizer, sgd } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type TrainingStepOptions } from '../../src/core/autodiff/training-step.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { golden, meanSquare, smallBatch, smallNet } from '../support/small-net.ts'

const warm = (update: number) => 0.02 * Math.min(1, (update + 1) / 5)
const fixed = () => 0.05

const RUNS: readonly { readonly name: string; readonly optimizer: Optimizer; readonly rate: (update: number) => number; readonly options?: TrainingStepOptions }[] = [
  { name: 'adamw', optimizer: adamW({ weightDecay: 0.1 }), rate: warm },
  { name: 'adamw-clipped', optimizer: adamW({ weightDecay: 0.1 }), rate: warm, options: { clipNorm: 0.5 } },
  { name: 'sgd', optimizer: sgd(), rate: fixed },
  { name: 'momentum', optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }), rate: fixed },
  { name: 'nesterov-clipped', optimizer: sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.01 }), rate: fixed, options: { clipNorm: 0.2 } },
  { name: 'accumulated', optimizer: adamW({ weightDecay: 0.1 }), rate: warm, options: { clipNorm: 0.5, accumulate: 2 } },
  { name: 'batch-normalization', optimizer: sgd({ momentum: 0.9, weightDecay: 0.01 }), rate: fixed },
]

test.each(RUNS)('$name: losses, gradient norms and final weights are PyTorch\'s', async ({ name, optimizer, rate, options = {} }) => {
  const run = golden.runs[name]
  const step = compileTrainingStep(smallNet(name === 'batch-normalization' ? 'batch' : 'layer'), meanSquare, optimizer, { ...options, bindings: { batch: 2 } })
  const training = await openTraining(step)
  const accumulate = step.accumulate
  try {
    for (const [index, expected] of run.losses.entries()) {
      const update = Math.floor(index / accumulate)
      const apply = index % accumulate === accumulate - 1
      const { loss, gradientNorm, finite } = await training.step(smallBatch(index), { learningRate: rate(update), apply })
      expect(finite).toBe(true)
      expectRelative(loss, expected, `loss ${index}`)
      if (apply) expectRelative(gradientNorm, run.norms[update], `norm of update ${update}`, 1e-4)
    }
    const final = await training.parameters()
    expect([...final.keys()].toSorted()).toEqual(Object.keys(run.final).toSorted())
    for (const [parameter, tensor] of final) {
      const expected = run.final[parameter]
      const scale = Math.max(...expected.map(Math.abs))
      const difference = Math.max(...expected.map((value, index) => Math.abs(Number(tensor.data[index]) - value)))
      expect(difference / scale, `largest difference in ${parameter}`).toBeLessThanOrEqual(1e-4)
    }
  } finally {
    await training.dispose()
  }
})

function expectRelative(actual: number, expected: number, what: string, tolerance = 1e-5): void {
  expect(Math.abs(actual - expected) / Math.abs(expected), `${what} is ${actual}, PyTorch has ${expected}`).toBeLessThanOrEqual(tolerance)
}
