import { describe, expect, test } from 'vitest'
import type { Material, Pattern } from '../types.ts'
import { LOOK_LIGHT, newLook } from './look.ts'
import { lookAt } from './patterns.ts'
import { ALONG, FACE, FACE_HEIGHT, FACE_WIDTH, FOOTPRINT, newSurface, NORMAL, UP } from './surface.ts'
import { testScene } from './test-scene.ts'
import { packScene } from './world.ts'

const PLAIN: Material = { pattern: 'plain', color: [0.8, 0.8, 0.8], second: [0.1, 0.1, 0.1], scale: [0.5, 0.25], gloss: 0, emission: 0, seed: 3 }

/** The mean colour (red) of a face of 24 x 12 m, and the share of it where `counts` says so. */
function survey(material: Material, options: { footprint: number; counts?: (look: Float64Array) => boolean }): { mean: number; share: number } {
  const world = packScene(testScene({ materials: [material], parts: [] }))
  const [surface, look] = [newSurface(), newLook()]
  const steps = 160
  let [sum, counted] = [0, 0]
  for (let index = 0; index < steps * steps; index++) {
    // places of a fine grid that no pattern keeps step with
    surface[ALONG] = 24 * (((index % steps) + ((index * 0.618034) % 1)) / steps)
    surface[UP] = 12 * ((Math.floor(index / steps) + ((index * 0.754878) % 1)) / steps)
    surface.set([surface[ALONG], surface[UP], 0])
    surface[NORMAL + 2] = -1
    surface[FACE_WIDTH] = 24
    surface[FACE_HEIGHT] = 12
    surface[FACE] = 3
    surface[FOOTPRINT] = options.footprint
    lookAt(world, 0, { surface, look })
    sum += look[0]
    if (options.counts?.(look) === true) counted++
  }
  return { mean: sum / steps ** 2, share: counted / steps ** 2 }
}

describe('patterns', () => {
  test.each<Pattern>(['paving', 'bricks', 'stripes', 'boards', 'grain', 'blotches'])('%s looks from afar as it is on the average', (pattern) => {
    const material = { ...PLAIN, pattern, options: pattern === 'boards' ? [0.3, 0] : undefined }
    const near = survey(material, { footprint: 1e-4 }).mean
    const far = survey(material, { footprint: 2 }).mean
    expect(Math.abs(far - near)).toBeLessThan(0.03)
  })

  test('paving: joints take the share that stones of that size leave', () => {
    // joints of 5 % of the shorter side: 0.0125 m
    const expected = 1 - (1 - 0.0125 / 0.5) * (1 - 0.0125 / 0.25)
    const { share } = survey({ ...PLAIN, pattern: 'paving' }, { footprint: 1e-5, counts: (look) => look[0] < 0.3 })
    expect(share).toBeCloseTo(expected, 2)
  })

  test('a facade: windows take their share of the wall, lights their share of the windows', () => {
    // windows of 50 % x 40 % in whole cells: 24 m and 12 m hold 8 of 3 m, 4 of 3 m
    const facade: Material = { ...PLAIN, pattern: 'facade', color: [0.9, 0.9, 0.9], second: [0.02, 0.02, 0.02], scale: [3, 3], options: [0.5, 0.4, 1, 0] }
    const lit = survey(facade, { footprint: 0.001, counts: (look) => look[LOOK_LIGHT] > 0 })
    // frames of 7 cm on each side, and around each of two panes, do not shine
    const pane = ((1.5 - 4 * 0.07) / 3) * ((1.2 - 2 * 0.07) / 3)
    expect(lit.share).toBeCloseTo(pane, 1)
    const dark = survey({ ...facade, options: [0.5, 0.4, 0, 0] }, { footprint: 0.001, counts: (look) => look[LOOK_LIGHT] > 0 })
    expect(dark.share).toBe(0)
    const some = survey({ ...facade, scale: [1.5, 1.5], options: [0.5, 0.5, 0.25, 0] }, { footprint: 0.2, counts: (look) => look[LOOK_LIGHT] > 0.01 })
    expect(some.share / 0.25).toBeGreaterThan(0.12)
    expect(some.share / 0.25).toBeLessThan(0.6)
  })

  test('stripes run level, one on the other, in their shares', () => {
    const { share } = survey({ ...PLAIN, pattern: 'stripes', options: [0.3] }, { footprint: 1e-5, counts: (look) => look[0] < 0.3 })
    expect(share).toBeCloseTo(0.3, 2)
  })

  test('a sign has a border of the second colour', () => {
    const world = packScene(testScene({ materials: [{ ...PLAIN, pattern: 'sign' }], parts: [] }))
    const [surface, look] = [newSurface(), newLook()]
    surface[FACE_WIDTH] = surface[FACE_HEIGHT] = 0.6
    surface[FACE] = 3
    for (const [along, up] of [[0.02, 0.3], [0.58, 0.1], [0.3, 0.01], [0.2, 0.59]]) {
      surface[ALONG] = along
      surface[UP] = up
      lookAt(world, 0, { surface, look })
      expect(look[0]).toBeCloseTo(0.1, 9)
    }
  })

  test('no colour leaves 0..1, at any place, near or far', () => {
    const world = packScene(testScene())
    const [surface, look] = [newSurface(), newLook()]
    for (let index = 0; index < 1500; index++) {
      const at = (step: number): number => ((index * step) % 1) * 30 - 5
      surface.set([at(0.618034), at(0.754878), at(0.569841), 0, 0, -1, at(0.618034), at(0.754878), 20, 20, 10 ** (((index * 0.38197) % 1) * 5 - 4), index % 8])
      lookAt(world, index % testScene().materials.length, { surface, look })
      for (let channel = 0; channel < 4; channel++) {
        expect(look[channel]).toBeGreaterThanOrEqual(0)
        expect(look[channel]).toBeLessThanOrEqual(1)
      }
    }
  })
})
