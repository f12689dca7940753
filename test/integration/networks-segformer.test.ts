/** SegFormer-B0 as it is trained: gradients and a curve of losses against Hugging Face's, from test/fixtures/segformer.golden.py. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { crossEntropy, upsample } from '../../src/core/autodiff/losses.ts'
import { lowerForRuntime, toTrainingBatchNormalization } from '../../src/core/autodiff/lower.ts'
import { adamW } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type LossScope } from '../../src/core/autodiff/training-step.ts'
import { rebuild } from '../../src/core/onnx/bind.ts'
import type { GraphBuilder } from '../../src/core/onnx/graph-builder.ts'
import type { Node } from '../../src/core/onnx/model.ts'
import type { Tensor } from '../../src/core/onnx/tensor.ts'
import { tensorOf } from '../../src/core/onnx/tensor.ts'
import { segformerConfig } from '../../src/core/networks/segformer/config.ts'
import { segformer } from '../../src/core/networks/segformer/network.ts'
import { segformerParameters } from '../../src/core/networks/segformer/parameters.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { formula, formulaTensor, formulaWeights, summary } from '../support/formula-tensors.ts'
import { runModel } from '../support/run-model.ts'

interface Gradients {
  readonly shape: readonly [number, number, number, number]
  readonly classes: number
  readonly loss: number
  /** norm, product with a probe, three elements */
  readonly gradients: Readonly<Record<string, readonly number[]>>
}

const golden = JSON.parse(readFileSync(resolve(import.meta.dirname, '../fixtures/segformer.golden.json'), 'utf8')) as {
  frozen: Gradients
  train: Gradients
  training: { shape: [number, number, number, number]; classes: number; learningRate: number; weightDecay: number; losses: number[] }
}

function network(classes: number) {
  const config = segformerConfig('b0', classes)
  return segformer(config, formulaWeights(segformerParameters(config)))
}

/** Class numbers by formula; about one pixel in ten is 255, which does not count. */
function formulaLabels(classes: number, [batch, , height, width]: readonly [number, number, number, number]): Tensor {
  const values = [...formula('labels', batch * height * width)].map((value) => (value + 1) / 2 * (classes + classes / 10))
  return tensorOf('int32', [batch, height, width], values.map((value) => (value < classes ? Math.floor(value) : 255)))
}

test.each(['frozen', 'train'] as const)('has the gradients of Hugging Face\'s by every parameter within 1e-4, with batch statistics in %s mode', async (mode) => {
  const { shape, classes, loss, gradients: expected } = golden[mode]
  const [batch, , height, width] = shape
  const replace = (node: Node, graph: GraphBuilder) => (mode === 'train' && node.opType === 'BatchNormalization' ? graph.append(toTrainingBatchNormalization(node)) : undefined)
  const { builder, outputs } = rebuild(network(classes), { bindings: { batch, height, width }, replace })
  const labels = builder.input('labels', 'int32', [batch, height, width])
  const total = crossEntropy(builder, { logits: upsample(builder, outputs.logits, [height, width]), labels })
  const gradients = differentiate(builder, total, Object.keys(expected))
  builder.output(total, 'loss')
  for (const [name, gradient] of gradients) builder.output(gradient, `gradient of ${name}`)
  const results = await runModel(lowerForRuntime(builder.build()), { pixel_values: formulaTensor('image', shape), labels: formulaLabels(classes, shape) })

  expect(Math.abs(Number(results.loss.data[0]) / loss - 1)).toBeLessThan(1e-5)
  const whole = Math.hypot(...Object.values(expected).map(([norm]) => norm))
  for (const [name, values] of Object.entries(expected)) {
    const found = summary(name, results[`gradient of ${name}`].data as Float32Array)
    // what is zero but for rounding (by a key's bias, or by a bias before batch statistics) is compared with all gradients together
    const tolerance = 1e-4 * values[0] + 1e-7 * whole
    for (const [index, value] of values.entries()) expect(Math.abs(found[index] - value), `${name} [${index}]: ${found[index]}, expected ${value}`).toBeLessThan(tolerance)
  }
})

test('twenty steps of AdamW give the losses of PyTorch within 1e-3', async () => {
  const { shape, classes, learningRate, weightDecay, losses } = golden.training
  const [batch, , height, width] = shape
  const loss = ({ builder, outputs, target }: LossScope) => {
    const labels = target('labels', 'int32', [batch, height, width])
    return { total: crossEntropy(builder, { logits: upsample(builder, outputs.logits, [height, width]), labels }) }
  }
  const step = compileTrainingStep(network(classes), loss, adamW({ weightDecay }), { bindings: { batch, height, width } })
  const training = await openTraining(step)
  const bands = tensorOf('int32', [batch, height, width], Array.from({ length: batch * height * width }, (_, index) => Math.floor((index % width) * classes / width)))
  try {
    for (const [index, expected] of losses.entries()) {
      const result = await training.step({ pixel_values: formulaTensor(`image.${index % 2}`, shape), labels: bands }, { learningRate })
      expect(Math.abs(result.loss / expected - 1), `loss ${index} is ${result.loss}, PyTorch has ${expected}`).toBeLessThan(1e-3)
    }
  } finally {
    await training.dispose()
  }
})
