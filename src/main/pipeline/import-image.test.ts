import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import {
  animatedWebp, floatTiff, fromPixels, hugePng, jpeg, picture, png, pngChunk, sixteenBitPng, sixteenBitSamples, withPngChunks,
} from '../../../test/fixtures/make_images.ts'
import { MAX_PIXELS, normaliseImage } from './import-image.ts'

const PICTURE = picture(128, 64)

async function pixelsOf(bytes: Buffer): Promise<{ width: number; height: number; channels: number; data: Uint8Array }> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, channels: info.channels, data: new Uint8Array(data) }
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0)
}

describe('an image that is already upright 8-bit sRGB', () => {
  it.each([
    ['jpg', 'image/jpeg', () => jpeg(PICTURE)],
    ['png', 'image/png', () => png(PICTURE)],
    ['webp', 'image/webp', () => fromPixels(PICTURE).webp().toBuffer()],
    ['jpg with an sRGB profile', 'image/jpeg', () => fromPixels(PICTURE).withIccProfile('srgb').jpeg().toBuffer()],
  ])('keeps its bytes: %s', async (_, mediaType, make) => {
    const bytes = await make()
    const image = await normaliseImage(bytes, 'a')
    expect(image).toMatchObject({ mediaType, widthPx: 128, heightPx: 64, warnings: [] })
    expect(image.bytes).toBe(bytes)
  })
})

describe('an image that is not', () => {
  it('tiff becomes PNG with the same pixels', async () => {
    const image = await normaliseImage(await fromPixels(PICTURE).tiff({ compression: 'lzw' }).toBuffer(), 'a.tif')
    expect(image.mediaType).toBe('image/png')
    expect((await pixelsOf(image.bytes)).data).toEqual(PICTURE.data)
  })

  // EXIF 2.32, tag 274: where row 0 and column 0 of the stored image belong in the upright one
  it.each([
    [1, (x: number, y: number) => [x, y]],
    [2, (x: number, y: number) => [127 - x, y]],
    [3, (x: number, y: number) => [127 - x, 63 - y]],
    [4, (x: number, y: number) => [x, 63 - y]],
    [5, (x: number, y: number) => [y, x]],
    [6, (x: number, y: number) => [63 - y, x]],
    [7, (x: number, y: number) => [63 - y, 127 - x]],
    [8, (x: number, y: number) => [y, 127 - x]],
  ] as const)('EXIF orientation %i is applied once', async (orientation, upright) => {
    const image = await normaliseImage(await fromPixels(PICTURE).png().withMetadata({ orientation }).toBuffer(), 'a.png')
    const { width, height, data } = await pixelsOf(image.bytes)
    expect([width, height]).toEqual(orientation >= 5 ? [64, 128] : [128, 64])
    expect([image.widthPx, image.heightPx]).toEqual([width, height])
    for (const [x, y] of [[0, 0], [127, 0], [5, 60], [90, 33]] as const) {
      const [toX, toY] = upright(x, y)
      const stored = PICTURE.data.subarray((y * 128 + x) * 3).subarray(0, 3)
      expect(data.subarray((toY * width + toX) * 3).subarray(0, 3)).toEqual(stored)
    }
    expect((await sharp(image.bytes).metadata()).orientation ?? 1).toBe(1)
  })

  it('16 bits become 8 by rounding v / 257', async () => {
    const image = await normaliseImage(await sixteenBitPng(128, 64), 'a.png')
    const { data, channels } = await pixelsOf(image.bytes)
    expect(channels).toBe(3)
    expect(data).toEqual(Uint8Array.from(sixteenBitSamples(128, 64), (value) => Math.round(value / 257)))
  })

  it('grey becomes three equal channels', async () => {
    const grey = Uint8Array.from({ length: 128 * 64 }, (_, i) => i % 251)
    const image = await normaliseImage(await sharp(grey, { raw: { width: 128, height: 64, channels: 1 } }).toColourspace('b-w').png().toBuffer(), 'a.png')
    const { data, channels } = await pixelsOf(image.bytes)
    expect(channels).toBe(3)
    expect(data).toEqual(Uint8Array.from({ length: 128 * 64 * 3 }, (_, i) => grey[Math.floor(i / 3)]))
    expect((await sharp(image.bytes).metadata()).channels).toBe(3)
  })

  it('CMYK becomes RGB: a grey ramp stays a grey ramp', async () => {
    const width = 128
    const ramp = Uint8Array.from({ length: width * 64 * 3 }, (_, i) => Math.floor(i / 3) % width * 2)
    const cmyk = await fromPixels({ width, height: 64, data: ramp }).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer()
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk')
    const image = await normaliseImage(cmyk, 'a.jpg')
    const { data, channels } = await pixelsOf(image.bytes)
    expect(channels).toBe(3)
    expect(largestDifference(data, ramp)).toBeLessThan(40)
    expect(data[3]).toBeLessThan(data[3 * 64])
    expect(data[3 * 64]).toBeLessThan(data[3 * 127])
  })

  it('Display P3 is converted to sRGB', async () => {
    const red = new Uint8Array(128 * 64 * 3).map((_, i) => (i % 3 === 0 ? 200 : 60))
    const inP3 = await fromPixels({ width: 128, height: 64, data: red }).withIccProfile('p3').png().toBuffer()
    const stored = await sharp(inP3, { ignoreIcc: true }).raw().toBuffer()
    expect(largestDifference(stored, red)).toBeGreaterThan(10)
    const image = await normaliseImage(inP3, 'a.png')
    expect((await sharp(image.bytes).metadata()).icc).toBeUndefined()
    expect(largestDifference(await sharp(image.bytes, { ignoreIcc: true }).raw().toBuffer(), red)).toBeLessThan(4)
  })

  it('transparency is laid on black, with a warning; an opaque alpha channel is dropped without one', async () => {
    const rgba = new Uint8Array(128 * 64 * 4)
    for (let i = 0; i < 128 * 64; i++) rgba.set([200, 100, 50, i < 64 ? 0 : 255], i * 4)
    const image = await normaliseImage(await sharp(rgba, { raw: { width: 128, height: 64, channels: 4 } }).png().toBuffer(), 'sky.png')
    const { data, channels } = await pixelsOf(image.bytes)
    expect(channels).toBe(3)
    expect([...data.subarray(0, 3), ...data.subarray(64 * 3, 65 * 3)]).toEqual([0, 0, 0, 200, 100, 50])
    expect(image.warnings).toEqual([expect.stringMatching(/sky\.png.*transparent.*black/)])

    const opaque = await normaliseImage(await fromPixels(PICTURE).ensureAlpha(1).png().toBuffer(), 'sky.png')
    expect(opaque.warnings).toEqual([])
    expect((await pixelsOf(opaque.bytes)).data).toEqual(PICTURE.data)
  })

  it('transparency of 16-bit and of grey images is found, too', async () => {
    const deep = new Uint16Array(128 * 64 * 4).fill(65535)
    deep[4 * 70 + 3] = 0
    const fromDeep = await normaliseImage(await sharp(deep, { raw: { width: 128, height: 64, channels: 4 } }).toColourspace('rgb16').png().toBuffer(), 'deep.png')
    expect(fromDeep.warnings).toHaveLength(1)
    expect([...(await pixelsOf(fromDeep.bytes)).data.subarray(69 * 3, 72 * 3)]).toEqual([255, 255, 255, 0, 0, 0, 255, 255, 255])

    const grey = new Uint8Array(128 * 64 * 2).fill(255)
    grey[2 * 70 + 1] = 0
    const fromGrey = await normaliseImage(await sharp(grey, { raw: { width: 128, height: 64, channels: 2 } }).toColourspace('b-w').png().toBuffer(), 'grey.png')
    expect(fromGrey.warnings).toHaveLength(1)
    expect([...(await pixelsOf(fromGrey.bytes)).data.subarray(69 * 3, 72 * 3)]).toEqual([255, 255, 255, 0, 0, 0, 255, 255, 255])
  })

  it('of an animation the first frame is taken, with a warning', async () => {
    const other = picture(128, 64, 90)
    const image = await normaliseImage(await animatedWebp([PICTURE, other]), 'walk.webp')
    expect(image.mediaType).toBe('image/png')
    expect((await pixelsOf(image.bytes)).data).toEqual(PICTURE.data)
    expect(image.warnings).toEqual([expect.stringMatching(/walk\.webp has 2 frames.*only the first/)])
  })

  it('an animated PNG is rewritten with the first frame alone', async () => {
    const control = pngChunk('acTL', Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]))
    const image = await normaliseImage(withPngChunks(await png(PICTURE), [control]), 'walk.png')
    expect(image.bytes.includes('acTL')).toBe(false)
    expect(image.warnings).toEqual([expect.stringContaining('walk.png')])
  })

  it('a PNG with a gamma of its own is rewritten, so that browsers show the numbers the networks see', async () => {
    const gamma = Buffer.alloc(4)
    gamma.writeUInt32BE(100_000)
    const tagged = withPngChunks(await png(PICTURE), [pngChunk('gAMA', gamma)])
    const image = await normaliseImage(tagged, 'a.png')
    expect(image.bytes.includes('gAMA')).toBe(false)
    expect((await pixelsOf(image.bytes)).data).toEqual(PICTURE.data)
  })
})

describe('a file that is refused: the message names it, the reason and the remedy', () => {
  it.each([
    ['cut.jpg', async () => (await jpeg()).subarray(0, 3000), /cut\.jpg is damaged or cut short.*Copy it again/],
    ['last.jpg', async () => (await jpeg()).subarray(0, -2), /last\.jpg is damaged or cut short/],
    ['cut.png', async () => (await png()).subarray(0, 6000), /cut\.png is damaged or cut short/],
    ['cut.webp', async () => (await fromPixels(PICTURE).webp().toBuffer()).subarray(0, 400), /cut\.webp is damaged or cut short/],
    ['cut.tif', async () => (await fromPixels(PICTURE).tiff().toBuffer()).subarray(0, 1500), /cut\.tif is damaged or cut short/],
    ['text.png', () => Buffer.from('not an image at all'), /text\.png is not a jpg, png, webp or tiff image.*leave it out/],
    ['drawing.png', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"/>'), /drawing\.png is a svg file/],
    ['dot.png', () => png(picture(1, 1)), /dot\.png has 1 x 1 pixels; a panorama has at least 64 x 32/],
    ['tall.png', () => fromPixels(picture(128, 40)).png().withMetadata({ orientation: 6 }).toBuffer(), /tall\.png has 40 x 128 pixels/],
    ['huge.png', () => hugePng(30_000, 15_000), /huge\.png has 30000 x 15000 pixels \(450 megapixels\); at most 268 megapixels.*Scale it down/],
    ['hdr.tif', () => floatTiff(128, 64), /hdr\.tif has samples of type float.*Tone-map/],
  ])('%s', async (name, make, message) => {
    await expect(normaliseImage(await make(), name)).rejects.toMatchObject({ name: 'StudioError', code: 'bad-file', message: expect.stringMatching(message) })
  })

  it('damage in the middle of a PNG is found though its header is whole', async () => {
    const bytes = Buffer.from(await png())
    bytes[bytes.length >> 1] ^= 0xff
    await expect(normaliseImage(bytes, 'bit.png')).rejects.toThrow(/bit\.png is damaged/)
  })

  it('the limit is sharp\'s own', () => {
    expect(MAX_PIXELS).toBe(268_402_689)
  })
})
