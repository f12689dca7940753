import { describe, expect, test } from 'vitest'
import { streetScene } from '../../../../test/fixtures/goodsam-scenes.ts'
import type { TrainingData } from '../../formats/training-data.ts'
import { rollColumns, rollRgbColumns } from '../../geometry/roll.ts'
import { pixelValues } from '../../raster/pixel-values.ts'
import { RECIPES } from '../config.ts'
import { DISTILLATION_DEFAULTS, type DistillationConfig } from '../distillation-config.ts'
import { samplePlan, seededRandom } from './random.ts'
import { makePlanes, planesAt, planesBytes, type SamplePlanes } from './sample-planes.ts'
import { drawSample, NO_AUGMENTATION } from './sampler.ts'
import { makeTrainingData } from './targets.ts'
import { countWindowVotes } from './window-votes.ts'

const SIZE = { width: 64, height: 32 }
const AREA = SIZE.width * SIZE.height
type Augmentation = DistillationConfig['augmentation']

function panorama(cyclic = true): TrainingData {
  const frame = { widthPx: SIZE.width, heightPx: SIZE.height, cyclic: true }
  const { masks, semantics } = streetScene({ frame, classes: 6, masks: 60, seed: 4 })
  const image = { ...SIZE, data: Uint8Array.from({ length: 3 * AREA }, (_, i) => (i * 31 + (i % 7) * 11) & 255) }
  const boundary = { ...SIZE, data: Uint8Array.from({ length: AREA }, (_, p) => (p % 17 === 0 ? 1 : 0)) }
  const data = makeTrainingData({ image, cyclic: true, semantics, masks, fusion: { ...RECIPES.goodsam.fusion, theta: 0.8 }, fused: semantics.label, boundary, truth: null }, SIZE)
  return cyclic ? data : { ...data, cyclic: false, windows: data.windows.filter(({ window }) => window.x + window.width <= SIZE.width) }
}

function draw(data: TrainingData, augmentation: Partial<Augmentation>, options: { seed?: number; windowsPerSample?: number | null; weight?: number } = {}) {
  const { seed = 1, windowsPerSample = null, weight } = options
  return drawSample(data, { config: { augmentation: { ...NO_AUGMENTATION, ...augmentation }, windowsPerSample }, random: seededRandom(seed), weight })
}

/** The sample with column x of the panorama in column `at(x)`. */
function movedColumns(planes: SamplePlanes, from: (x: number) => number): SamplePlanes {
  const moved = makePlanes(SIZE)
  for (const [name, plane] of Object.entries(planes)) {
    plane.forEach((_, i) => {
      const x = i % SIZE.width
      moved[name as keyof SamplePlanes][i] = plane[i - x + from(x)]
    })
  }
  return moved
}

describe('a sample without augmentation is the panorama', () => {
  const data = panorama()
  const { planes } = draw(data, {}, { weight: 2 })

  test('image, TA map, boundary, weight', () => {
    const expected = pixelValues(data.image, SIZE)
    expect(planes.pixel_values.every((value, i) => Math.abs(value - expected[i]) < 1e-6)).toBe(true)
    expect([...planes.ta]).toEqual([...data.ta.data])
    expect([...planes.boundary]).toEqual([...(data.boundary?.data ?? [])])
    expect(planes.pixel_weight.every((value) => value === 2)).toBe(true)
  })

  test('votes are the two classes that most windows say, counted window by window', () => {
    const random = seededRandom(8)
    const differing = { ...data, windows: data.windows.map((each) => ({ ...each, label: each.label.map(() => (random.next() < 0.1 ? 255 : random.below(3))) })) }
    const { planes: voted, droppedVotes } = draw(differing, {})
    const [actual, wanted]: number[][] = [[], []]
    let kept = 0
    let cast = 0
    for (let p = 0; p < AREA; p++) {
      const tally = new Map<number, { votes: number; trusted: number }>()
      for (const { window, label, trusted } of differing.windows) {
        const column = ((p % SIZE.width) - window.x + SIZE.width) % SIZE.width
        const row = Math.floor(p / SIZE.width) - window.y
        const at = row * window.width + column
        if (column >= window.width || row < 0 || row >= window.height || label[at] === 255) continue
        const own = tally.get(label[at]) ?? { votes: 0, trusted: 0 }
        tally.set(label[at], { votes: own.votes + 1, trusted: own.trusted + trusted[at] })
      }
      const order = [...tally].toSorted(([a, { votes: m }], [b, { votes: n }]) => n - m || a - b)
      cast += order.reduce((sum, [, { votes }]) => sum + votes, 0)
      const expected = [0, 1].map((k) => order[k] ?? ([255, { votes: 0, trusted: 0 }] as const))
      kept += expected.reduce((sum, [, { votes }]) => sum + votes, 0)
      for (const [k, [label, { votes, trusted }]] of expected.entries()) wanted.push(k, label, votes, trusted)
      actual.push(0, voted.first[p], voted.first_votes[p], voted.first_trusted[p], 1, voted.second[p], voted.second_votes[p], voted.second_trusted[p])
    }
    expect(actual).toEqual(wanted)
    expect(kept).toBeLessThan(cast)
    expect(droppedVotes).toBeCloseTo((cast - kept) / cast, 12)
  })
})

describe('augmentation moves everything alike', () => {
  const data = panorama()
  const plain = draw(data, {}).planes

  test('a roll is the panorama rolled: image, labels and windows', () => {
    const shifts = new Set<number>()
    for (let seed = 1; seed <= 8; seed++) {
      const { planes } = draw(data, { yaw: true }, { seed })
      const shift = Array.from({ length: SIZE.width }, (_, k) => k).find((k) => rollColumns(data.ta, k).data.every((value, p) => value === planes.ta[p]))
      if (shift === undefined) throw new Error('the TA map is not a roll')
      shifts.add(shift)
      expect(planes).toEqual(movedColumns(plain, (x) => (x + shift) % SIZE.width))
      const expected = pixelValues(rollRgbColumns(data.image, shift), SIZE)
      expect(planes.pixel_values.every((value, i) => Math.abs(value - expected[i]) < 1e-6)).toBe(true)
    }
    expect(shifts.size).toBeGreaterThan(5)
  })

  test('a partial panorama is never rolled', () => {
    const partial = panorama(false)
    for (let seed = 1; seed <= 4; seed++) expect(draw(partial, { yaw: true }, { seed }).planes).toEqual(draw(partial, {}).planes)
  })

  test('a flip is the mirror image, every other time or so', () => {
    const mirror = movedColumns(plain, (x) => SIZE.width - 1 - x)
    let mirrored = 0
    for (let seed = 1; seed <= 40; seed++) {
      const { planes } = draw(data, { flip: true }, { seed })
      const isMirrored = planes.ta[0] === mirror.ta[0] && planes.ta.every((value, p) => value === mirror.ta[p])
      if (isMirrored) mirrored++
      expect(planes).toEqual(isMirrored ? mirror : plain)
    }
    expect(mirrored).toBeGreaterThan(10)
    expect(mirrored).toBeLessThan(30)
  })

  test('a zoom of 2 shows half of each axis, labels nearest, colours between', () => {
    // colours that are linear along both axes are linear in every enlargement
    const image = { ...SIZE, data: Uint8Array.from({ length: 3 * AREA }, (_, i) => [2 * (Math.floor(i / 3) % SIZE.width), 4 * Math.floor(i / 3 / SIZE.width), 128][i % 3]) }
    const ta = { ...SIZE, data: Uint8Array.from({ length: AREA }, (_, p) => p % SIZE.width) }
    const { planes } = drawSample({ ...data, image, ta, cyclic: false, windows: [] }, {
      config: { augmentation: { ...NO_AUGMENTATION, scale: [2, 2] }, windowsPerSample: null }, random: seededRandom(3), normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
    })
    const at = (channel: number, x: number, y: number): number => 255 * planes.pixel_values[channel * AREA + y * SIZE.width + x]
    // half a pixel further per pixel: centres are (x + 0.5) / 2 from the start
    const start = at(0, 20, 9) / 2 + 0.5 - 20.5 / 2
    expect(start).toBeGreaterThanOrEqual(0)
    expect(start).toBeLessThanOrEqual(SIZE.width / 2)
    for (let x = 1; x < SIZE.width - 1; x++) {
      const column = start + (x + 0.5) / 2
      expect(at(0, x, 9)).toBeCloseTo(2 * (column - 0.5), 3)
      expect(planes.ta[9 * SIZE.width + x]).toBe(Math.floor(column))
      expect(at(2, x, 9)).toBeCloseTo(128, 3)
    }
    for (let y = 2; y < SIZE.height - 1; y++) expect(at(1, 5, y) - at(1, 5, y - 1)).toBeCloseTo(2, 3)
    expect(planes.pixel_weight.every((value) => value === 1)).toBe(true)
  })

  test('half the size: what is beyond counts nothing and says nothing; around the turn there is no beyond', () => {
    for (const cyclic of [false, true]) {
      const { planes } = draw(panorama(cyclic), { scale: [0.5, 0.5], jitter: 0.5 }, { seed: 5 })
      const seen = planes.pixel_weight.reduce((sum, value) => sum + value, 0)
      expect(seen).toBe(cyclic ? AREA / 2 : AREA / 4)
      planes.pixel_weight.forEach((value, p) => {
        if (value !== 0) return
        expect([planes.ta[p], planes.first[p], planes.second[p]]).toEqual([255, 255, 255])
        expect([planes.first_votes[p], planes.second_trusted[p], planes.boundary[p], planes.pixel_values[p], planes.pixel_values[2 * AREA + p]]).toEqual([0, 0, 0, 0, 0])
      })
    }
  })

  test('made smaller, every edge is on one pixel', () => {
    for (let p = SIZE.width + 1; p < AREA - SIZE.width; p += 97) {
      if (p % SIZE.width === 0 || p % SIZE.width === SIZE.width - 1) continue
      const boundary = { ...SIZE, data: new Uint8Array(AREA) }
      boundary.data[p] = 1
      const { planes } = draw({ ...panorama(false), boundary }, { scale: [0.6, 0.6] }, { seed: p })
      expect(planes.boundary.reduce((sum, value) => sum + value, 0)).toBe(1)
    }
  })
})

describe('a sample is a function of its random state', () => {
  const data = panorama()
  const config = { ...DISTILLATION_DEFAULTS, windowsPerSample: 5 }

  test('the same seed and index give the same bytes, in a buffer that was used before too', () => {
    const plan = samplePlan(7, 3)
    const size = planesBytes(SIZE, 2)
    const shared = makePlanes(SIZE, 2, new SharedArrayBuffer(size))
    for (const plane of Object.values(shared)) plane.fill(77)
    for (const index of [4, 0, 11, 4]) {
      const fresh = drawSample(data, { config, random: samplePlan(7, 3)(index).random })
      const reused = drawSample(data, { config, random: plan(index).random }, planesAt(shared, 1, SIZE))
      for (const [name, plane] of Object.entries(fresh.planes)) expect([...reused.planes[name as keyof SamplePlanes]], name).toEqual([...plane])
    }
    expect(planesAt(shared, 0, SIZE).ta.every((value) => value === 77)).toBe(true)
  })

  test('votes that were counted before are used where all windows count', () => {
    const votes = countWindowVotes(data)
    for (const windowsPerSample of [null, 5]) {
      const drawn = (before?: typeof votes): SamplePlanes => drawSample(data, { config: { ...config, windowsPerSample }, random: seededRandom(3), votes: before }).planes
      expect(drawn(votes)).toEqual(drawn())
    }
  })

  test('so many windows vote as are drawn', () => {
    const most = (count: number | null): number => {
      const { planes } = draw(data, {}, { windowsPerSample: count })
      return planes.first_votes.reduce((sum, value, p) => sum + value + planes.second_votes[p], 0)
    }
    const [{ window: { width, height } }] = data.windows
    expect(most(1)).toBe(width * height)
    expect(most(2)).toBe(2 * width * height)
    expect(most(1000)).toBe(most(null))
  })

  test('without masks there are no edges and nothing is trusted', () => {
    const { planes } = draw({ ...data, boundary: null, windows: data.windows.map((each) => ({ ...each, trusted: new Uint8Array(each.trusted.length) })) }, {})
    for (const name of ['boundary', 'first_trusted', 'second_trusted'] as const) expect(planes[name].every((value) => value === 0)).toBe(true)
  })
})
