/** Street images with truth, drawn once and kept in a folder: one file per image. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateView } from '../src/core/synth/generate.ts'
import type { SynthRequest } from '../src/core/synth/types.ts'

/** What the images of one split have in common. */
export interface StreetSplit {
  readonly seed: number
  readonly width: number
  readonly height: number
  /** horizontal fields of view in degrees: image `index` has number `index` modulo their count */
  readonly fovsDeg: readonly number[]
  /** how far the camera looks up, degrees: likewise */
  readonly pitchesDeg: readonly number[]
  /** who carries the camera: likewise */
  readonly carriers: readonly NonNullable<SynthRequest['carrier']>[]
}

export interface StreetImage {
  readonly width: number
  readonly height: number
  /** 8-bit sRGB, interleaved */
  readonly rgb: Uint8Array
  readonly trainIds: Uint8Array
}

/** The street camera of the training images, as it is mounted on a car. */
export const LEVEL_STREETS: StreetSplit = { seed: 1, width: 512, height: 256, fovsDeg: [90, 75, 90, 105], pitchesDeg: [0], carriers: ['car'] }
/** Other streets, where every other image looks up or down: the windows of a panorama look everywhere. */
export const PITCHED_STREETS: StreetSplit = { ...LEVEL_STREETS, seed: 3, pitchesDeg: [0, 35, 0, -30, 0, 60, 0, -55, 15] }
/** Still other streets, mostly seen from the pavement: half of all panoramas are taken there. */
export const WALKED_STREETS: StreetSplit = { ...LEVEL_STREETS, seed: 4, pitchesDeg: [0, 35, 0, -30, 0, 60, -55], carriers: ['walker', 'car', 'walker'] }
/** All of it: from the lane (a field of view of 90 degrees) and from the pavement (75 or 105) in turn, more often level than not. */
export const MIXED_STREETS: StreetSplit = { ...LEVEL_STREETS, seed: 5, pitchesDeg: [0, 35, 0, 0, -30, 0, 60, 0, -55], carriers: ['car', 'walker'] }
/** Streets that no training sees. */
export const HELD_OUT_STREETS: StreetSplit = { seed: 2, width: 512, height: 256, fovsDeg: [90], pitchesDeg: [0], carriers: ['car'] }

export function streetRequest({ seed, width, height, fovsDeg, pitchesDeg, carriers }: StreetSplit, index: number): SynthRequest {
  return {
    view: 'pinhole', style: 'source', seed, index, width, height, fovDeg: fovsDeg[index % fovsDeg.length] ?? 90, pitchDeg: pitchesDeg[index % pitchesDeg.length] ?? 0,
    carrier: carriers[index % carriers.length] ?? 'car',
  }
}

/** Whether no image is taken from a pavement. */
export function isFromCars({ carriers }: Pick<StreetSplit, 'carriers'>): boolean {
  return carriers.every((carrier) => carrier === 'car')
}

/** Draws the image. */
export function drawStreet(split: StreetSplit, index: number): StreetImage {
  const { width, height, rgb, trainIds } = generateView(streetRequest(split, index))
  return { width, height, rgb, trainIds }
}

/**
 * A short name for what the street generator draws at present: another one where its pictures have changed, so that
 * pictures of two worlds share no folder. Level cameras on cars stand for all: who changes what other cameras see alone
 * removes the folders of their splits.
 */
export function worldName(): string {
  const hash = createHash('sha256')
  for (let index = 0; index < PROBES; index++) {
    const { rgb, trainIds } = drawStreet({ seed: 0, width: 64, height: 32, fovsDeg: [90], pitchesDeg: [0], carriers: ['car'] }, index)
    hash.update(rgb).update(trainIds)
  }
  return hash.digest('hex').slice(0, 12)
}

const PROBES = 4

/** Images of a split from `folder`; those that are not there are drawn and kept. */
export function streetCache(folder: string, split: StreetSplit): (index: number) => StreetImage {
  const { seed, width, height, fovsDeg, pitchesDeg, carriers } = split
  const from = isFromCars(split) ? '' : `-${carriers.join('-')}`
  const place = join(folder, `${width}x${height}-seed${seed}-fov${fovsDeg.join('-')}-pitch${pitchesDeg.join('_')}${from}`)
  mkdirSync(place, { recursive: true })
  const pixels = width * height
  return (index) => {
    const path = join(place, `${String(index).padStart(6, '0')}.street`)
    const bytes = readOrNull(path)
    if (bytes?.length === 4 * pixels) return { width, height, rgb: bytes.subarray(0, 3 * pixels), trainIds: bytes.subarray(3 * pixels) }
    const image = drawStreet(split, index)
    const both = new Uint8Array(4 * pixels)
    both.set(image.rgb)
    both.set(image.trainIds, 3 * pixels)
    const temporary = `${path}.${randomUUID()}.tmp`
    writeFileSync(temporary, both)
    renameSync(temporary, path)
    return image
  }
}

function readOrNull(path: string): Uint8Array | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
