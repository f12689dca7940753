import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import golden from '../../../test/fixtures/onnx-types.golden.json' with { type: 'json' }
import { mutated, type Random, seededRandom, surrounded } from '../../../test/support/mutations.ts'
import { mutatedMessage } from '../../../test/support/protobuf-mutations.ts'
import { ModelError } from './errors.ts'
import { inlineFunctions } from './functions.ts'
import type { Model } from './model.ts'
import { printModel } from './print.ts'
import { readModel } from './read.ts'
import { writeModel } from './write.ts'

/** 2,000 damaged files: read, or refused with a ModelError, in moments and without a byte from outside. */

const COUNT = 2000
const MAX_MILLISECONDS = 2000

const FILES: readonly Uint8Array[] = [
  ...[golden.types, golden.control, golden.functions, golden.old, golden.external].map(({ model }) => new Uint8Array(Buffer.from(model, 'base64'))),
  ...['wand-sam/prompt_encoder_mask_decoder.onnx', 'wand-sam-official/decoder.onnx', 'colour-ta.onnx'].map((name) =>
    new Uint8Array(readFileSync(new URL(`../../../test/fixtures/models/${name}`, import.meta.url)))),
]

/** The model and everything that is done to one; an error where that is a ModelError. */
function outcome(bytes: Uint8Array): { model: Model; text: string; again: Uint8Array } | { refused: string } {
  try {
    const model = readModel(bytes, { externalData: (_, offset, length) => outside(offset, length) })
    // an error of the functions is a refusal too
    return { model, text: printModel(inlineFunctions(model)), again: writeModel(model) }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    return { refused: `${error.code}: ${error.message}` }
  }
}

/** Every other file is damaged below its outermost lengths, or else hardly one would get as far as the graph. */
function damaged(index: number, random: Random): Uint8Array {
  const change = index % 2 === 0 ? mutated : mutatedMessage
  return change(FILES[(index >> 1) % FILES.length], random)
}

function outside(offset: number, length: number): Uint8Array {
  if (offset + length > 4096) throw new ModelError('damaged', 'the file is too short')
  return new Uint8Array(length)
}

describe('damaged .onnx files', () => {
  test(`${COUNT} of them`, { timeout: 120_000 }, () => {
    const random = seededRandom(20_260)
    const outcomes = { read: 0, refused: 0 }
    for (let index = 0; index < COUNT; index++) {
      const bytes = damaged(index, random)
      const start = performance.now()
      const first = outcome(surrounded(bytes, 0))
      const milliseconds = performance.now() - start
      if (milliseconds > MAX_MILLISECONDS) expect.fail(`file ${index} took ${milliseconds} ms`)
      // whatever lies around it, the result is the same: nothing outside was read
      const second = outcome(surrounded(bytes, 0xff))
      if ('refused' in first || 'refused' in second) {
        expect(second, `file ${index}`).toEqual(first)
        outcomes.refused += 1
        continue
      }
      expect(Buffer.compare(first.again, second.again), `file ${index}`).toBe(0)
      expect(second.text === first.text, `file ${index}`).toBe(true)
      outcomes.read += 1
    }
    // damage to weights is not seen; damage to structure is
    expect(outcomes.read).toBeGreaterThan(COUNT / 20)
    expect(outcomes.refused).toBeGreaterThan(COUNT / 4)
  })

  test('a model takes little more memory than its file', () => {
    const random = seededRandom(7)
    for (let index = 0; index < 500; index++) {
      const bytes = damaged(index, random)
      const result = outcome(bytes)
      // numbers of one byte each may become 8, names are shared
      if ('model' in result) expect(result.again.length).toBeLessThan(10 * bytes.length + 8192)
    }
  })
})
