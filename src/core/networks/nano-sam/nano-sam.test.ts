import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formula, formulaTensor, formulaWeights, fromBase64, summary } from '../../../../test/support/formula-tensors.ts'
import { runModel } from '../../../../test/support/run-model.ts'
import { differentiate } from '../../autodiff/differentiate.ts'
import { rebuild } from '../../onnx/bind.ts'
import { GraphBuilder } from '../../onnx/graph-builder.ts'
import { float32, int64 } from '../../onnx/tensor.ts'
import { parameterCount } from '../parameters.ts'
import { nanoSamConfig } from './config.ts'
import { nanoSamJoint, nanoSamMaskDecoder, nanoSamVisionEncoder } from './network.ts'
import { initialNanoSamWeights, nanoSamParameters } from './parameters.ts'
import { promptEncoder } from './prompt-encoder.ts'

/** Made by test/fixtures/nano-sam.golden.py with Hugging Face's SamPromptEncoder and SamMaskDecoder, in float64. */
const golden = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../../test/fixtures/nano-sam.golden.json'), 'utf8')) as {
  config: { imageSize: number; hiddenSize: number; cells: number; batch: number; prompts: number; points: number; labels: number[][][] }
  positions: string; masks: string; scores: string; boxMasks: string; boxScores: string
  gradients: Record<string, number[]>
  names: Record<string, number[]>
}
const { imageSize, hiddenSize, cells, batch, prompts, points } = golden.config
const config = nanoSamConfig({ imageSize, hiddenSize, decoderHeads: 2, decoderMlpSize: 48, iouHeadSize: 24 })
const weights = formulaWeights(nanoSamParameters(config))
const decoder = nanoSamMaskDecoder(config, weights)
const corners = Array.from({ length: batch * prompts }, () => [2, 3]).flat()

const feeds = (labels: readonly number[]) => ({
  image_embeddings: formulaTensor('image_embeddings', [batch, hiddenSize, cells, cells]),
  image_positional_embeddings: float32([batch, hiddenSize, cells, cells], repeated(fromBase64(golden.positions), batch)),
  input_points: float32([batch, prompts, points, 2], Array.from(formula('input_points', batch * prompts * points * 2), (value) => (Math.fround(value) + 1) / 2 * imageSize)),
  input_labels: int64([batch, prompts, points], labels),
})

function repeated(values: Float32Array, times: number): number[] {
  return Array.from({ length: times }, () => [...values]).flat()
}

function expectClose(found: unknown, expected: Float32Array): void {
  const values = found as Float32Array
  expect(values.length).toBe(expected.length)
  expect(values.reduce((largest, value, index) => Math.max(largest, Math.abs(value - expected[index])), 0)).toBeLessThan(1e-4)
}

describe('nano promptable segmenter', () => {
  it('decodes points, background, absent and padding points among them, as Hugging Face\'s SAM does', async () => {
    const { iou_scores, pred_masks } = await runModel(decoder, feeds(golden.config.labels.flat(2)))
    expect(iou_scores.dims).toEqual([batch, prompts, 3])
    expect(pred_masks.dims).toEqual([batch, prompts, 3, 4 * cells, 4 * cells])
    expectClose(iou_scores.data, fromBase64(golden.scores))
    expectClose(pred_masks.data, fromBase64(golden.masks))
  })

  it('decodes boxes, given as two corner points, as Hugging Face\'s SAM does', async () => {
    const { iou_scores, pred_masks } = await runModel(decoder, feeds(corners))
    expectClose(iou_scores.data, fromBase64(golden.boxScores))
    expectClose(pred_masks.data, fromBase64(golden.boxMasks))
  })

  it('has the gradients of Hugging Face\'s SAM by every parameter and by the image embedding', async () => {
    const { builder, outputs } = rebuild(decoder, { bindings: { batch, prompts, points } })
    const weighted = (value: typeof outputs[string], name: string) => {
      const seed = builder.constant(formulaTensor(name, value.shape.map(Number)))
      return builder.emit('ReduceSum', [builder.emit('Mul', [value, seed])], { keepdims: 0 })
    }
    const loss = builder.emit('Add', [weighted(outputs.pred_masks, 'd_masks'), weighted(outputs.iou_scores, 'd_scores')])
    const gradients = differentiate(builder, loss, Object.keys(golden.gradients))
    expect([...gradients.keys()]).toEqual(Object.keys(golden.gradients))
    for (const [name, gradient] of gradients) builder.output(gradient, `gradient of ${name}`)
    const results = await runModel(builder.build(), feeds(golden.config.labels.flat(2)))
    const whole = Math.hypot(...Object.values(golden.gradients).map(([norm]) => norm))
    for (const [name, expected] of Object.entries(golden.gradients)) {
      const found = summary(name, results[`gradient of ${name}`].data as Float32Array)
      // a gradient that is zero but for rounding (of the keys' biases) is compared with all gradients together
      const tolerance = 1e-3 * expected[0] + 1e-7 * whole
      for (const [index, value] of expected.entries()) expect(Math.abs(found[index] - value), `${name} [${index}]`).toBeLessThan(tolerance)
    }
  })

  it('has the decoder\'s parameters under the names of Hugging Face\'s SamModel', () => {
    const ours = Object.fromEntries([...nanoSamParameters(config)].filter(([name]) => !name.startsWith('vision_encoder.') && !name.startsWith('shared_')).map(([name, { dims }]) => [name, dims]))
    expect(ours).toEqual(golden.names)
    expect((parameterCount(nanoSamParameters(nanoSamConfig())) / 1e6).toFixed(1)).toBe('3.6')
  })

  it('encodes the positions of the image\'s cells as Hugging Face\'s SAM does', async () => {
    const pixels = formulaTensor('pixels', [batch, 3, imageSize, imageSize])
    const { image_embeddings, image_positional_embeddings } = await runModel(nanoSamVisionEncoder(config, weights), { pixel_values: pixels })
    expect(image_embeddings.dims).toEqual([batch, hiddenSize, cells, cells])
    expectClose(image_positional_embeddings.data, Float32Array.from(repeated(fromBase64(golden.positions), batch)))
  })

  it('in one graph is what it is in two', async () => {
    const small = initialNanoSamWeights(config, 4)
    const pixels = { pixel_values: formulaTensor('pixels', [batch, 3, imageSize, imageSize]) }
    const { input_points, input_labels } = feeds(golden.config.labels.flat(2))
    const embedded = await runModel(nanoSamVisionEncoder(config, small), pixels)
    const { image_embeddings, image_positional_embeddings } = embedded
    const apart = await runModel(nanoSamMaskDecoder(config, small), { image_embeddings, image_positional_embeddings, input_points, input_labels })
    const joint = await runModel(nanoSamJoint(config, small), { ...pixels, input_points, input_labels })
    expectClose(joint.pred_masks.data, apart.pred_masks.data as Float32Array)
    expectClose(joint.iou_scores.data, apart.iou_scores.data as Float32Array)
  })

  it('adds what lies within a cell to the embedding where fine stages are asked for, and nothing with weights of 0', async () => {
    const encoder = { ...config.encoder, depths: [1, 1], hiddenSizes: [8, 16], heads: [1, 2], reductions: [2, 1], mlpRatios: [2, 2], patchSizes: [7, 3], strides: [4, 2] }
    const plain = nanoSamConfig({ imageSize: 64, encoder, embeddingStage: 1, hiddenSize: 16, decoderHeads: 2, decoderMlpSize: 16, iouHeadSize: 16 })
    const fine = { ...plain, fineStages: true }
    const embed = async (network: typeof plain, changes: readonly (readonly [string, ReturnType<typeof float32>])[] = []) => {
      const given = new Map([...initialNanoSamWeights(network, 3), ...changes])
      const { image_embeddings } = await runModel(nanoSamVisionEncoder(network, given), { pixel_values: formulaTensor('pixels', [1, 3, 64, 64]) })
      return image_embeddings
    }
    const shared = [...initialNanoSamWeights(plain, 3)]
    const silent = float32([16, 8, 2, 2], new Float32Array(16 * 8 * 4))
    const without = await embed(plain)
    expect(without.dims).toEqual([1, 16, 8, 8])
    expectClose((await embed(fine, [...shared, ['vision_encoder.neck.fine.0.weight', silent]])).data, without.data as Float32Array)
    const heard = (await embed(fine, shared)).data as Float32Array
    expect(heard.some((value, index) => Math.abs(value - (without.data as Float32Array)[index]) > 0.1)).toBe(true)
  })

  describe('with features of each pixel', () => {
    const fine = { ...config, pixelFeatures: 3 }
    const plainWeights = initialNanoSamWeights(config, 4)
    const silentWeights = initialNanoSamWeights(fine, 4)
    const loudWeights = new Map([...silentWeights].map(([name, tensor]) => [name, name.includes('pixel_out') ? formulaTensor(name, tensor.dims) : tensor] as const))
    const pixels = { pixel_values: formulaTensor('pixels', [batch, 3, imageSize, imageSize]) }
    const { input_points, input_labels } = feeds(golden.config.labels.flat(2))
    const asked = { ...pixels, input_points, input_labels }

    it('has the masks of the cells alone while its filters are silent', async () => {
      const { pred_masks } = await runModel(nanoSamJoint(config, plainWeights), asked)
      expectClose((await runModel(nanoSamJoint(fine, silentWeights), asked)).pred_masks.data, pred_masks.data as Float32Array)
    })

    it('in one graph is what it is in two, between which one tensor holds cells and pixels', async () => {
      const { image_embeddings, image_positional_embeddings } = await runModel(nanoSamVisionEncoder(fine, loudWeights), pixels)
      expect(image_embeddings.dims).toEqual([batch, hiddenSize + 3 * 16, cells, cells])
      expect(image_positional_embeddings.dims).toEqual([batch, hiddenSize, cells, cells])
      const apart = await runModel(nanoSamMaskDecoder(fine, loudWeights), { image_embeddings, image_positional_embeddings, input_points, input_labels })
      const joint = await runModel(nanoSamJoint(fine, loudWeights), asked)
      expectClose(joint.pred_masks.data, apart.pred_masks.data as Float32Array)
    })

    it('adds to a mask the feature that its filter asks for, pixel by pixel', async () => {
      const { image_embeddings } = await runModel(nanoSamVisionEncoder(fine, silentWeights), pixels)
      const { pred_masks: silent } = await runModel(nanoSamJoint(fine, silentWeights), asked)
      const [side, channels, masks] = [4 * cells, hiddenSize + 3 * 16, 3]
      const embedding = image_embeddings.data as Float32Array
      for (let feature = 0; feature < 3; feature++) {
        const oneHot = float32([3], [0, 1, 2].map((each) => (each === feature ? 1 : 0)))
        const oneFeature = new Map([...silentWeights].map(([name, tensor]) => [name, name.endsWith('pixel_out.bias') ? oneHot : tensor] as const))
        const { pred_masks: found } = await runModel(nanoSamJoint(fine, oneFeature), asked)
        const expected = new Float32Array(silent.data as Float32Array)
        for (let at = 0; at < expected.length; at++) {
          const [image, y, x] = [Math.floor(at / (prompts * masks * side * side)), Math.floor(at / side) % side, at % side]
          const channel = hiddenSize + 16 * feature + 4 * (y % 4) + (x % 4)
          expected[at] += embedding[((image * channels + channel) * cells + Math.floor(y / 4)) * cells + Math.floor(x / 4)]
        }
        expectClose(found.data, expected)
      }
    })

    it('tells a click, and no other point, what is seen where it lies', async () => {
      const [side, features] = [4 * cells, 3]
      const builder = new GraphBuilder()
      const loud = formulaWeights(nanoSamParameters(fine))
      const net = { builder, parameters: nanoSamParameters(fine), weights: loud }
      const inputs = { points: builder.input('points', 'float32', ['batch', 'prompts', 'points', 2]), labels: builder.input('labels', 'int64', ['batch', 'prompts', 'points']), imageSize }
      builder.output(promptEncoder(net, { ...inputs, pixels: null }), 'without')
      builder.output(promptEncoder(net, { ...inputs, pixels: builder.input('pixels', 'float32', ['batch', features, side, side]) }), 'with')
      // foreground, background, both corners of a box, no point, padding; beyond the image its last pixel counts
      const [labels, places] = [[1, 0, 2, 3, -1, -10, 1], [[9.3, 30], [0, 0], [5, 5], [40, 50], [7, 7], [0, 0], [imageSize + 20, 3]]]
      const seen = formulaTensor('seen', [2, features, side, side])
      const clicks = float32([2, 1, labels.length, 2], [...places.flat(), ...places.map(([x, y]) => [y, x]).flat()])
      const found = await runModel(builder.build('prompts'), { points: clicks, labels: int64([2, 1, labels.length], [...labels, ...labels]), pixels: seen })
      const [plain, told] = [found.without.data as Float32Array, found.with.data as Float32Array]
      const stride = imageSize / side
      const inImage = (at: number) => Math.min(side - 1, Math.floor((at + 0.5) / stride))
      // one token more than there are points: that which ends every prompt
      const expected = Float32Array.from(plain, (value, at) => {
        const [image, token, channel] = [Math.floor(at / ((labels.length + 1) * hiddenSize)), Math.floor(at / hiddenSize) % (labels.length + 1), at % hiddenSize]
        const label = labels[token]
        if (label !== 0 && label !== 1) return value
        const place = (image * labels.length + token) * 2
        const [x, y] = [inImage(clicks.data[place] as number), inImage(clicks.data[place + 1] as number)]
        const weight = loud.get(`prompt_encoder.pixel_embed.${label}.weight`)?.data as Float32Array
        const bias = loud.get(`prompt_encoder.pixel_embed.${label}.bias`)?.data as Float32Array
        return Array.from({ length: features }, (_, feature) => feature).reduce((sum, feature) =>
          sum + weight[channel * features + feature] * (seen.data as Float32Array)[((image * features + feature) * side + y) * side + x], value + bias[channel])
      })
      expectClose(told, expected)
      expect(told.some((value, at) => Math.abs(value - plain[at]) > 0.1)).toBe(true)
    })

    it('sees every pixel of the image beside what the cells say, and near it alone', async () => {
      // what reaches the pixels by the cells and the first stage is silenced, so that only the image itself speaks
      const direct = new Map([...loudWeights].map(([name, tensor]) => [name, /pixels\.(stage|cells)|neck\.layer_norm2/.test(name) ? float32(tensor.dims, new Float32Array(tensor.data.length)) : tensor] as const))
      const masksOf = async (image: ReturnType<typeof float32>) => (await runModel(nanoSamJoint(fine, direct), { ...asked, pixel_values: image })).pred_masks.data as Float32Array
      const before = await masksOf(pixels.pixel_values)
      const side = 4 * cells
      const stride = imageSize / side
      const [row, column] = [5, 9]
      for (let offset = 0; offset < stride; offset++) {
        const data = new Float32Array(pixels.pixel_values.data as Float32Array)
        data[(row * stride + offset) * imageSize + column * stride + offset] += 1
        const after = await masksOf(float32([batch, 3, imageSize, imageSize], data))
        const moved = Array.from({ length: side * side }, (_, at) => at).filter((at) => Math.abs(after[at] - before[at]) > 1e-6)
        expect(moved).toContain(row * side + column)
        // one convolution of the image and two of its features
        for (const at of moved) expect(Math.max(Math.abs(Math.floor(at / side) - row), Math.abs((at % side) - column)), `${offset}`).toBeLessThanOrEqual(3)
      }
    })

    it('refuses images that are not made of whole cells', () => {
      expect(() => nanoSamParameters({ ...fine, imageSize: imageSize + 4 })).toThrow(/whole cells/)
    })
  })
})
