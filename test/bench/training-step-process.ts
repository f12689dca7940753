/** A process of its own per measurement of the training-step benchmark: `node training-step-process.ts forward|step|peaks`. */
import { availableParallelism } from 'node:os'
import { crossEntropy, upsample } from '../../src/core/autodiff/losses.ts'
import { adamW } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type TrainingStep } from '../../src/core/autodiff/training-step.ts'
import { studentConfig } from '../../src/core/networks/segformer/config.ts'
import { segformer } from '../../src/core/networks/segformer/network.ts'
import { initialWeights } from '../../src/core/networks/segformer/parameters.ts'
import { bindModel } from '../../src/core/onnx/bind.ts'
import { GraphBuilder } from '../../src/core/onnx/graph-builder.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { elementCount, float32, tensorOf, type Tensor } from '../../src/core/onnx/tensor.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { openModel } from '../support/run-model.ts'
import { seededRandom } from './seeded-random.ts'

export const SIZE = { batch: 1, height: 512, width: 1024 }
const CLASSES = 19
const IGNORE = 255
const IGNORED_SHARE = 0.1
const ROUNDS = 9
const WARM_UP = 2

export interface Measured {
  readonly forward: { readonly ms: number }
  readonly step: { readonly ms: number; readonly peakMiB: number }
  readonly peaks: { readonly gigaflops: number; readonly gigabytes: number }
}
export type Measurement = keyof Measured

/** Mini as it is exported, and its training step, at the benchmark's size. */
export function miniStep(): { readonly forward: Model; readonly step: TrainingStep } {
  const config = studentConfig('mini', CLASSES)
  const network = segformer(config, initialWeights(config, 1))
  const { height, width } = SIZE
  const step = compileTrainingStep(network, ({ builder, outputs, target }) => {
    const labels = target('labels', 'int32', [SIZE.batch, height, width])
    const logits = upsample(builder, outputs['logits'], [height, width])
    return { total: crossEntropy(builder, { logits, labels, ignoreIndex: IGNORE }) }
  }, adamW({ weightDecay: 1e-4 }), { bindings: SIZE, clipNorm: 1 })
  return { forward: bindModel(network, SIZE), step }
}

export function exampleBatch(): { readonly pixel_values: Tensor; readonly labels: Tensor } {
  const random = seededRandom(1)
  const { batch: count, height, width } = SIZE
  const pixels = [count, 3, height, width]
  const draw = () => (random() < IGNORED_SHARE ? IGNORE : Math.floor(random() * CLASSES))
  return {
    pixel_values: float32(pixels, Float32Array.from({ length: elementCount(pixels) }, () => random() * 4 - 2)),
    labels: tensorOf('int32', [count, height, width], Array.from({ length: count * height * width }, draw)),
  }
}

const MEASUREMENTS: { readonly [Name in Measurement]: () => Promise<Measured[Name]> } = {
  async forward() {
    const model = await openModel(miniStep().forward, { threads: availableParallelism() })
    const { pixel_values } = exampleBatch()
    return { ms: await medianMs(() => model.run({ pixel_values })) }
  },
  async step() {
    const session = await openTraining(miniStep().step, { threads: availableParallelism() })
    const inputs = exampleBatch()
    const ms = await medianMs(async () => {
      const { finite } = await session.step(inputs, { learningRate: 5e-4 })
      if (!finite) throw new Error('the step came out as not finite')
    })
    return { ms, peakMiB: process.resourceUsage().maxRSS / 1024 }
  },
  /** What this machine reaches at best: a large matrix product, and a pass that reads and writes 256 MiB each. */
  async peaks() {
    const side = 2048
    const product = await opMs('MatMul', ['a', 'b'], [side, side])
    const length = 2 ** 26
    const pass = await opMs('Neg', ['a'], [length])
    return { gigaflops: (2 * side ** 3) / product / 1e6, gigabytes: (8 * length) / pass / 1e6 }
  },
}

async function opMs(opType: string, names: readonly string[], dims: readonly number[]): Promise<number> {
  const builder = new GraphBuilder()
  const result = builder.emit(opType, names.map((name) => builder.input(name, 'float32', dims)))
  // only a corner leaves the runtime: its copy is not part of the measurement
  builder.output(builder.emit('Slice', [result, dims.map(() => 0), dims.map(() => 1)]), 'corner')
  const tensor = float32(dims, new Float32Array(elementCount(dims)).fill(0.5))
  const model = await openModel(builder.build(), { threads: availableParallelism() })
  return medianMs(() => model.run(Object.fromEntries(names.map((name) => [name, tensor]))))
}

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const start = performance.now()
    await work()
    if (round >= 0) times.push(performance.now() - start)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]
}

const asked = Object.keys(MEASUREMENTS).find((name): name is Measurement => name === process.argv[2])
if (asked !== undefined && process.argv[1] === import.meta.filename) {
  const result = await MEASUREMENTS[asked]()
  process.send?.(result)
  process.disconnect?.()
}
