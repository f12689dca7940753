/** Losses against PyTorch: test/fixtures/losses.golden.json, made by losses.golden.py. */
import { describe, expect, it } from 'vitest'
import golden from '../../../test/fixtures/losses.golden.json' with { type: 'json' }
import { runModel } from '../../../test/support/run-model.ts'
import { dims, GraphBuilder, type Value } from '../onnx/graph-builder.ts'
import { float32, type Tensor, tensorOf } from '../onnx/tensor.ts'
import { differentiate } from './differentiate.ts'
import { binaryCrossEntropy, boundary, crossEntropy, dice, focal, klDivergence, meanSquaredError, softCrossEntropy, upsample } from './losses.ts'

interface Case {
  readonly name: string
  readonly dims?: readonly number[]
  readonly logits?: readonly number[]
  readonly labels?: readonly number[]
  readonly weights?: boolean
  readonly classWeights?: boolean
  readonly temperature?: number
  readonly gamma?: number
  readonly value: number
  readonly gradient: readonly number[]
}

const { dims: wholeDims, cases } = golden as typeof golden & { readonly cases: readonly Case[] }
const [batch, , height, width] = wholeDims
const labelDims = [batch, height, width]

/** What the name of a case stands for. */
function lossOf(builder: GraphBuilder, logits: Value, { name, labels: own, weights: weighted, classWeights: byClass, temperature, gamma }: Case): Value {
  const constant = (shape: readonly number[], values: readonly number[]) => builder.constant(float32(shape, values))
  const labels = builder.constant(own === undefined ? tensorOf('int32', labelDims, golden.labels) : tensorOf('int32', [own.length], own))
  const weights = weighted === true ? constant(labelDims, golden.weights) : undefined
  const pixels = { logits, labels, weights, classWeights: byClass === true ? golden.classWeights : undefined }
  const spread = weights === undefined ? undefined : builder.emit('Unsqueeze', [weights, [1]])
  const teacher = constant(wholeDims, golden.teacher)
  switch (name.split(',')[0]) {
    case 'cross-entropy': case 'cross-entropy of samples': return crossEntropy(builder, pixels)
    case 'upsampled cross-entropy': return crossEntropy(builder, { ...pixels, logits: upsample(builder, logits, [height, width]) })
    case 'soft cross-entropy': return softCrossEntropy(builder, { logits, targets: constant(wholeDims, golden.targets[`${temperature}` as '1']), temperature, weights })
    case 'kl': return klDivergence(builder, { logits, teacherLogits: teacher, temperature, weights })
    case 'bce': return binaryCrossEntropy(builder, { logits, targets: constant(wholeDims, golden.binaryTargets), weights: spread })
    case 'mse': return meanSquaredError(builder, { predictions: logits, targets: teacher, weights: spread })
    case 'focal': return focal(builder, { ...pixels, gamma })
    case 'dice': return dice(builder, pixels)
    case 'boundary': return boundary(builder, { logits, edges: constant(labelDims, golden.edges), weights })
    default: throw new Error(`The golden file has a case "${name}" that this test does not know.`)
  }
}

/** Value and gradient by the logits. */
async function evaluate(logits: Tensor, build: (builder: GraphBuilder, logits: Value) => Value): Promise<{ value: number; gradient: Float32Array }> {
  const builder = new GraphBuilder()
  const loss = build(builder, builder.input('logits', 'float32', logits.dims))
  expect(dims(loss)).toEqual([])
  builder.output(loss, 'loss')
  const gradient = differentiate(builder, loss, ['logits']).get('logits')
  if (gradient === undefined) throw new Error('The loss does not depend on the logits.')
  builder.output(gradient, 'gradient')
  const results = await runModel(builder.build(), { logits })
  return { value: (results['loss'].data as Float32Array)[0], gradient: results['gradient'].data as Float32Array }
}

describe('losses agree with PyTorch', () => {
  for (const each of cases) {
    const suffix = [each.temperature === undefined ? '' : ` at temperature ${each.temperature}`, each.gamma === undefined ? '' : ` with gamma ${each.gamma}`].join('')
    it(`${each.name}${suffix}: value and gradient`, async () => {
      const { value, gradient } = await evaluate(float32(each.dims ?? wholeDims, each.logits ?? golden.logits), (builder, logits) => lossOf(builder, logits, each))
      expect(Math.abs(value - each.value) / Math.max(1, Math.abs(each.value))).toBeLessThan(2e-6)
      const scale = Math.max(...each.gradient.map(Math.abs))
      const errors = each.gradient.map((expected, index) => Math.abs(gradient[index] - expected) / scale)
      expect(Math.max(...errors)).toBeLessThan(2e-5)
    })
  }
})

describe('where no pixel counts', () => {
  const labels = tensorOf('int32', labelDims, golden.labels.map(() => 255))
  const logits = float32(wholeDims, golden.logits)

  for (const [name, loss] of Object.entries({ crossEntropy, focal })) {
    it(`${name} and its gradient are 0`, async () => {
      const { value, gradient } = await evaluate(logits, (builder, x) => loss(builder, { logits: x, labels: builder.constant(labels) }))
      expect(value).toBe(0)
      expect(gradient.every((each) => each === 0)).toBe(true)
    })
  }

  it('dice and its gradient are 0', async () => {
    const { value, gradient } = await evaluate(logits, (builder, x) => dice(builder, { logits: x, labels: builder.constant(labels) }))
    expect(value).toBe(0)
    expect(gradient.every((each) => each === 0)).toBe(true)
  })

  it('weights of 0 are no weights: the loss is 0, not a division by zero', async () => {
    const { value, gradient } = await evaluate(logits, (builder, x) => crossEntropy(builder, {
      logits: x, labels: builder.constant(tensorOf('int32', labelDims, golden.labels)), weights: builder.constant(float32(labelDims, golden.labels.map(() => 0))),
    }))
    expect(value).toBe(0)
    expect(gradient.every((each) => each === 0)).toBe(true)
  })
})

describe('logits of 1e4 neither overflow nor become NaN', () => {
  const losses: Record<string, (builder: GraphBuilder, logits: Value) => Value> = {
    softCrossEntropy: (builder, logits) => softCrossEntropy(builder, { logits, targets: builder.constant(float32(wholeDims, golden.targets['1'])) }),
    klDivergence: (builder, logits) => klDivergence(builder, { logits, teacherLogits: builder.constant(float32(wholeDims, golden.teacher.map((each) => each * -1e4))), temperature: 2 }),
    focal: (builder, logits) => focal(builder, { logits, labels: builder.constant(tensorOf('int32', labelDims, golden.labels)) }),
    dice: (builder, logits) => dice(builder, { logits, labels: builder.constant(tensorOf('int32', labelDims, golden.labels)) }),
    boundary: (builder, logits) => boundary(builder, { logits, edges: builder.constant(float32(labelDims, golden.edges)) }),
  }
  for (const [name, loss] of Object.entries(losses)) {
    it(name, async () => {
      const { value, gradient } = await evaluate(float32(wholeDims, golden.logits.map((each) => each * 1e4)), loss)
      expect(Number.isFinite(value)).toBe(true)
      expect(gradient.every(Number.isFinite)).toBe(true)
    })
  }
})

it('a label that is no class and not ignored is an error, not another class', async () => {
  const labels = tensorOf('int32', labelDims, golden.labels.map((label, at) => (at === 20 ? 7 : label)))
  await expect(evaluate(float32(wholeDims, golden.logits), (builder, logits) => crossEntropy(builder, { logits, labels: builder.constant(labels) }))).rejects.toThrow(/out of|bounds/i)
})

it('the boundary loss costs no gradient of a pooling, and touches two elements per pixel', () => {
  const builder = new GraphBuilder()
  const logits = builder.input('logits', 'float32', [1, 19, 8, 16])
  const loss = boundary(builder, { logits, edges: builder.input('edges', 'float32', [1, 8, 16]) })
  const gradient = differentiate(builder, loss, ['logits']).get('logits')
  if (gradient === undefined) throw new Error('The loss does not depend on the logits.')
  builder.output(gradient)
  const scatters = builder.build().graph.nodes.filter((node) => node.name.startsWith('gradient.') && /Scatter|Pool|Conv/.test(node.opType))
  expect(scatters.map((node) => [node.opType, builder.value(node.inputs[1]).shape])).toEqual([['ScatterElements', [1, 128]], ['ScatterElements', [1, 128]]])
})
