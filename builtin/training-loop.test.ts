/** A training that ends early, from its first step to what becomes of the model that ships (test/integration/builtin-loop.test.ts has the loop itself). */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { meanSquaredError } from '../src/core/autodiff/losses.ts'
import { sgd } from '../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type TrainingStep } from '../src/core/autodiff/training-step.ts'
import { GraphBuilder } from '../src/core/onnx/graph-builder.ts'
import { float32 } from '../src/core/onnx/tensor.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { readCheckpoint } from './checkpoint.ts'
import { refuseLesserModel } from './lesser-model.ts'
import { thisMachine } from './machine.ts'
import { runTraining } from './training-loop.ts'

const one = (value: number) => float32([1, 1], new Float32Array([value]))

/** y = 2 x */
function slope(): TrainingStep {
  const builder = new GraphBuilder()
  const x = builder.input('x', 'float32', [1, 1])
  builder.output(builder.emit('MatMul', [x, builder.initializer('weight', one(0))]), 'y')
  return compileTrainingStep(builder.build('slope'), ({ builder: step, outputs, target }) => ({
    total: meanSquaredError(step, { predictions: outputs['y'], targets: target('truth', 'float32', [1, 1]) }),
  }), sgd())
}

it('keeps its checkpoint, names its machine, and leaves the model of more steps as it is', async () => {
  const folder = await temporaryFolder()
  try {
    const [work, record] = [join(folder.path, 'work'), join(folder.path, 'training.json')]
    await writeFile(record, '{ "steps": 100 }')
    const phases = [{ until: 4, compile: slope, batch: () => Promise.resolve({ x: one(1), truth: one(2) }) }]
    const { progress } = await runTraining({ name: 'slope', phases, data: {}, learningRate: () => 0.1, print: () => {} }, { work, minutes: Infinity, provider: 'cpu', threads: 1, checkpointMinutes: 60 })
    await expect(refuseLesserModel({ name: 'slope', step: progress.step, planned: 100 }, { work, output: folder.path, outputGiven: false })).rejects.toThrow(/slope is trained for 4 of its 100 steps/)
    expect((await readCheckpoint(work))?.progress.stretches).toMatchObject([{ fromStep: 1, toStep: 4, machine: thisMachine() }])
    expect(await readFile(record, 'utf8')).toBe('{ "steps": 100 }')
  } finally {
    await folder.remove()
  }
})
