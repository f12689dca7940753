import { encode } from 'fast-png'
import type { Projection } from '../../../src/contract/schemas.ts'
import { CITYSCAPES } from '../../../src/core/labels/cityscapes.ts'
import { IGNORE_ID } from '../../../src/core/labels/label-set.ts'
import type { Raster, RgbImage } from '../../../src/core/raster/raster.ts'
import type { PanoramaSource } from '../../../src/renderer/src/viewer/types.ts'

/** Made-up panoramas whose every pixel is known. */

export const FULL_TURN: Omit<Projection, 'source'> = {
  kind: 'equirectangular', hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0, cyclic: true,
}

/** Smooth and cyclic: whole waves around the turn. Row and column can be told from a colour. */
export function wavesImage(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const turn = (2 * Math.PI * (x + 0.5)) / width
      const at = (y * width + x) * 3
      data[at] = Math.round(127.5 + 100 * Math.sin(turn))
      data[at + 1] = Math.round(127.5 + 100 * Math.cos(3 * turn))
      data[at + 2] = Math.round(20 + (200 * y) / height)
    }
  }
  return { width, height, data }
}

/** No two neighbours alike: shows every misplaced texel. */
export function noiseImage(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i++) data[i] = Math.imul(i ^ (i >>> 7), 2654435761) >>> 24
  return { width, height, data }
}

/** All 19 classes and ignore in cells of `cell` pixels. */
export function labelCells(width: number, height: number, cell: number): Raster<Uint8Array<ArrayBuffer>> {
  const data = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = (Math.floor(x / cell) * 7 + Math.floor(y / cell) * 3) % 20
      data[y * width + x] = value === 19 ? IGNORE_ID : value
    }
  }
  return { width, height, data }
}

export function toPng(image: RgbImage): Uint8Array {
  return encode({ width: image.width, height: image.height, data: image.data, channels: 3, depth: 8 })
}

export function sourceOf(
  imageUrl: string, size: { width: number; height: number }, projection: Partial<PanoramaSource['projection']> = {},
): PanoramaSource {
  return { imageUrl, width: size.width, height: size.height, projection: { ...FULL_TURN, ...projection }, labelSet: CITYSCAPES }
}

export function classColor(trainId: number): readonly [number, number, number] | null {
  return CITYSCAPES.classes.find((one) => one.trainId === trainId)?.color ?? null
}

export function rgbAt(image: { width: number; data: Uint8Array }, x: number, y: number, channels: 3 | 4): [number, number, number] {
  const at = (y * image.width + x) * channels
  return [image.data[at], image.data[at + 1], image.data[at + 2]]
}
