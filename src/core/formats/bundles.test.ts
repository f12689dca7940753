import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { FusedPanorama, PanoramaMasks, PanoramaSemantics, PanoramaWindow } from '../goodsam/types.ts'
import { buildMaskTable } from '../mask/build.ts'
import { bundle, decodeRuns, encodeRuns, portableGzip } from './bundle-file.ts'
import {
  decodeBoundary, decodeEmbedding, decodeFusion, decodeMasks, decodeRaster, decodeSemantics,
  encodeBoundary, encodeEmbedding, encodeFusion, encodeMasks, encodeRaster, encodeSemantics,
} from './bundles.ts'

const windows: readonly PanoramaWindow[] = [
  { index: 0, family: 'wide', x: 0, y: 0, width: 4, height: 3 },
  { index: 1, family: 'tall', x: 7, y: 1, width: 2, height: 5 },
  { index: 2, family: 'sliding', x: 3, y: 0, width: 4, height: 3 },
]
const masks: PanoramaMasks = {
  windows: [
    {
      window: windows[0],
      masks: buildMaskTable(windows[0], [
        { runs: [0, 2, 4, 1], predictedIou: 0.9, stability: 0.97, x: 1.5, y: 2.5 },
        { runs: [11, 1], predictedIou: 0.89, stability: 0.96, x: 3.5, y: 2.5 },
      ]),
    },
    { window: windows[1], masks: buildMaskTable(windows[1], []) },
    { window: windows[2], masks: buildMaskTable(windows[2], [{ runs: [5, 2], predictedIou: 1, stability: 1, x: 0, y: 0 }]) },
  ],
  funnel: { prompts: 768, candidates: 2304, afterPredIou: 900, afterStability: 400, afterNms: 30, kept: 3 },
}
const bytesOf = (length: number, start: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (start + i * 37) & 255)
const semantics: PanoramaSemantics = {
  classes: 19,
  windows: windows.map((window, k) => ({ window, label: bytesOf(window.width * window.height, k), confidence: bytesOf(window.width * window.height, 100 + k) })),
  label: { width: 9, height: 6, data: bytesOf(54, 1) },
  confidence: { width: 9, height: 6, data: bytesOf(54, 2) },
  consistency: 0.1 + 0.2,
  disagreement: 1 / 3,
}
const fused: FusedPanorama = {
  label: { width: 9, height: 6, data: bytesOf(54, 3) },
  confidence: { width: 9, height: 6, data: bytesOf(54, 4) },
  provenance: { width: 9, height: 6, data: bytesOf(54, 5) },
  mask: { width: 9, height: 6, data: Uint32Array.from({ length: 54 }, (_, i) => (i < 20 ? 0 : i < 40 ? 70000 : i)) },
}
const raster = { width: 3, height: 2, data: Uint8Array.of(0, 1, 255, 18, 7, 0) }
const embedding = { image_embeddings: { shape: [1, 2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-20, 6) }, other: { shape: [1], data: Float32Array.of(7) } }

const kinds: [string, () => Uint8Array<ArrayBuffer>, (bytes: Uint8Array) => unknown, unknown][] = [
  ['masks', () => encodeMasks(masks), decodeMasks, masks],
  ['semantics', () => encodeSemantics(semantics), decodeSemantics, semantics],
  ['boundary', () => encodeBoundary({ boundary: raster }), decodeBoundary, { boundary: raster }],
  ['fusion', () => encodeFusion(fused), decodeFusion, fused],
  ['raster', () => encodeRaster(raster), decodeRaster, raster],
  ['embedding', () => encodeEmbedding(embedding), decodeEmbedding, embedding],
]

function unzipped(bytes: Uint8Array): string {
  return Buffer.from(gunzipSync(bytes)).toString('latin1')
}

test('views of gnomonic windows survive to the last bit; without any, nothing is written of them', () => {
  const view = { width: 81, height: 81, centreX: 64, pitchRad: Math.PI / 4, tanX: Math.tan(Math.PI / 4), tanY: 1 / 3, horizonY: -0.1, columnRad: 2 * Math.PI / 256, rowRad: Math.PI / 127, cyclic: true }
  const gnomonic: PanoramaWindow = { ...windows[2], family: 'gnomonic', view }
  const seen: PanoramaSemantics = { ...semantics, windows: semantics.windows.map((one, k) => (k === 2 ? { ...one, window: gnomonic } : one)) }
  expect(decodeSemantics(encodeSemantics(seen))).toEqual(seen)
  const found: PanoramaMasks = { ...masks, windows: masks.windows.map((one, k) => (k === 2 ? { ...one, window: gnomonic } : one)) }
  expect(decodeMasks(encodeMasks(found))).toEqual(found)
  expect(unzipped(encodeMasks(found))).toContain('pitchRad')
  expect(unzipped(encodeMasks(masks))).not.toContain('views')
  expect(unzipped(encodeSemantics(semantics))).not.toContain('views')
  const damaged = bundle('masks', { funnel: '{}', views: '[{"width":3}]' }, {})
  expect(() => decodeMasks(damaged)).toThrow(/masks/)
})

test.each(kinds)('%s survive, gzipped or not, in the same bytes each time', (kind, encode, decode, value) => {
  const bytes = encode()
  expect(decode(bytes)).toEqual(value)
  expect(encode()).toEqual(bytes)
  if (kind === 'embedding') {
    expect(bytes[0]).not.toBe(0x1f)
    return
  }
  const plain = new Uint8Array(gunzipSync(bytes))
  expect(decode(plain)).toEqual(value)
  expect(decode(new Uint8Array(gzipSync(plain)))).toEqual(value)
})

test.each(kinds)('damaged %s are refused with an Error, never with a wrong result', (kind, encode, decode) => {
  const bytes = encode()
  for (let length = 0; length < bytes.length; length += 7) expect(() => decode(bytes.slice(0, length)), `${length} bytes`).toThrow(Error)
  const other = kinds.find(([name]) => name !== kind)!
  expect(() => decode(other[1]())).toThrow(`Expected ${kind}, found ${other[0]}.`)
  expect(() => decode(portableGzip(bundle(kind as 'masks', { version: '2' }, {})))).toThrow(/version 2/)
})

test('equal content has equal bytes, whenever it was written', () => {
  vi.useFakeTimers({ now: new Date('2001-01-01') })
  const first = encodeRaster(raster)
  vi.setSystemTime(new Date('2026-01-01'))
  const second = encodeRaster(raster)
  vi.useRealTimers()
  expect(second).toEqual(first)
})

test('a mask table whose runs are missing is refused', () => {
  const table = { ...masks.windows[2].masks, runOffsets: Uint32Array.of(0, 2) }
  expect(() => decodeMasks(encodeMasks({ ...masks, windows: [{ window: windows[2], masks: table }] }))).toThrow(/runs of window 0/)
  expect(() => encodeMasks({ ...masks, windows: [{ window: windows[1], masks: masks.windows[0].masks }] })).toThrow(RangeError)
})

test('maps of different sizes are refused', () => {
  const short = { ...fused, mask: { width: 9, height: 5, data: fused.mask.data.subarray(0, 45) } }
  expect(() => decodeFusion(encodeFusion(short))).toThrow(/mask map/)
  expect(() => decodeFusion(encodeFusion({ ...fused, confidence: raster }))).toThrow(/one size/)
})

test('value runs survive and know their length', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1, 2, 4294967295), { maxLength: 60 }), (values) => {
      const runs = encodeRuns(Uint32Array.from(values))
      expect(decodeRuns(runs, values.length)).toEqual(Uint32Array.from(values))
      expect(decodeRuns(runs, values.length + 1)).toBeNull()
      expect(runs.length / 2).toBe(values.filter((value, i) => i === 0 || value !== values[i - 1]).length)
    }),
  )
})
