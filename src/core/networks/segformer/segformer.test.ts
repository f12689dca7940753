import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formulaTensor, formulaWeights, fromBase64 } from '../../../../test/support/formula-tensors.ts'
import { runModel } from '../../../../test/support/run-model.ts'
import { readSafetensors, type SafetensorsFile, writeSafetensors } from '../../formats/safetensors.ts'
import { parameterCount } from '../parameters.ts'
import { fromConfigJson, segformerConfig, type SegformerSize, studentConfig, toConfigJson } from './config.ts'
import { segformer } from './network.ts'
import { initialWeights, segformerParameters } from './parameters.ts'
import { loadWeights, toSafetensors } from './weights.ts'

/** Made by test/fixtures/segformer.golden.py with Hugging Face transformers, in float64. */
const fixtures = resolve(import.meta.dirname, '../../../../test/fixtures')
const golden = JSON.parse(readFileSync(resolve(fixtures, 'segformer.golden.json'), 'utf8')) as {
  forward: { size: SegformerSize; classes: number; shape: number[]; logitsShape: number[]; logits: string }[]
  tiny: { config: Record<string, unknown>; logits: string; classification: Record<string, number[]> }
  names: { b0: Record<string, number[]>; parameterCounts: Record<SegformerSize, number> }
}
const tinyFile = readSafetensors(readFileSync(resolve(fixtures, 'segformer-tiny.golden.safetensors')))
const tiny = fromConfigJson(golden.tiny.config).config

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  return Array.from(a).reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index])), 0)
}

describe('SegFormer', () => {
  it.each(golden.forward)('$size on $shape gives the logits of Hugging Face transformers within 1e-4', async ({ size, classes, shape, logitsShape, logits }) => {
    const config = segformerConfig(size, classes)
    const model = segformer(config, formulaWeights(segformerParameters(config)))
    const result = await runModel(model, { pixel_values: formulaTensor('image', shape) })
    expect(result.logits.dims).toEqual(logitsShape)
    expect(largestDifference(result.logits.data as Float32Array, fromBase64(logits))).toBeLessThan(1e-4)
  }, 30_000)

  it('has the parameters of Hugging Face, in name, shape and number', () => {
    const { b0, parameterCounts } = golden.names
    const ours = Object.fromEntries([...segformerParameters(segformerConfig('b0', 19))].map(([name, { dims }]) => [name, dims]))
    expect({ ...ours, 'decode_head.batch_norm.num_batches_tracked': [] }).toEqual(b0)
    for (const [size, count] of Object.entries(parameterCounts)) {
      expect(parameterCount(segformerParameters(segformerConfig(size as SegformerSize, 19)))).toBe(count)
    }
  })

  it('gives the students 3.7, 13.7 and 27.4 million parameters', () => {
    const millions = (['mini', 'tiny', 'small'] as const).map((student) => parameterCount(segformerParameters(studentConfig(student, 19))) / 1e6)
    expect(millions.map((each) => each.toFixed(1))).toEqual(['3.7', '13.7', '27.4'])
  })

  it('reads the configuration that transformers wrote and writes one that says the same', () => {
    expect(tiny).toEqual({
      channels: 3, depths: [1, 2, 1, 1], hiddenSizes: [4, 8, 12, 16], heads: [1, 2, 3, 4], reductions: [8, 4, 2, 1], mlpRatios: [4, 4, 4, 4],
      patchSizes: [7, 3, 3, 3], strides: [4, 2, 2, 2], decoderSize: 8, classes: 3,
    })
    const { transformers_version: _, ...theirs } = golden.tiny.config
    expect(toConfigJson(tiny, ['LABEL_0', 'LABEL_1', 'LABEL_2'])).toMatchObject(theirs)
    expect(fromConfigJson(toConfigJson(tiny, ['a', 'b', 'c']))).toEqual({ config: tiny, labels: ['a', 'b', 'c'] })
    expect(fromConfigJson({})).toEqual({ config: segformerConfig('b0', 2), labels: [] })
  })

  it('refuses configurations that it does not build, naming the field', () => {
    expect(() => fromConfigJson([])).toThrow('no object')
    expect(() => fromConfigJson({ model_type: 'vit' })).toThrow('"vit", not "segformer"')
    expect(() => fromConfigJson({ hidden_act: 'relu' })).toThrow('hidden_act is "relu"')
    expect(() => fromConfigJson({ depths: [2, 0, 2, 2] })).toThrow('depths is [2,0,2,2]')
    expect(() => fromConfigJson({ depths: [2, 2] })).toThrow('hidden_sizes has 4 numbers for 2 stages')
    expect(() => fromConfigJson({ num_attention_heads: [1, 3, 5, 8] })).toThrow('hidden size 64 of stage 1 does not divide into 3 heads')
    expect(() => fromConfigJson({ id2label: { 1: 'road' } })).toThrow('id2label')
    expect(() => toConfigJson(tiny, ['one'])).toThrow('1 class names for 3 classes')
  })
})

describe('weights of a SegFormer', () => {
  it('come from a safetensors file of transformers, 16-bit floats among them', async () => {
    const { weights, report } = loadWeights(tiny, tinyFile)
    expect(report).toEqual({ loaded: segformerParameters(tiny).size, fresh: [], ignored: ['decode_head.batch_norm.num_batches_tracked'] })
    const { logits } = await runModel(segformer(tiny, weights), { pixel_values: formulaTensor('image', [1, 3, 64, 64]) })
    expect(largestDifference(logits.data as Float32Array, fromBase64(golden.tiny.logits))).toBeLessThan(1e-4)
  })

  it('are written as they were read, with every name of the original', () => {
    const { weights } = loadWeights(tiny, tinyFile)
    const written = readSafetensors(toSafetensors(tiny, weights))
    expect(Object.keys(written.tensors).toSorted()).toEqual(Object.keys(tinyFile.tensors).toSorted())
    expect(written.metadata).toEqual({ format: 'pt' })
    expect(loadWeights(tiny, written).weights).toEqual(weights)
  })

  it('of an image classifier are an encoder: the head begins anew', () => {
    const { report, weights } = loadWeights(tiny, zeros(golden.tiny.classification), { seed: 5 })
    expect(report.ignored).toEqual(['classifier.weight', 'classifier.bias'])
    expect(report.fresh.every((name) => name.startsWith('decode_head.'))).toBe(true)
    expect(report.loaded + report.fresh.length).toBe(segformerParameters(tiny).size)
    expect(weights.get('decode_head.linear_fuse.weight')).toEqual(initialWeights(tiny, 5).get('decode_head.linear_fuse.weight'))
  })

  it('of another number of classes fit only where a new classifier is asked for', () => {
    const nineteen = { ...tiny, classes: 19 }
    expect(() => loadWeights(nineteen, tinyFile)).toThrow('"decode_head.classifier.weight" is [3, 8, 1, 1], expected [19, 8, 1, 1]; "decode_head.classifier.bias" is [3], expected [19].')
    expect(loadWeights(nineteen, tinyFile, { newClassifier: true }).report.fresh).toEqual(['decode_head.classifier.weight', 'decode_head.classifier.bias'])
  })

  it('that do not fit are refused with the first ten differences', () => {
    expect(() => loadWeights(segformerConfig('b0', 3), tinyFile)).toThrow(/^The file does not fit the network: ("segformer[^;]+; ){10}and \d+ more\.$/)
    const { 'decode_head.classifier.bias': bias, ...rest } = tinyFile.tensors
    expect(() => loadWeights(tiny, { metadata: {}, tensors: { ...rest, 'decode_head.classifier.offset': bias } }))
      .toThrow('"decode_head.classifier.bias" is missing, expected [3]; "decode_head.classifier.offset" is none of the network\'s parameters.')
    const whole = { dtype: 'I32', shape: [3], data: new Int32Array(3) } as const
    expect(() => loadWeights(tiny, { metadata: {}, tensors: { ...rest, 'decode_head.classifier.bias': whole } })).toThrow('has elements of the type I32')
    expect(() => segformer({ ...tiny, classes: 4 }, loadWeights(tiny, tinyFile).weights)).toThrow('The parameter "decode_head.classifier.weight" is [3, 8, 1, 1], expected [4, 8, 1, 1].')
    expect(() => segformer(tiny, new Map())).toThrow('The weights lack the parameter "segformer.encoder.patch_embeddings.0.proj.weight".')
  })

  it('begin as the authors\' code does, the same for the same seed', () => {
    const config = segformerConfig('b0', 19)
    const [first, again, other] = [1, 1, 2].map((seed) => initialWeights(config, seed))
    expect(first).toEqual(again)
    const dense = (weights: typeof first) => weights.get('segformer.encoder.block.3.0.mlp.dense1.weight')!.data as Float32Array
    expect(dense(first)).not.toEqual(dense(other))
    // a normal distribution cut off at two deviations has 0.8796 of its deviation
    expect(deviation(dense(first)) / 0.02).toBeCloseTo(0.8796, 2)
    expect(dense(first).reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThanOrEqual(Math.fround(0.04))
    // Kaiming by fan-out: a depthwise 3x3 has 9, a 3x3 to 256 channels 9 * 256
    expect(deviation(first.get('segformer.encoder.block.3.1.mlp.dwconv.dwconv.weight')!.data as Float32Array)).toBeCloseTo(Math.sqrt(2 / 9), 1)
    expect(deviation(first.get('segformer.encoder.patch_embeddings.3.proj.weight')!.data as Float32Array) / Math.sqrt(2 / (9 * 256))).toBeCloseTo(1, 2)
    const kinds = Map.groupBy(segformerParameters(config), ([, { kind }]) => kind)
    expect(kinds.get('buffer')?.map(([name]) => name)).toEqual(['decode_head.batch_norm.running_mean', 'decode_head.batch_norm.running_var'])
    expect(kinds.get('norm')?.every(([name, { initial }]) => 'fill' in initial && initial.fill === (name.endsWith('.weight') ? 1 : 0))).toBe(true)
    expect(kinds.get('bias')?.every(([name]) => (first.get(name)!.data as Float32Array).every((value) => value === 0))).toBe(true)
  })
})

function deviation(data: Float32Array): number {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length
  return Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length)
}

function zeros(shapes: Readonly<Record<string, readonly number[]>>): SafetensorsFile {
  return readSafetensors(writeSafetensors(Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }]))))
}
