import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import golden from '../../../test/fixtures/safetensors.golden.json' with { type: 'json' }
import { readSafetensors, type Tensor, toFloat32, writeSafetensors } from './safetensors.ts'

const goldenBytes = Uint8Array.from(Buffer.from(golden.hex, 'hex'))

function hex({ data }: Tensor): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
}

function asFloat32(dtype: Tensor['dtype'], data: Tensor['data']): readonly number[] {
  return [...toFloat32({ dtype, shape: [data.length], data })]
}

/** A file with the given header and data. */
function file(header: string, data = new Uint8Array(16)): Uint8Array {
  const json = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + json.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(data, 8 + json.length)
  return bytes
}

function split(bytes: Uint8Array): { header: unknown; data: Buffer } {
  const buffer = Buffer.from(bytes)
  const end = 8 + Number(buffer.readBigUInt64LE(0))
  return { header: JSON.parse(buffer.toString('utf8', 8, end)), data: buffer.subarray(end) }
}

test('reads a file of the safetensors package', () => {
  const { tensors, metadata } = readSafetensors(goldenBytes)
  expect(metadata).toEqual({ kind: 'golden', note: 'größer' })
  expect(Object.keys(tensors).sort()).toEqual(Object.keys(golden.tensors).sort())
  for (const [name, expected] of Object.entries(golden.tensors)) {
    expect(tensors[name].shape).toEqual(expected.shape)
    expect(hex(tensors[name])).toBe(expected.bytes)
  }
  expect([...tensors.scores.data]).toEqual([0.5, -1.25, Math.fround(3e-8)])
  expect([...tensors.big.data]).toEqual([-1n, 1099511627776n])
  expect(tensors.short.data).toEqual(Int16Array.of(-3, 300))
  // half floats stay bits: 1.0, -2.0, the greatest
  expect(tensors.half).toEqual({ dtype: 'F16', shape: [3], data: Uint16Array.of(0x3c00, 0xc000, 0x7bff) })
})

test('writes what the safetensors package would: the same tensors at the same places', () => {
  const { tensors, metadata } = readSafetensors(goldenBytes)
  // the package orders tensors of one width by type and name: give them in its order
  const ordered = Object.fromEntries(Object.entries(tensors).toSorted(([, a], [, b]) => a.data.byteOffset - b.data.byteOffset))
  const ours = split(writeSafetensors(ordered, metadata))
  const theirs = split(goldenBytes)
  expect(ours.header).toEqual(theirs.header)
  expect(ours.data.toString('hex')).toBe(theirs.data.toString('hex'))
})

test('tensors of any element type survive, as views where the file is aligned and as copies where it is not', () => {
  const tensor = fc.oneof(
    fc.uint8Array().map((data): Tensor => ({ dtype: 'U8', shape: [data.length], data })),
    fc.uint16Array().map((data): Tensor => ({ dtype: 'U16', shape: [1, data.length], data })),
    fc.uint32Array().map((data): Tensor => ({ dtype: 'U32', shape: [data.length, 1], data })),
    fc.float32Array().map((data): Tensor => ({ dtype: 'F32', shape: [data.length], data })),
    fc.float64Array().map((data): Tensor => ({ dtype: 'F64', shape: [data.length], data })),
    fc.bigInt64Array().map((data): Tensor => ({ dtype: 'I64', shape: [data.length], data })),
  )
  fc.assert(
    fc.property(fc.dictionary(fc.string().filter((name) => name !== '__metadata__'), tensor), fc.dictionary(fc.string(), fc.string()), fc.nat(7), (tensors, metadata, shift) => {
      const bytes = writeSafetensors(tensors, metadata)
      const shifted = new Uint8Array(bytes.length + shift)
      shifted.set(bytes, shift)
      const back = readSafetensors(shifted.subarray(shift))
      expect(Object.entries(back.tensors).length).toBe(Object.entries(tensors).length)
      for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
        const read = back.tensors[name]
        expect([read.dtype, read.shape]).toEqual([dtype, shape])
        expect(hex(read)).toBe(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'))
        if (shift === 0) expect(read.data.buffer).toBe(shifted.buffer)
      }
      expect(back.metadata).toEqual(metadata)
    }),
  )
})

test('a tensor may have any name, also one that JavaScript objects treat in their own way', () => {
  const bytes = writeSafetensors(JSON.parse('{"__proto__": 0, "constructor": 0}', (name, value: unknown) =>
    (name === '' ? value : { dtype: 'U8', shape: [1], data: Uint8Array.of(name.length) })) as Record<string, Tensor>)
  const { tensors } = readSafetensors(bytes)
  expect(Object.entries(tensors).map(([name, { data }]) => [name, data[0]])).toEqual([['__proto__', 9], ['constructor', 11]])
})

test.each([
  ['nothing', new Uint8Array(0), /too short/],
  ['a header longer than the file', file('{}').fill(255, 0, 8), /header does not fit/],
  ['a picture', new Uint8Array(64).fill(0x89), /header does not fit/],
  ['no JSON', file('{"a":'), /not JSON/],
  ['a list', file('[]'), /not an object/],
  ['numbers as metadata', file('{"__metadata__":{"a":1}}'), /metadata are not text/],
  ['an unknown type', file('{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}'), /"a".*"F8"/],
  ['an inherited type', file('{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,1]}}'), /"toString"/],
  ['a negative shape', file('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}'), /no shape or place/],
  ['a shape that does not fit', file('{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}'), /\[3\] does not fit its 16 bytes/],
  ['tensors that share bytes', file('{"a":{"dtype":"U8","shape":[16],"data_offsets":[0,16]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}'), /"b" starts at byte 3, .* ends at 16/],
  ['bytes between tensors', file('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}'), /"b" starts at byte 8, .* ends at 4/],
  ['bytes after the last tensor', file('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}'), /ends at byte 4 of 16/],
  ['data that end early', file('{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}}'), /ends after the file/],
])('refuses %s', (_, bytes, message) => {
  expect(() => readSafetensors(bytes)).toThrow(message)
})

test('a truncated file is refused at every length', () => {
  for (let length = 0; length < goldenBytes.length; length++) {
    expect(() => readSafetensors(goldenBytes.slice(0, length)), `${length} bytes`).toThrow(Error)
  }
})

test('a buffer of Node whose tensors are not aligned is read', () => {
  const bytes = writeSafetensors({ a: { dtype: 'F64', shape: [1], data: Float64Array.of(0.1) } })
  expect(readSafetensors(Buffer.concat([Buffer.of(0), bytes]).subarray(1)).tensors.a.data).toEqual(Float64Array.of(0.1))
})

test('floats of every width become float32', () => {
  expect(asFloat32('F32', Float32Array.of(0.5, -3))).toEqual([0.5, -3])
  expect(asFloat32('F64', Float64Array.of(0.1))).toEqual([Math.fround(0.1)])
  // 1, -2, the greatest float16, the least, infinity
  expect(asFloat32('F16', Uint16Array.of(0x3c00, 0xc000, 0x7bff, 1, 0x7c00))).toEqual([1, -2, 65504, 2 ** -24, Infinity])
  expect(asFloat32('BF16', Uint16Array.of(0x3f80, 0xc000, 0x4049))).toEqual([1, -2, 3.140625])
  expect(() => asFloat32('U16', Uint16Array.of(1))).toThrow(/U16/)
})

test('a shape that does not fit its data is not written', () => {
  expect(() => writeSafetensors({ a: { dtype: 'U8', shape: [2, 2], data: new Uint8Array(3) } })).toThrow(/"a".*\[2, 2\]/)
  expect(() => writeSafetensors({ a: { dtype: 'F32', shape: [3], data: new Uint8Array(3) } })).toThrow(RangeError)
})
