import * as fc from 'fast-check'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { CITYSCAPES } from '../labels/cityscapes.ts'
import { labelPalette } from '../labels/palette.ts'
import { readLabelPng, writeGreyPng, writeIndexedPng } from './indexed-png.ts'

const palette = labelPalette(CITYSCAPES)
const width = 37
const height = 11
const labels = { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => (i % 23 === 22 ? 255 : i % 19)) }
const rasters = fc
  .record({ width: fc.integer({ min: 1, max: 33 }), height: fc.integer({ min: 1, max: 9 }) })
  .chain((size) => fc.uint8Array({ minLength: size.width * size.height, maxLength: size.width * size.height }).map((data) => ({ ...size, data })))

test('sharp sees an indexed PNG with our colours', async () => {
  const png = writeIndexedPng(labels, palette)
  expect(await sharp(png).metadata()).toMatchObject({ width, height, format: 'png', isPalette: true })
  const rgb = await sharp(png).removeAlpha().raw().toBuffer()
  for (let i = 0; i < labels.data.length; i++) expect([...rgb.subarray(3 * i, 3 * i + 3)]).toEqual([...palette[labels.data[i]]])
})

test('the chunks are those of an 8-bit indexed PNG', () => {
  const png = Buffer.from(writeIndexedPng(labels, palette))
  expect(png.subarray(12, 33).toString('hex')).toMatch(/^49484452000000250000000b08030000/)
  expect(png.readUInt32BE(33)).toBe(3 * 256)
  expect(png.toString('latin1', 37, 41)).toBe('PLTE')
})

test('sharp sees our grey values', async () => {
  const { data, info } = await sharp(writeGreyPng(labels)).raw().toBuffer({ resolveWithObject: true })
  expect(info).toMatchObject({ width, height })
  expect(data.filter((_, i) => i % info.channels === 0)).toEqual(Buffer.from(labels.data))
})

test('what we write we read', () => {
  fc.assert(
    fc.property(rasters, (raster) => {
      expect(readLabelPng(writeIndexedPng(raster, palette))).toEqual(raster)
      expect(readLabelPng(writeGreyPng(raster))).toEqual(raster)
    }),
    { numRuns: 40 },
  )
})

test.each([[2, 1], [4, 2], [16, 4], [256, 8]])('reads an indexed PNG of %d colours in %d bits by another writer', async (colours, bits) => {
  // distinct greys as pixels: each index must stand for one grey, whatever order the writer chose
  const values = labels.data.map((_, i) => ((i * 7) % colours) * Math.floor(255 / (colours - 1)))
  const png = await sharp(values, { raw: { width, height, channels: 1 } }).png({ palette: true, colours, dither: 0 }).toBuffer()
  // the header's bit depth
  expect(png[24]).toBe(bits)
  const { width: w, height: h, data } = readLabelPng(png)
  expect([w, h]).toEqual([width, height])
  const rgb = await sharp(png).removeAlpha().toColourspace('srgb').raw().toBuffer()
  const colourOf = new Map<number, string>()
  data.forEach((index, i) => {
    const colour = rgb.subarray(3 * i, 3 * i + 3).toString('hex')
    expect(colourOf.get(index) ?? colour).toBe(colour)
    colourOf.set(index, colour)
  })
  expect(colourOf.size).toBe(new Set(colourOf.values()).size)
  expect(colourOf.size).toBeGreaterThan(1)
})

function sixteen(values: Uint16Array): Promise<Buffer> {
  return sharp(values, { raw: { width: 2, height: 2, channels: 1 } }).toColourspace('grey16').png().toBuffer()
}

test('reads 16-bit label maps whose ids fit, refuses others', async () => {
  expect([...readLabelPng(await sixteen(Uint16Array.of(0, 18, 255, 7))).data]).toEqual([0, 18, 255, 7])
  const ids = sixteen(Uint16Array.of(0, 26001, 255, 7))
  await expect(ids.then(readLabelPng)).rejects.toThrow(/26001/)
})

test('colour images and other files are no label maps', async () => {
  const rgb = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } }).png().toBuffer()
  expect(() => readLabelPng(rgb)).toThrow(/3 channels/)
  expect(() => readLabelPng(Buffer.from('not a picture'))).toThrow(/Not a readable PNG/)
  expect(() => readLabelPng(new Uint8Array(0))).toThrow(/Not a readable PNG/)
  const cut = writeIndexedPng(labels, palette)
  expect(() => readLabelPng(cut.slice(0, cut.length - 40))).toThrow(/Not a readable PNG/)
  const flipped = cut.slice()
  flipped[flipped.length - 30] ^= 1
  expect(() => readLabelPng(flipped)).toThrow(/Not a readable PNG/)
})

test('a value without a colour is not written', () => {
  expect(() => writeIndexedPng(labels, palette.slice(0, 19))).toThrow(/Value 255/)
  expect(() => writeIndexedPng(labels, [])).toThrow(RangeError)
})
