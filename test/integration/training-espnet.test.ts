/** ESPNetv2 as it comes, trained: a network that was not built here becomes a student. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { unsupportedOperators } from '../../src/core/autodiff/differentiate.ts'
import { crossEntropy } from '../../src/core/autodiff/losses.ts'
import { adamW, type Optimizer, sgd } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type TrainingStep } from '../../src/core/autodiff/training-step.ts'
import { rebuild } from '../../src/core/onnx/bind.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { neededNodes } from '../../src/core/onnx/needed-nodes.ts'
import { readModel } from '../../src/core/onnx/read.ts'
import { float32, type Tensor } from '../../src/core/onnx/tensor.ts'
import { openTraining, type TrainingSession } from '../../src/main/engine/training-session.ts'
import { imageTensor, predictedLabels } from '../support/label-batches.ts'
import { REAL, warnWithoutRealData } from '../support/real-data.ts'
import { openModel } from '../support/run-model.ts'

const THREADS = 2
const CLASSES = 19
const FOLDER = dirname(REAL.ta)
const SMALL = 'espnetv2-0.5-cityscapes-512x512.onnx'
const STEPS = 10
/** first, middle and last: a convolution, a slope, a batch normalisation's scale and shift, the classifier */
const PROBED = ['base_net.level1.conv.weight', 'base_net.level1.act.slope', 'base_net.level1.bn.weight', 'base_net.level3.0.proj_1x1.bn.bias', 'bu_dec_l4.merge_layer.3.weight']
/** How far probes move the loss on each side: the network is strongly curved, which wide ones suffer from, and rounding hides narrow ones */
const PROBES = [1e-3, 3e-4, 1e-4]

warnWithoutRealData('ESPNetv2 is trained')
describe.skipIf(!REAL.present)('ESPNetv2', () => {
  let network: Model
  let batch: { readonly pixel_values: Tensor; readonly labels: Tensor }

  beforeAll(async () => {
    network = read(SMALL)
    const image = await imageTensor(join(REAL.panoramas, 'potsdamer_platz.jpg'), { width: 512, height: 512 }, { left: 512, top: 256, width: 512, height: 512 })
    batch = { pixel_values: image, labels: disturbed(await predictedLabels(readFileSync(join(FOLDER, SMALL)), image)) }
  })

  it.each(espnets())('%s: every operator between parameters and logits has a gradient', (file) => {
    const model = read(file)
    const { builder, outputs } = rebuild(model, { bindings: { batch: 1 } })
    expect(unsupportedOperators(builder, outputs['logits'], [...model.graph.initializers.keys()])).toEqual([])
  })

  it.each(['train', 'frozen'] as const)('ten steps lower the loss, batch normalisation: %s', async (batchNormalization) => {
    await withSession(trainingStep(network, adamW(), batchNormalization), async (session) => {
      const losses: number[] = []
      for (let step = 0; step < STEPS; step++) {
        const { finite, loss } = await session.step(batch, { learningRate: 2e-4 })
        expect(finite).toBe(true)
        losses.push(loss)
      }
      expect(losses.at(-1)).toBeLessThan(0.8 * losses[0])
    })
  })

  it.each(['train', 'frozen'] as const)('gradients agree with finite differences, batch normalisation: %s', async (batchNormalization) => {
    const compiled = trainingStep(network, sgd(), batchNormalization)
    await withSession(compiled, async (session) => {
      const before = await session.state()
      // one step of plain descent at rate 1 moves every parameter by its gradient
      await session.step(batch, { learningRate: 1 })
      const after = await session.state()
      const forward = await openModel(lossAlone(compiled.model), { threads: THREADS })
      for (const name of PROBED) {
        const { vector, range } = placeOf(compiled, name)
        const gradient = before.vectors.get(vector)!.map((value, index) => value - after.vectors.get(vector)![index]).subarray(...range)
        const norm = Math.hypot(...gradient)
        const lossAt = async (distance: number) => {
          const moved = before.vectors.get(vector)!.slice()
          for (const [index, slope] of gradient.entries()) moved[range[0] + index] += (distance * slope) / norm
          const vectors = Array.from(new Map([...before.vectors, [vector, moved]]), ([each, data]) => [each, float32([data.length], data)] as const)
          const feeds = Object.entries({ ...batch, ...Object.fromEntries(vectors) }).filter(([each]) => forward.session.inputNames.includes(each))
          return Number((await forward.run(Object.fromEntries(feeds)))['loss'].data[0])
        }
        const slopes: number[] = []
        for (const probe of PROBES) slopes.push((await lossAt(probe / norm) - await lossAt(-probe / norm)) / (2 * (probe / norm)))
        const error = Math.min(...slopes.map((slope) => Math.abs(slope - norm) / norm))
        expect(error, `${name}: the gradient's norm is ${norm}, finite differences along it say ${slopes.join(', ')}`).toBeLessThan(0.02)
      }
      await forward.release()
    })
  })

})

function espnets(): readonly string[] {
  return REAL.present ? readdirSync(FOLDER).filter((name) => /^espnetv2-.*\.onnx$/.test(name)) : []
}

function read(file: string): Model {
  return readModel(readFileSync(join(FOLDER, file)))
}

function trainingStep(network: Model, optimizer: Optimizer, batchNormalization: 'train' | 'frozen'): TrainingStep {
  return compileTrainingStep(network, ({ builder, outputs, target }) => {
    const { logits } = outputs
    return { total: crossEntropy(builder, { logits, labels: target('labels', 'int32', [1, 256, 256]) }) }
  }, optimizer, { bindings: { batch: 1 }, batchNormalization })
}

/** The part of a step's model that computes its loss: the same nodes without the backward pass. */
function lossAlone(step: Model): Model {
  const outputs = step.graph.outputs.filter(({ name }) => name === 'loss')
  const nodes = neededNodes({ nodes: step.graph.nodes, outputs })
  const needed = new Set(nodes.flatMap(({ inputs }) => inputs))
  return { ...step, graph: { ...step.graph, nodes, outputs, inputs: step.graph.inputs.filter(({ name }) => needed.has(name)) } }
}

async function withSession(step: TrainingStep, work: (session: TrainingSession) => Promise<void>): Promise<void> {
  const session = await openTraining(step, { threads: THREADS })
  try {
    await work(session)
  } finally {
    await session.dispose()
  }
}

/** In which state vector a parameter lies, and where. */
function placeOf({ state }: TrainingStep, name: string): { vector: string; range: readonly [number, number] } {
  for (const { name: vector, role, vector: { slices } } of state) {
    const slice = role === 'parameters' ? slices.find((each) => each.name === name) : undefined
    if (slice !== undefined) return { vector, range: [slice.offset, slice.offset + slice.dims.reduce((a, b) => a * b, 1)] }
  }
  throw new Error(`${name} is not trained`)
}

/** Every fourth block of 16 places takes the next class: something to learn that the network does not say already. */
function disturbed({ dims, data, elementType }: Tensor): Tensor {
  const [, , width] = dims
  const moved = Int32Array.from(data as Int32Array, (label, index) => {
    const [row, column] = [Math.floor(index / width) >> 4, (index % width) >> 4]
    return (row + 2 * column) % 4 === 0 ? (label + 1) % CLASSES : label
  })
  return { elementType, dims, data: moved }
}
