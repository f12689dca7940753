import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { bundle } from './bundle-file.ts'
import { encodeRaster } from './bundles.ts'
import { decodeTrainingData, encodeTrainingData, type TrainingData } from './training-data.ts'

const size = { width: 6, height: 4 }
const bytesOf = (length: number, start: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (start + i * 37) & 255)
const map = (start: number) => ({ ...size, data: bytesOf(24, start) })
const data: TrainingData = {
  ...size, cyclic: true, image: { ...size, data: bytesOf(72, 9) }, ta: map(1), fused: map(2), boundary: map(3), truth: map(4),
  windows: [
    { window: { index: 0, family: 'wide', x: 4, y: 0, width: 4, height: 2 }, label: bytesOf(8, 5), trusted: bytesOf(8, 6) },
    { window: { index: 1, family: 'tall', x: 0, y: 1, width: 2, height: 3 }, label: bytesOf(6, 7), trusted: bytesOf(6, 8) },
  ],
}
const partial: TrainingData = {
  ...data, cyclic: false, boundary: null, truth: null,
  windows: [{ window: { index: 0, family: 'sliding', x: 2, y: 0, width: 4, height: 4 }, label: bytesOf(16, 5), trusted: bytesOf(16, 6) }],
}

test.each([['with everything', data], ['with what there always is', partial]])('%s it survives, in the same bytes each time', (_, value) => {
  const bytes = encodeTrainingData(value)
  expect(decodeTrainingData(bytes)).toEqual(value)
  expect(decodeTrainingData(new Uint8Array(gunzipSync(bytes)))).toEqual(value)
  expect(encodeTrainingData(value)).toEqual(bytes)
})

test('damaged data are refused with an Error, never with a wrong result', () => {
  const bytes = encodeTrainingData(data)
  for (let length = 0; length < bytes.length; length += 5) expect(() => decodeTrainingData(bytes.slice(0, length)), `${length} bytes`).toThrow(Error)
  expect(() => decodeTrainingData(encodeRaster(data.ta))).toThrow('Expected training data, found raster.')
  expect(() => decodeTrainingData(bundle('training data', {}, {}))).toThrow('a full turn')
  const flipped = new Uint8Array(gunzipSync(bytes))
  for (let at = 0; at < 400; at++) {
    const damaged = flipped.slice()
    damaged[at] ^= 1 << (at % 8)
    try {
      const read = decodeTrainingData(damaged)
      for (const { window, label } of read.windows) expect(label.length).toBe(window.width * window.height)
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
    }
  }
})

test('windows that leave the panorama and maps of other sizes are refused', () => {
  expect(() => decodeTrainingData(encodeTrainingData({ ...data, cyclic: false }))).toThrow('window 0 leaves the panorama')
  const high = { ...data.windows[1], window: { ...data.windows[1].window, y: 2 } }
  expect(() => decodeTrainingData(encodeTrainingData({ ...data, windows: [high] }))).toThrow('window 0 leaves the panorama')
  expect(() => encodeTrainingData({ ...data, truth: { width: 2, height: 1, data: bytesOf(2, 0) } })).toThrow('"truth" is 2x1')
})
