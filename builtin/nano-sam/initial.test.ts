import { describe, expect, it } from 'vitest'
import { initialNanoSamWeights, VISION } from '../../src/core/networks/nano-sam/parameters.ts'
import { segformerConfig } from '../../src/core/networks/segformer/config.ts'
import { initialWeights as segformerWeights } from '../../src/core/networks/segformer/parameters.ts'
import { readSafetensors } from '../../src/core/formats/safetensors.ts'
import { toSafetensors } from '../../src/core/networks/segformer/weights.ts'
import { withEncoderOf } from './initial.ts'
import { NANO_SAM } from './plan.ts'

function teacher(hiddenSizes: readonly number[]) {
  const config = { ...segformerConfig('b0', 19), hiddenSizes, heads: [1, 2, 3, 4], depths: [2, 2, 3, 2], decoderSize: 32 }
  const weights = segformerWeights(config, 3)
  return { weights, file: readSafetensors(toSafetensors(config, weights)) }
}

describe('withEncoderOf', () => {
  const own = initialNanoSamWeights(NANO_SAM, 5)

  it('takes every tensor of the encoder from the SegFormer and nothing else', () => {
    const { weights, file } = teacher([24, 48, 96, 128])
    for (const [name, tensor] of withEncoderOf(own, file)) {
      const encoder = name.startsWith(`${VISION}.encoder.`)
      const expected = encoder ? weights.get(name.replace(`${VISION}.encoder`, 'segformer.encoder')) : own.get(name)
      expect(tensor.data, name).toEqual(expected?.data)
    }
  })

  it('names the first tensor that does not fit', () => {
    expect(() => withEncoderOf(own, teacher([32, 64, 96, 128]).file)).toThrow(/patch_embeddings\.0\.proj\.weight/)
  })
})
