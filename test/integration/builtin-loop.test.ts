/** The loop on a line through points: it learns, and an interruption changes no bit. */
import { describe, expect, it } from 'vitest'
import { meanSquaredError } from '../../src/core/autodiff/losses.ts'
import { sgd } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep } from '../../src/core/autodiff/training-step.ts'
import { GraphBuilder } from '../../src/core/onnx/graph-builder.ts'
import { float32 } from '../../src/core/onnx/tensor.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { readCheckpoint } from '../../builtin/checkpoint.ts'
import { runTraining, type Training } from '../../builtin/training-loop.ts'

const STEPS = 200

/** y = 3 x - 1 */
function line(batch: number): ReturnType<Training['phases'][number]['compile']> {
  const builder = new GraphBuilder()
  const x = builder.input('x', 'float32', [batch, 1])
  const weight = builder.initializer('weight', float32([1, 1], new Float32Array([0])))
  const bias = builder.initializer('bias', float32([1], new Float32Array([0])))
  builder.output(builder.emit('Add', [builder.emit('MatMul', [x, weight]), bias]), 'y')
  return compileTrainingStep(builder.build('line'), ({ builder: step, outputs, target }) => ({
    total: meanSquaredError(step, { predictions: outputs['y'], targets: target('truth', 'float32', [batch, 1]) }),
  }), sgd())
}

function points(batch: number): (step: number) => Promise<Record<string, ReturnType<typeof float32>>> {
  return async (step) => {
    const x = Float32Array.from({ length: batch }, (_, index) => Math.sin(step * 7 + index * 3))
    return { x: float32([batch, 1], x), truth: float32([batch, 1], x.map((each) => 3 * each - 1)) }
  }
}

function training(steps = STEPS): Training {
  return {
    name: 'line', data: { points: 'of a sine' }, learningRate: () => 0.2, print: () => {},
    phases: [{ until: 80, compile: () => line(4), batch: points(4) }, { until: steps, compile: () => line(8), batch: points(8) }],
    evaluate: { every: 50, run: async (weights) => ({ slope: Number(weights.get('weight')?.data[0]) }) },
  }
}

const OPTIONS = { minutes: Infinity, provider: 'cpu', threads: 1, checkpointMinutes: 60 } as const

describe('a training of a built-in model', () => {
  it('learns through phases of several sizes, and ends with the same weights where it is interrupted in each', async () => {
    const folder = await temporaryFolder()
    try {
      const whole = await runTraining(training(), { ...OPTIONS, work: `${folder.path}/whole` })
      expect(whole.finished).toBe(true)
      expect(whole.weights.get('weight')?.data[0]).toBeCloseTo(3, 3)
      expect(whole.weights.get('bias')?.data[0]).toBeCloseTo(-1, 3)
      expect(whole.progress.scores.map(({ step }) => step)).toEqual([50, 100, 150, 200])

      const work = `${folder.path}/parts`
      for (const steps of [33, 120, STEPS]) await runTraining(until(training(), steps), { ...OPTIONS, work })
      const parts = await runTraining(training(), { ...OPTIONS, work, minutes: 0 })
      expect(parts.weights).toEqual(whole.weights)
      expect(parts.progress.stretches.map(({ fromStep, toStep }) => [fromStep, toStep])).toEqual([[1, 33], [34, 120], [121, 200]])
    } finally {
      await folder.remove()
    }
  })

  it('gives no weights that learned nothing: they would take the place of the model that ships', async () => {
    const folder = await temporaryFolder()
    try {
      await expect(runTraining(training(), { ...OPTIONS, work: folder.path, minutes: 0 })).rejects.toThrow(/Nothing was trained.*nothing is written/)
    } finally {
      await folder.remove()
    }
  })

  it('ends with a checkpoint where it is told to', async () => {
    const folder = await temporaryFolder()
    try {
      const one = training()
      const interrupted: Training = { ...one, learningRate: (step) => (step === 10 && process.emit('SIGTERM', 'SIGTERM'), 0.2) }
      const { finished, progress } = await runTraining(interrupted, { ...OPTIONS, work: folder.path })
      expect(finished).toBe(false)
      expect(progress.step).toBe(10)
      expect((await readCheckpoint(folder.path))?.progress.step).toBe(10)
    } finally {
      await folder.remove()
    }
  })

  it('keeps a second training out of the folder of one that goes on', async () => {
    const folder = await temporaryFolder()
    try {
      const options = { ...OPTIONS, work: folder.path }
      const first = runTraining(until(training(), 20), options)
      await expect(runTraining(training(), options)).rejects.toThrow(/Another training goes on in .*--work/)
      expect((await first).progress.step).toBe(20)
      expect((await runTraining(until(training(), 21), options)).progress.step).toBe(21)
    } finally {
      await folder.remove()
    }
  })

  it('keeps the last checkpoint where the loss is no number any more', async () => {
    const folder = await temporaryFolder()
    try {
      await runTraining(until(training(), 20), { ...OPTIONS, work: folder.path })
      await expect(runTraining({ ...training(), learningRate: () => 1e30 }, { ...OPTIONS, work: folder.path })).rejects.toThrow(/not finite/)
      expect((await readCheckpoint(folder.path))?.progress.step).toBe(20)
    } finally {
      await folder.remove()
    }
  })
})

/** The same training, ended after so many steps. */
function until(whole: Training, steps: number): Training {
  return { ...whole, phases: whole.phases.filter((_, index) => index === 0 || steps > 80).map((phase) => ({ ...phase, until: Math.min(phase.until, steps) })) }
}
