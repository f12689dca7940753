import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { CITYSCAPES } from '../../src/core/labels/cityscapes.ts'

/** Panoramas painted in the Cityscapes colours: what a network that knows the colours must answer is known everywhere. */

export const PAINTED = { width: 512, height: 256 } as const

/** trainId of a pixel of the scene, rolled to the left by `roll` columns. Regions are aligned to 8 pixels. */
export function paintedTrainId(x: number, y: number, roll = 0): number {
  const column = (x + roll) % PAINTED.width
  if (y >= 176) return 0 // road
  if (y >= 136 && column >= 200 && column < 264) return 13 // car
  if (y >= 160) return 1 // sidewalk
  if (y >= 72 && column >= 320 && column < 448) return 2 // building
  if (y >= 104 && column < 96) return 8 // vegetation, up to the seam
  return 10 // sky
}

export async function writePaintedPanorama(folder: string, name: string, roll = 0): Promise<string> {
  const { width, height } = PAINTED
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(CITYSCAPES.classes[paintedTrainId(x, y, roll)].color, 3 * (y * width + x))
  }
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${name}.png`)
  await sharp(data, { raw: { width, height, channels: 3 } }).png().toFile(file)
  return file
}

/** Share of pixels of a label map that are what was painted, leaving out a rim of `rimPx` around every border. */
export function agreementWithPainting(label: { width: number; height: number; data: Uint8Array }, options: { roll?: number; rimPx: number }): number {
  const { roll = 0, rimPx } = options
  const truth = (x: number, y: number): number =>
    paintedTrainId((x + PAINTED.width) % PAINTED.width, Math.min(PAINTED.height - 1, Math.max(0, y)), roll)
  let counted = 0
  let right = 0
  for (let y = 0; y < label.height; y++) {
    for (let x = 0; x < label.width; x++) {
      const own = truth(x, y)
      const atBorder = [-rimPx, rimPx].some((d) => truth(x + d, y) !== own || truth(x, y + d) !== own)
      if (atBorder) continue
      counted++
      if (label.data[y * label.width + x] === own) right++
    }
  }
  return right / counted
}
