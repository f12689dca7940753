import { decode } from 'fast-png'
import sharp from 'sharp'
import { describe, expect, it, test } from 'vitest'
import { readLabelPng } from '../../core/formats/indexed-png.ts'
import type { SynthRequest, SyntheticImage } from '../../core/synth/types.ts'
import { normaliseImage } from '../pipeline/import-image.ts'
import { resolveProjection } from '../pipeline/import-projection.ts'
import { centimetres, cityscapesInstances, encodeStreet, panoramaXmp } from './synth-files.ts'
import { SYNTH_FILE_KINDS } from './synth-tasks.ts'

const REQUEST: SynthRequest = { view: 'panorama', style: 'target', seed: 1, index: 0, width: 128, height: 64, fovDeg: 180 }

/** Two cars and a person in front of a road under the sky, in columns. */
function street(): SyntheticImage {
  const { width, height } = REQUEST
  const pixels = width * height
  const column = (pixel: number): number => Math.floor((8 * (pixel % width)) / width)
  const trainIds = Uint8Array.from({ length: pixels }, (_, pixel) => [0, 13, 13, 11, 10, 255, 8, 13][column(pixel)])
  // a tree has a number, too, but a tree is no thing to Cityscapes
  const instanceIds = Uint16Array.from({ length: pixels }, (_, pixel) => [0, 700, 40, 41, 0, 0, 9, 700][column(pixel)])
  return {
    width, height, trainIds, instanceIds,
    rgb: Uint8Array.from({ length: 3 * pixels }, (_, sample) => sample % 251),
    depthM: Float32Array.from({ length: pixels }, (_, pixel) => (trainIds[pixel] === 10 ? Infinity : 1.234 + column(pixel))),
  }
}

test('instance numbers are those of Cityscapes: by class, things alone', () => {
  const ids = cityscapesInstances({
    trainIds: Uint8Array.of(0, 13, 13, 11, 10, 255, 8, 13), instanceIds: Uint16Array.of(0, 700, 40, 41, 0, 0, 9, 700),
  })
  // car 26, person 24, road 7, sky 23, vegetation 21, unlabelled 0
  expect([...ids]).toEqual([7, 26001, 26000, 24000, 23, 0, 21, 26001])
})

test('distances are whole centimetres, and what is farther than 16 bits say is as far as the sky', () => {
  expect([...centimetres(Float32Array.of(0.014, 1.236, 655.34, 700, Infinity))]).toEqual([1, 124, 65534, 65535, 65535])
})

test('every file holds what it is named after', async () => {
  const image = street()
  const files = new Map((await encodeStreet(image, REQUEST, SYNTH_FILE_KINDS)).map(({ kind, bytes }) => [kind, bytes]))
  expect([...files.keys()]).toEqual([...SYNTH_FILE_KINDS])
  const at = (kind: 'labelTrainIds' | 'labelIds' | 'color') => readLabelPng(files.get(kind)!).data
  expect(at('labelTrainIds')).toEqual(image.trainIds)
  expect([...at('labelIds').subarray(0, 128)].filter((_, x) => x % 16 === 0)).toEqual([7, 26, 26, 24, 23, 0, 21, 26])
  const shown = await sharp(files.get('color')).removeAlpha().raw().toBuffer()
  expect([...shown.subarray(3 * 16, 3 * 16 + 3)]).toEqual([0, 0, 142])
  expect(decode(files.get('instanceIds')!)).toMatchObject({ depth: 16, channels: 1 })
  expect(decode(files.get('depth')!).data[16]).toBe(223)
  expect(await sharp(files.get('image')).raw().toBuffer()).toEqual(Buffer.from(image.rgb))
})

describe('where the rows lie on the sphere is read back by the import', () => {
  it.each([[1024, 512, 180], [2048, 400, 70.3125], [2048, 400, 70], [512, 200, 100], [300, 101, 90]])('%i x %i, %f degrees', (width, height, fovDeg) => {
    const { projection, warnings } = resolveProjection({
      widthPx: width, heightPx: height, xmp: panoramaXmp({ width, height, fovDeg }), hfovDeg: null, vfovDeg: null,
    })
    expect(warnings).toEqual([])
    expect(projection).toMatchObject({ hfovDeg: 360, horizonOffsetPx: 0, cyclic: true, source: 'gpano' })
    // a row more or less above and below
    expect(Math.abs(projection.vfovDeg - fovDeg)).toBeLessThanOrEqual((fovDeg * fovDeg) / (180 * height))
  })

  it('in the image itself, whose bytes are kept', async () => {
    const [{ bytes }] = await encodeStreet(street(), { ...REQUEST, fovDeg: 90 }, ['image'])
    const image = await normaliseImage(Buffer.from(bytes), 'street.png')
    expect(image.bytes.equals(Buffer.from(bytes))).toBe(true)
    const { widthPx, heightPx, xmp } = image
    expect(resolveProjection({ widthPx, heightPx, xmp, hfovDeg: null, vfovDeg: null }).projection).toMatchObject({ vfovDeg: 90, source: 'gpano' })
  })

  it('and a street camera says nothing of the kind', async () => {
    const [{ bytes }] = await encodeStreet(street(), { ...REQUEST, view: 'pinhole' }, ['image'])
    expect((await normaliseImage(Buffer.from(bytes), 'street.png')).xmp).toBeNull()
  })
})
