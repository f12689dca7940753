import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GOLDEN_CASES, drawn } from '../../../test/fixtures/metrics-golden.ts'
import { rollColumns } from '../geometry/roll.ts'
import type { Raster } from '../raster/raster.ts'
import { addToBoundaryCounts, boundaryScores, emptyBoundaryCounts, type BoundaryOptions } from './boundary-f.ts'

type Pair = { readonly truth: Raster; readonly prediction: Raster }

function countsOf(pairs: readonly Pair[], classes: number, options: BoundaryOptions) {
  const counts = emptyBoundaryCounts(classes)
  for (const { truth, prediction } of pairs) addToBoundaryCounts(counts, truth, prediction, options)
  return counts
}

const golden = GOLDEN_CASES.flatMap(({ name, pairs, classes, boundary }) => boundary.map((of) => ({ ...of, name, pairs, classes })))

test.each(golden)('$name, tolerance $tolerance, cyclic $cyclic: as by distance transforms (test/fixtures/metrics.golden.py)', (of) => {
  const counts = countsOf(of.pairs, of.classes, of)
  for (const column of ['truth', 'prediction', 'truthMatched', 'predictionMatched'] as const) expect([...counts[column]]).toEqual(of[column])
  const { f, meanF } = boundaryScores(counts)
  expect(f.map((value) => value === null)).toEqual(of.f.map((value) => value === null))
  f.forEach((value, id) => expect(value ?? 0).toBeCloseTo(of.f[id] ?? 0, 12))
  expect(meanF).toBeCloseTo(of.meanF, 12)
})

const WIDE = { width: 100, height: 10 }
/** 1 from column `from` on, up to `to`; elsewhere 0 */
const striped = (from: number, to = 100): Raster =>
  ({ ...WIDE, data: Uint8Array.from({ length: 1000 }, (_, i) => (i % 100 >= from && i % 100 < to ? 1 : 0)) })
/** The tolerance that allows so many pixels of `WIDE`. */
const toleranceOf = (pixels: number) => (pixels + 1e-6) / Math.hypot(100, 10)

/** Whether one pixel of class 1 in 2048 x 1024 matches one that lies x columns and y rows from it. */
function dotMatched(x: number, y: number): number {
  return countsOf([{ truth: dot(1000, 500), prediction: dot(1000 + x, 500 + y) }], 2, { cyclic: true }).truthMatched[1]
}

function dot(x: number, y: number): Raster {
  const data = new Uint8Array(2048 * 1024)
  data[y * 2048 + x] = 1
  return { width: 2048, height: 1024, data }
}

describe('numbers by hand', () => {
  test.each([[3, 1], [2.9, 0], [0, 0]])('an edge three columns off, %d px allowed: F = %d', (allowed, f) => {
    const scores = boundaryScores(countsOf([{ truth: striped(50), prediction: striped(53) }], 3, { cyclic: false, tolerance: toleranceOf(allowed) }))
    expect(scores).toEqual({ f: [f, f, null], meanF: f })
  })

  test('an edge that is not there costs precision, not recall', () => {
    // truth: column 49 of 0, column 50 of 1. prediction: these, and 59 of 1 and 60 of 0
    const counts = countsOf([{ truth: striped(50), prediction: striped(50, 60) }], 2, { cyclic: false })
    const { truth, truthMatched, prediction, predictionMatched } = counts
    expect([truth, truthMatched, prediction, predictionMatched].map((column) => [...column])).toEqual([[10, 10], [10, 10], [20, 20], [10, 10]])
    // P = 1/2, R = 1
    expect(boundaryScores(counts)).toEqual({ f: [2 / 3, 2 / 3], meanF: 2 / 3 })
  })

  test('the seam is an edge of two labels where columns wrap, the end of the picture where they do not', () => {
    const pair = { truth: striped(50), prediction: striped(50) }
    expect([...countsOf([pair], 2, { cyclic: false }).truth]).toEqual([10, 10])
    expect([...countsOf([pair], 2, { cyclic: true }).truth]).toEqual([20, 20])
  })

  test('matched around the seam', () => {
    const truth = drawn('1000000000')
    const prediction = drawn('0000000001')
    const tolerance = 1.01 / Math.hypot(10, 1)
    expect([...countsOf([{ truth, prediction }], 2, { cyclic: true, tolerance }).truthMatched]).toEqual([2, 1])
    expect([...countsOf([{ truth, prediction }], 2, { cyclic: false, tolerance }).truthMatched]).toEqual([0, 0])
  })

  test('ignored truth bounds nothing, whatever is predicted there', () => {
    const counts = countsOf([{ truth: drawn('00..11'), prediction: drawn('001011') }], 2, { cyclic: false })
    expect(counts).toEqual(emptyBoundaryCounts(2))
    expect(boundaryScores(counts)).toEqual({ f: [null, null], meanF: null })
  })

  test('a prediction of no class bounds its neighbours, and is wrong', () => {
    const counts = countsOf([{ truth: drawn('00000'), prediction: drawn('00.00') }], 1, { cyclic: false })
    expect([...counts.prediction]).toEqual([2])
    expect(boundaryScores(counts)).toEqual({ f: [0], meanF: 0 })
  })

  test('the default tolerance is 0.75 % of the diagonal: 17.17 px of 2048 x 1024', () => {
    // 8^2 + 15^2 = 17^2, 17^2 + 2^2 = 17.12^2, 17^2 + 3^2 = 17.26^2
    expect([[17, 0], [0, -17], [8, 15], [-15, -8], [17, 2]].map(([x, y]) => dotMatched(x, y))).toEqual([1, 1, 1, 1, 1])
    expect([[18, 0], [0, 18], [17, 3], [-13, 13]].map(([x, y]) => dotMatched(x, y))).toEqual([0, 0, 0, 0])
  })
})

test.each([
  ['sizes differ', drawn('01'), drawn('010'), {}],
  ['truth holds no class', drawn('07'), drawn('01'), {}],
  ['the tolerance is negative', drawn('01'), drawn('01'), { tolerance: -0.1 }],
])('refused where %s', (_, truth, prediction, options) => {
  expect(() => countsOf([{ truth, prediction }], 2, { cyclic: true, ...options })).toThrow(RangeError)
})

/** What the doc comment says, pixel by pixel. */
function countedOneByOne({ truth, prediction }: Pair, classes: number, { cyclic, tolerance }: Required<BoundaryOptions>) {
  const { width, height } = truth
  const radius = tolerance * Math.sqrt(width * width + height * height)
  const counts = emptyBoundaryCounts(classes)
  const pixelsOf = (labels: Raster) => [...labels.data.keys()].map((i) => ({ x: i % width, y: Math.floor(i / width), id: labels.data[i] })).filter(({ x, y, id }) => {
    if (truth.data[y * width + x] === 255 || id >= classes) return false
    return [[x - 1, y], [x + 1, y], [x, y - 1], [x, y + 1]].some(([nx, ny]) => {
      const column = cyclic ? (nx + width) % width : nx
      if (column < 0 || column >= width || ny < 0 || ny >= height) return false
      const i = ny * width + column
      return truth.data[i] !== 255 && labels.data[i] !== id
    })
  })
  const [ofTruth, ofPrediction] = [pixelsOf(truth), pixelsOf(prediction)]
  const isNear = (a: { x: number; y: number; id: number }, others: typeof ofTruth) => others.some((b) => {
    const across = Math.abs(a.x - b.x)
    return a.id === b.id && Math.hypot(cyclic ? Math.min(across, width - across) : across, a.y - b.y) <= radius
  })
  for (const pixel of ofTruth) {
    counts.truth[pixel.id]++
    if (isNear(pixel, ofPrediction)) counts.truthMatched[pixel.id]++
  }
  for (const pixel of ofPrediction) {
    counts.prediction[pixel.id]++
    if (isNear(pixel, ofTruth)) counts.predictionMatched[pixel.id]++
  }
  return counts
}

describe('properties', () => {
  const CLASSES = 3
  const sizes = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 8 }))
  // mostly one class, so that distances to the next boundary vary
  const sparse = fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(CLASSES - 1) }, { weight: 1, arbitrary: fc.constant(255) })
  const pairs = sizes.chain(([width, height]) => {
    const map = fc.array(sparse, { minLength: width * height, maxLength: width * height })
      .map((ids): Raster => ({ width, height, data: Uint8Array.from(ids) }))
    return fc.record({ truth: map, prediction: map })
  })
  const options = fc.record({ cyclic: fc.boolean(), tolerance: fc.double({ min: 0, max: 1, noNaN: true }) })

  test('every pixel against every other', () => {
    fc.assert(fc.property(pairs, options, (pair, of) => {
      expect(countsOf([pair], CLASSES, of)).toEqual(countedOneByOne(pair, CLASSES, of))
    }), { numRuns: 300 })
  })

  test('turning a panorama changes nothing', () => {
    fc.assert(fc.property(pairs, fc.nat(11), fc.double({ min: 0, max: 0.5, noNaN: true }), ({ truth, prediction }, columns, tolerance) => {
      const turned = { truth: rollColumns(truth, columns), prediction: rollColumns(prediction, columns) }
      const of = { cyclic: true, tolerance }
      expect(countsOf([turned], CLASSES, of)).toEqual(countsOf([{ truth, prediction }], CLASSES, of))
    }))
  })
})
