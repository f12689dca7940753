import { describe, expect, it } from 'vitest'
import { regionsOf } from './region-image.ts'
import { type StreetRegions, streetWindow } from './street-regions.ts'

const SIDE = 256
/** Cityscapes trainIds, as kinds of what has no number of its own */
const [FENCE, GRASS, SKY] = [4, 9, 10].map((trainId) => 0xff00 + trainId)
const A_TREE = 7
const FAR_AWAY = 0xffff

interface Surface {
  readonly kind: number
  /** decimetres */
  readonly depth: number
}

/** What each column shows, from the first row to the last. */
function columns(at: (x: number) => Surface): StreetRegions {
  const pixels = SIDE * SIDE
  const image = { width: SIDE, height: SIDE, cyclic: false, rgb: new Uint8Array(3 * pixels), kinds: new Uint16Array(pixels), pieces: new Uint16Array(pixels), depths: new Uint16Array(pixels) }
  for (let place = 0; place < pixels; place++) {
    const { kind, depth } = at(place % SIDE)
    image.kinds[place] = kind
    image.depths[place] = depth
  }
  return image
}

function areas(image: StreetRegions, level: number): readonly number[] {
  const { levels } = streetWindow(image, { x: 0, y: 0, size: SIDE, side: SIDE })
  return regionsOf(levels[level], SIDE).map(({ area }) => area / SIDE).toSorted((a, b) => b - a)
}

describe('regions of a street window', () => {
  it('are surfaces that go on behind bars, and have no parts there', () => {
    // bars of 4 columns, 60 apart, the first at 40: 40..43, 100..103, 160..163, 220..223
    const fence = columns((x) => ((x + 20) % 60 < 4 && x >= 40 ? { kind: FENCE, depth: 40 } : { kind: GRASS, depth: 60 }))
    expect(areas(fence, 0)).toEqual([SIDE - 16, 4, 4, 4, 4])
    expect(areas(fence, 1)).toEqual([SIDE - 16, 4, 4, 4, 4])
  })

  it('go on behind 8 of 256 pixels, and not behind 9', () => {
    const [narrow, wide] = [8, 9].map((width) => columns((x) => (x >= 100 && x < 100 + width ? { kind: FENCE, depth: 40 } : { kind: GRASS, depth: 60 })))
    expect(areas(narrow, 0)).toEqual([SIDE - 8, 8])
    expect(areas(wide, 0)).toEqual([SIDE - 109, 100, 9])
  })

  it('end where what lies between is farther away', () => {
    expect(areas(columns((x) => (x >= 100 && x < 104 ? { kind: SKY, depth: FAR_AWAY } : { kind: GRASS, depth: 60 })), 0)).toEqual([SIDE - 104, 100, 4])
    expect(areas(columns((x) => (x >= 100 && x < 104 ? { kind: FENCE, depth: 60 } : { kind: GRASS, depth: 60 })), 0)).toEqual([SIDE - 104, 100, 4])
  })

  it('end where what lies between is farther away than either side', () => {
    const [nearLeft, nearRight, nearNeither] = [[60, 71], [71, 60], [66, 71]].map(([left, right]) =>
      columns((x) => (x >= 100 && x < 104 ? { kind: FENCE, depth: 65 } : { kind: GRASS, depth: x < 100 ? left : right })))
    expect(areas(nearLeft, 0)).toEqual([SIDE - 104, 100, 4])
    expect(areas(nearRight, 0)).toEqual([SIDE - 104, 100, 4])
    expect(areas(nearNeither, 0)).toEqual([SIDE - 4, 4])
  })

  it('end where the other side is nearer or farther than one surface would be', () => {
    expect(areas(columns((x) => (x >= 100 && x < 104 ? { kind: FENCE, depth: 40 } : { kind: GRASS, depth: x < 100 ? 60 : 73 })), 0)).toEqual([SIDE - 104, 100, 4])
    expect(areas(columns((x) => (x >= 100 && x < 104 ? { kind: FENCE, depth: 40 } : { kind: GRASS, depth: x < 100 ? 60 : 71 })), 0)).toEqual([SIDE - 4, 4])
  })

  it('join the sky behind wires', () => {
    expect(areas(columns((x) => (x === 50 ? { kind: FENCE, depth: 90 } : { kind: SKY, depth: FAR_AWAY })), 0)).toEqual([SIDE - 1, 1])
  })

  it('are things as a whole, and their connected pieces as parts', () => {
    const tree = columns((x) => (x >= 100 && x < 150 ? { kind: GRASS, depth: 20 } : { kind: A_TREE, depth: 90 }))
    expect(areas(tree, 0)).toEqual([SIDE - 50, 50])
    expect(areas(tree, 1)).toEqual([SIDE - 150, 100, 50])
  })
})
