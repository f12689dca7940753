import { expect, test } from 'vitest'
import golden from '../../../test/fixtures/safetensors.golden.json' with { type: 'json' }
import { mutated, seededRandom, surrounded } from '../../../test/support/mutations.ts'
import { readSafetensors, writeSafetensors } from './safetensors.ts'

/** 2,000 damaged files: read, or refused with an Error that says why, in moments and without a byte from outside. */

const COUNT = 2000
const MAX_MILLISECONDS = 1000

const FILES = [
  new Uint8Array(Buffer.from(golden.hex, 'hex')),
  writeSafetensors(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`layer.${index}.weight`, { dtype: 'F32' as const, shape: [2, 3], data: new Float32Array(6).fill(index) }]))),
]

/** What is read, as text; or why not. */
function outcome(bytes: Uint8Array): string {
  try {
    const { tensors, metadata } = readSafetensors(bytes)
    return JSON.stringify([metadata, Object.entries(tensors).map(([name, { dtype, shape, data }]) =>
      [name, dtype, shape, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')])])
  } catch (error) {
    // the documented error, no RangeError or TypeError of a reader that lost its way
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype)
    return `refused: ${(error as Error).message}`
  }
}

test(`${COUNT} damaged .safetensors files`, () => {
  const random = seededRandom(20_261)
  let refused = 0
  for (let index = 0; index < COUNT; index++) {
    const bytes = mutated(FILES[index % FILES.length], random)
    const start = performance.now()
    const result = outcome(surrounded(bytes, 0))
    const milliseconds = performance.now() - start
    if (milliseconds > MAX_MILLISECONDS) expect.fail(`file ${index} took ${milliseconds} ms`)
    expect(outcome(surrounded(bytes, 0xff)), `file ${index}`).toBe(result)
    expect(result.length).toBeLessThan(20 * bytes.length + 1024)
    if (result.startsWith('refused')) refused += 1
  }
  expect(refused).toBeGreaterThan(COUNT / 2)
  expect(refused).toBeLessThan(COUNT)
})
