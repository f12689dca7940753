import { decode, type DecodedPng, encode } from 'fast-png'
import type { Raster } from '../raster/raster.ts'

export type PaletteColor = readonly [red: number, green: number, blue: number]

const PALETTE_LIMIT = 256

/** 8-bit indexed PNG: pixel values are indices into `palette`. Throws RangeError where a value has no entry there. */
export function writeIndexedPng({ width, height, data }: Raster, palette: readonly PaletteColor[]): Uint8Array {
  if (palette.length < 1 || palette.length > PALETTE_LIMIT) {
    throw new RangeError(`A PNG palette has 1 to ${PALETTE_LIMIT} colours, not ${palette.length}.`)
  }
  let greatest = 0
  for (let i = 0; i < data.length; i++) if (data[i] > greatest) greatest = data[i]
  if (greatest >= palette.length) throw new RangeError(`Value ${greatest} has no colour: the palette has ${palette.length}.`)
  return encode({ width, height, data, channels: 1, depth: 8, palette: palette.map((color) => [...color]) })
}

/** 8-bit greyscale PNG. */
export function writeGreyPng({ width, height, data }: Raster): Uint8Array {
  return encode({ width, height, data, channels: 1, depth: 8 })
}

/**
 * A label map: the indices of an indexed PNG, the values of a greyscale one (1 to 8 bits; 16 bits where no value passes
 * 255). Throws Error where it is none of these.
 */
export function readLabelPng(bytes: Uint8Array): Raster {
  const png = decodePng(bytes)
  const { width, height, channels, depth, data } = png
  if (channels !== 1) {
    throw new Error(`A label map must be an indexed or a greyscale PNG; this one has ${channels} channels per pixel.`)
  }
  if (depth < 8) return { width, height, data: unpackBits(png) }
  if (data instanceof Uint16Array) return { width, height, data: narrow(data) }
  return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) }
}

/** Any PNG, its checksums verified. Throws Error where it cannot be read. */
export function decodePng(bytes: Uint8Array): DecodedPng {
  try {
    return decode(bytes, { checkCrc: true })
  } catch (cause) {
    throw new Error(`Not a readable PNG: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** Rows of 1, 2 or 4 bits per pixel, the leftmost pixel in the highest bits, each row starting at a byte. */
function unpackBits({ width, height, depth, data }: DecodedPng): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8)
  const values = new Uint8Array(width * height)
  const mask = (1 << depth) - 1
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth
      values[y * width + x] = (data[y * rowBytes + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask
    }
  }
  return values
}

function narrow(values: Uint16Array): Uint8Array {
  const greatest = values.reduce((most, value) => Math.max(most, value), 0)
  if (greatest > 255) throw new Error(`A label map holds ids of 0 to 255; this 16-bit PNG has the value ${greatest}.`)
  return Uint8Array.from(values)
}
