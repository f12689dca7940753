import { describe, expect, test } from 'vitest'
import { generateView } from './generate.ts'
import type { SynthRequest } from './types.ts'

const REQUEST: SynthRequest = { view: 'panorama', style: 'target', seed: 11, index: 3, width: 64, height: 32, fovDeg: 180 }

/** The classes that a camera sees when it looks straight down. */
function below(carrier: 'car' | 'walker'): readonly number[] {
  return [...new Set(generateView({ ...REQUEST, view: 'pinhole', style: 'source', fovDeg: 40, pitchDeg: -90, carrier }).trainIds)]
}

describe('generated views', () => {
  test('the same request gives the same pixels and the same truth', () => {
    expect(generateView(REQUEST)).toEqual(generateView({ ...REQUEST }))
  }, 20_000)

  test('another index, seed or style gives another street', () => {
    const first = generateView(REQUEST).depthM
    for (const change of [{ index: 4 }, { seed: 12 }, { style: 'source' as const }]) expect(generateView({ ...REQUEST, ...change }).depthM).not.toEqual(first)
  }, 20_000)

  test.each([
    { ...REQUEST, width: 130, height: 50, fovDeg: 120 },
    { ...REQUEST, view: 'pinhole' as const, style: 'source' as const, width: 75, height: 41, fovDeg: 70 },
    { ...REQUEST, width: 1, height: 1 },
  ])('is of the size asked for, and of one piece: $view $width x $height', (request) => {
    const image = generateView(request)
    const count = request.width * request.height
    expect([image.width, image.height]).toEqual([request.width, request.height])
    expect([image.rgb.length, image.trainIds.length, image.instanceIds.length, image.depthM.length]).toEqual([3 * count, count, count, count])
    for (let pixel = 0; pixel < count; pixel++) {
      const sky = image.trainIds[pixel] === 10
      if (image.trainIds[pixel] > 18 || !(image.depthM[pixel] > 0) || (image.depthM[pixel] === Infinity) !== sky) {
        expect({ pixel, trainId: image.trainIds[pixel], depth: image.depthM[pixel] }).toBe('a class, and how far away it is')
      }
    }
  }, 20_000)

  test('a camera that is carried along the pavement has it below itself, that of a car has the road', () => {
    expect(below('car')).toContain(0)
    expect(below('car')).not.toContain(1)
    expect(below('walker')).toContain(1)
    expect(below('walker')).not.toContain(0)
  }, 20_000)

  test('refuses what cannot be drawn, and says what can', () => {
    expect(() => generateView({ ...REQUEST, width: 0 })).toThrow(/0 x 32 pixels cannot be drawn/)
    expect(() => generateView({ ...REQUEST, height: 2.5 })).toThrow(RangeError)
    expect(() => generateView({ ...REQUEST, fovDeg: 200 })).toThrow(/panorama cannot show 200 degrees: give more than 0 and at most 180/)
    expect(() => generateView({ ...REQUEST, view: 'pinhole', fovDeg: 175 })).toThrow(/at most 170/)
    expect(() => generateView({ ...REQUEST, view: 'pinhole', fovDeg: 90, pitchDeg: -91 })).toThrow(/look up by -91 degrees: give -90 to 90/)
    expect(() => generateView({ ...REQUEST, pitchDeg: 10 })).toThrow(/leave its pitch at 0/)
  })
})
