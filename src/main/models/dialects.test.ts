import { describe, expect, test } from 'vitest'
import { StudioError } from '../../contract/errors.ts'
import type { TensorInfo } from '../../contract/schemas.ts'
import { recogniseDialect } from './dialects.ts'
import { fitWindow, samGeometry } from './sam-geometry.ts'
import type { NamedSignature } from './signatures.ts'
import { taAspect, taContextFrame, taFrame, taGeometry } from './ta-geometry.ts'

/** Signatures as published exports have them (the table of model dialects in the product notes). */

const f = (name: string, ...shape: (number | string)[]): TensorInfo => ({ name, type: 'float32', shape })
const i = (name: string, ...shape: (number | string)[]): TensorInfo => ({ name, type: 'int64', shape })

const slimsamEncoder: NamedSignature = {
  name: 'vision_encoder.onnx',
  inputs: [f('pixel_values', 'batch_size', 3, 1024, 1024)],
  outputs: [f('image_embeddings', 'batch_size', 256, 64, 64), f('image_positional_embeddings', 'batch_size', 256, 64, 64)],
}
const slimsamDecoder: NamedSignature = {
  name: 'prompt_encoder_mask_decoder.onnx',
  inputs: [
    f('input_points', 'batch_size', 'point_batch_size', 'nb_points_per_image', 2),
    i('input_labels', 'batch_size', 'point_batch_size', 'nb_points_per_image'),
    f('image_embeddings', 'batch_size', 256, 64, 64),
    f('image_positional_embeddings', 'batch_size', 256, 64, 64),
  ],
  outputs: [f('iou_scores', 'batch_size', 'point_batch_size', 3), f('pred_masks', 'batch_size', 'point_batch_size', 3, 256, 256)],
}
const officialDecoder: NamedSignature = {
  name: 'sam_vit_b.decoder.onnx',
  inputs: [
    f('image_embeddings', 1, 256, 64, 64),
    f('point_coords', 1, 'num_points', 2),
    f('point_labels', 1, 'num_points'),
    f('mask_input', 1, 1, 256, 256),
    f('has_mask_input', 1),
    f('orig_im_size', 2),
  ],
  outputs: [f('masks', 'a', 'b', 'c', 'd'), f('iou_predictions', 'e', 4), f('low_res_masks', 'e', 4, 256, 256)],
}
const pixelEncoder: NamedSignature = {
  name: 'sam_vit_b.encoder.onnx',
  inputs: [f('input_image', 'image_height', 'image_width', 3)],
  outputs: [f('image_embeddings', 1, 256, 64, 64)],
}
const planesEncoder: NamedSignature = { ...pixelEncoder, inputs: [f('images', 1, 3, 1024, 1024)] }
const segformer: NamedSignature = {
  name: 'model.onnx',
  inputs: [f('pixel_values', 'batch_size', 3, 'height', 'width')],
  outputs: [f('logits', 'batch_size', 19, 'h4', 'w4')],
}

function refusal(files: readonly NamedSignature[], kind: 'sam' | 'ta'): StudioError {
  try {
    recogniseDialect(files, kind)
  } catch (error) {
    if (error instanceof StudioError) return error
  }
  throw new Error('it was not refused')
}

describe('recognises', () => {
  test('SAM of transformers.js, in either order of files', () => {
    expect(recogniseDialect([slimsamDecoder, slimsamEncoder], 'sam')).toEqual({
      dialect: 'sam-transformers-js', roles: ['decoder', 'encoder'], classes: null,
    })
  })
  test.each([pixelEncoder, planesEncoder])('the official decoder with encoder %#', (encoder) => {
    expect(recogniseDialect([encoder, officialDecoder], 'sam')).toEqual({
      dialect: 'sam-official', roles: ['encoder', 'decoder'], classes: null,
    })
  })
  test('a semantic network, with and without a stated number of classes', () => {
    expect(recogniseDialect([segformer], 'ta')).toEqual({ dialect: 'semantic', roles: ['network'], classes: 19 })
    const open = { ...segformer, outputs: [f('logits', 'b', 'labels', 'h', 'w')] }
    expect(recogniseDialect([open], 'ta').classes).toBeNull()
  })
})

describe('refuses, with the signature beside what was expected', () => {
  test('a model of no dialect', () => {
    const error = refusal([{ name: 'resnet.onnx', inputs: [f('x', 1, 10)], outputs: [f('y', 1, 10)] }], 'ta')
    expect(error.code).toBe('bad-model')
    expect(error.message).toContain('resnet.onnx')
    expect(error.message).toContain('x float32 [1, 10]')
    expect(error.message).toContain('pixel_values float32 [B, 3, H, W]')
    expect(error.message).toContain('logits float32 [B, C, h, w]')
  })
  test('a SAM given as TA, and a TA given as SAM', () => {
    expect(refusal([slimsamEncoder, slimsamDecoder], 'ta').code).toBe('bad-model')
    const error = refusal([segformer], 'sam')
    expect(error.message).toContain("SAM with segment-anything's own decoder")
    expect(error.message).toContain('SAM as transformers.js exports it')
  })
  test('one channel: named as the nearest miss', () => {
    const grey = { ...segformer, name: 'grey.onnx', inputs: [f('pixel_values', 'b', 1, 64, 64)] }
    expect(refusal([grey], 'ta').message).toContain('input pixel_values float32 [b, 1, 64, 64] should be pixel_values float32 [B, 3, H, W]')
  })
  test('float16, an input that nobody feeds, a missing output', () => {
    const half = { ...segformer, inputs: [{ ...segformer.inputs[0], type: 'float16' }] }
    expect(refusal([half], 'ta').message).toContain('pixel_values float16')
    const extra = { ...segformer, inputs: [...segformer.inputs, f('prompt', 1)] }
    expect(refusal([extra], 'ta').message).toContain('input prompt float32 [1] is unknown')
    const blind = { ...slimsamDecoder, outputs: slimsamDecoder.outputs.slice(1) }
    expect(refusal([slimsamEncoder, blind], 'sam').message).toContain('output iou_scores float32 [B, P, M] is missing')
  })
  test('a missing, a superfluous and a foreign half', () => {
    expect(refusal([slimsamEncoder], 'sam').message).toContain('The decoder is missing')
    expect(refusal([slimsamEncoder, slimsamDecoder, slimsamDecoder], 'sam').message).toContain('2 files are decoders')
    const foreign = { ...slimsamDecoder, inputs: slimsamDecoder.inputs.map((t) => (t.name.startsWith('image') ? f(t.name, 1, 64, 128, 128) : t)) }
    const { message } = refusal([slimsamEncoder, foreign], 'sam')
    expect(message).toContain('do not belong together')
    expect(message).toContain('[batch_size, 256, 64, 64]')
    expect(message).toContain('[1, 64, 128, 128]')
  })
  test('sizes that are stated nowhere, too many classes, no file at all', () => {
    const free = { ...slimsamEncoder, inputs: [f('pixel_values', 'b', 3, 'h', 'w')] }
    expect(refusal([free, slimsamDecoder], 'sam').message).toContain('fixed heights and widths')
    expect(refusal([{ ...segformer, outputs: [f('logits', 1, 256, 8, 8)] }], 'ta').message).toContain('256 classes')
    expect(refusal([], 'ta').message).toContain('No model file was given')
  })
})

describe('reads sizes from the files', () => {
  test('the frame of SAM: from the planes, or four times the mask prompt', () => {
    expect(samGeometry('sam-transformers-js', slimsamEncoder, slimsamDecoder)).toEqual({
      dialect: 'sam-transformers-js',
      encoder: { input: 'pixel_values', layout: 'planes', width: 1024, height: 1024 },
      embeddings: ['image_embeddings', 'image_positional_embeddings'],
      promptsPerRun: null,
      pointsPerPrompt: 1,
      maskPrompt: null,
    })
    const official = samGeometry('sam-official', pixelEncoder, officialDecoder)
    expect(official.encoder).toEqual({ input: 'input_image', layout: 'pixels', width: 1024, height: 1024 })
    expect(official.promptsPerRun).toBe(1)
    // one point and the padding point that stands for "no box"
    expect(official.pointsPerPrompt).toBe(2)
  })
  test('a decoder with fixed numbers of prompts and points', () => {
    const fixed = { ...slimsamDecoder, inputs: [f('input_points', 1, 32, 3, 2), ...slimsamDecoder.inputs.slice(1)] }
    const geometry = samGeometry('sam-transformers-js', slimsamEncoder, fixed)
    expect([geometry.promptsPerRun, geometry.pointsPerPrompt]).toEqual([32, 3])
  })
  test('a window fills the frame with its longest side', () => {
    expect(fitWindow({ width: 512, height: 400 }, { width: 1024, height: 1024 })).toEqual({ scale: 2, width: 1024, height: 800 })
    expect(fitWindow({ width: 100, height: 300 }, { width: 64, height: 64 })).toEqual({ scale: 64 / 300, width: 21, height: 64 })
  })
  test('a TA of fixed size sees everything at its size; a free one at most 1024 long, in multiples of 32', () => {
    const fixed = taGeometry({ ...segformer, inputs: [f('pixel_values', 1, 3, 512, 1024)] })
    expect(taFrame(fixed, { width: 512, height: 400 })).toEqual({ width: 1024, height: 512 })
    expect(taContextFrame(fixed, { width: 2048, height: 1024 }, 256)).toEqual({ width: 1024, height: 512 })
    expect(taAspect(fixed)).toBe(2)
    const free = taGeometry(segformer)
    expect(taFrame(free, { width: 512, height: 512 })).toEqual({ width: 512, height: 512 })
    expect(taFrame(free, { width: 4096, height: 2048 })).toEqual({ width: 1024, height: 512 })
    expect(taContextFrame(free, { width: 1024, height: 512 }, 256)).toEqual({ width: 512, height: 256 })
    expect(taContextFrame(free, { width: 800, height: 400 }, 400)).toEqual({ width: 800, height: 416 })
    expect(taFrame(free, { width: 500, height: 20 })).toEqual({ width: 512, height: 32 })
  })
})
