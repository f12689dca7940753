import { describe, expect, test } from 'vitest'
import type { ClassPlanes } from '../raster/raster.ts'
import { overlapConsistency } from './consistency.ts'
import { stitchSemantics } from './stitch.ts'
import golden from './stitch.golden.json' with { type: 'json' }
import { blendContext, softmaxPlanes, windowSemantics, type WindowProbabilities } from './ta-semantics.ts'
import type { PanoramaFrame, PanoramaWindow } from './types.ts'

const windowAt = (x: number, y: number, width: number, height: number): PanoramaWindow =>
  ({ index: 0, family: 'sliding', x, y, width, height })

/** Planes whose value is a function of class and place. */
function planesOf(size: { classes: number; width: number; height: number }, value: (c: number, x: number, y: number) => number): ClassPlanes {
  const { classes, width, height } = size
  const data = new Float32Array(classes * width * height)
  data.forEach((_, i) => (data[i] = value(Math.floor(i / width / height), i % width, Math.floor(i / width) % height)))
  return { ...size, data }
}

const constant = (...p: number[]) => planesOf({ classes: p.length, width: 4, height: 4 }, (c) => p[c])

/** Linear in both directions. */
const slope = (xPx: number, yPx: number) => xPx / 128 + yPx / 64

const symmetricKl = (p: number[], q: number[]) => p.reduce((sum, own, c) => sum + (own - q[c]) * Math.log(own / q[c]), 0)
/** A window of 16 x 16 px that is sure of the same everywhere. */
const place = (x: number, p: number[]) => ({ window: windowAt(x, 0, 16, 16), probabilities: constant(...p) })

/** Labels equal, but where two classes are as good as equal; confidences to a 255th. */
function expectResult(
  actual: { label: Uint8Array; confidence: Uint8Array },
  expected: { label: number[]; confidence: number[]; margin: number[] },
): void {
  expect(expected.label.length).toBe(actual.label.length)
  expected.label.forEach((label, p) => {
    if (expected.margin[p] > 1e-6) expect(actual.label[p]).toBe(label)
    expect(Math.abs(actual.confidence[p] - 255 * expected.confidence[p])).toBeLessThan(0.501)
  })
}

describe('softmaxPlanes', () => {
  test('logarithms of probabilities give these probabilities, in place', () => {
    const p = [[0.5, 0.1], [0.25, 0.2], [0.25, 0.7]]
    const logits = planesOf({ classes: 3, width: 2, height: 1 }, (c, x) => Math.log(p[c][x]) + 7 * x)
    expect(softmaxPlanes(logits)).toBe(logits)
    p.flat().forEach((value, i) => expect(logits.data[i]).toBeCloseTo(value, 6))
  })

  test('huge logits do not overflow', () => {
    expect([...softmaxPlanes(constant(1000, 1000, -1000)).data].filter((_, i) => i % 16 === 0)).toEqual([0.5, 0.5, 0])
  })
})

describe('S_i and S_TA^w, as numpy computes them (stitch.golden.py)', () => {
  for (const of of golden.cases) {
    const windows = of.windows.map(({ x, y, logits }): WindowProbabilities => ({
      window: windowAt(x, y, of.windowWidth, of.windowHeight),
      probabilities: softmaxPlanes({ classes: of.classes, width: of.logitsWidth, height: of.logitsHeight, data: Float32Array.from(logits) }),
    }))
    const frame: PanoramaFrame = { widthPx: of.width, heightPx: of.height, cyclic: of.cyclic }

    test(`${of.name}: every window`, () => {
      of.windows.forEach(({ own }, i) => expectResult(windowSemantics(windows[i].probabilities, windows[i].window), own))
    })

    test(`${of.name}: stitched`, () => {
      const { label, confidence } = stitchSemantics(windows, frame)
      expect([label.width, label.height, confidence.width, confidence.height]).toEqual([of.width, of.height, of.width, of.height])
      expectResult({ label: label.data, confidence: confidence.data }, of.stitched)
    })
  }
})

describe('stitchSemantics', () => {
  test('a ramp cut into windows comes back as the ramp', () => {
    const frame: PanoramaFrame = { widthPx: 48, heightPx: 8, cyclic: false }
    // Probability of class 1 grows by 1/48 per pixel; windows of 24 px every 12, logits every 2 px.
    const windows = [0, 12, 24].map((x0): WindowProbabilities => {
      const ramp = (x: number) => (x0 + 2 * x + 1) / 48
      return { window: windowAt(x0, 0, 24, 8), probabilities: planesOf({ classes: 2, width: 12, height: 4 }, (c, x) => (c === 1 ? ramp(x) : 1 - ramp(x))) }
    })
    const { label, confidence } = stitchSemantics(windows, frame)
    for (let x = 0; x < 48; x++) {
      const p = Math.min(47, Math.max(1, x + 0.5)) / 48
      expect(label.data[x]).toBe(p > 0.5 ? 1 : 0)
      expect(Math.abs(confidence.data[x] - 255 * Math.max(p, 1 - p))).toBeLessThan(0.51)
    }
  })

  test('is the same around the seam as anywhere: turning the windows turns the map', () => {
    const of = golden.cases[0]
    const frame: PanoramaFrame = { widthPx: of.width, heightPx: of.height, cyclic: true }
    const turnedBy = (columns: number) => stitchSemantics(of.windows.map(({ x, y, logits }) => ({
      window: windowAt((x + columns) % of.width, y, of.windowWidth, of.windowHeight),
      probabilities: softmaxPlanes({ classes: of.classes, width: of.logitsWidth, height: of.logitsHeight, data: Float32Array.from(logits) }),
    })), frame)
    const [still, turned] = [turnedBy(0), turnedBy(8)]
    still.label.data.forEach((label, p) => {
      const moved = p - (p % of.width) + ((p + 8) % of.width)
      expect(turned.label.data[moved]).toBe(label)
    })
  })

  test('refuses windows that leave a hole, differ in classes, or are none', () => {
    const frame: PanoramaFrame = { widthPx: 16, heightPx: 4, cyclic: false }
    const left = { window: windowAt(0, 0, 8, 4), probabilities: constant(0.5, 0.5) }
    expect(() => stitchSemantics([left], frame)).toThrow(/cover/)
    expect(() => stitchSemantics([left, { window: windowAt(8, 0, 8, 4), probabilities: constant(1) }], frame)).toThrow(/classes/)
    expect(() => stitchSemantics([], frame)).toThrow(RangeError)
  })
})

describe('blendContext', () => {
  const frame: PanoramaFrame = { widthPx: 64, heightPx: 16, cyclic: true }
  const window = windowAt(56, 4, 16, 8)

  test('mixes by its weight, across the seam', () => {
    const views = [{ window: windowAt(0, 0, 64, 16), probabilities: constant(0.1, 0.9) }]
    const blended = (weight: number) => [...blendContext(constant(0.7, 0.3), window, { views, frame, weight }).data]
    expect(blended(0).slice(0, 1)).toEqual([Math.fround(0.7)])
    blended(0.25).forEach((value, i) => expect(value).toBeCloseTo(i < 16 ? 0.75 * 0.7 + 0.25 * 0.1 : 0.75 * 0.3 + 0.25 * 0.9, 6))
    blended(1).forEach((value, i) => expect(value).toBeCloseTo(i < 16 ? 0.1 : 0.9, 6))
  })

  test('takes the context from where the window is', () => {
    // A view of 32 x 8 cells of 2 px, linear in x and y: bilinear sampling returns the function itself.
    const views = [{
      window: windowAt(0, 0, 64, 16),
      probabilities: planesOf({ classes: 1, width: 32, height: 8 }, (_, x, y) => slope(2 * x + 1, 2 * y + 1)),
    }]
    const inside = windowAt(20, 4, 16, 8)
    const { data } = blendContext(planesOf({ classes: 1, width: 16, height: 8 }, () => 0), inside, { views, frame, weight: 1 })
    data.forEach((value, i) => expect(value).toBeCloseTo(slope(20.5 + (i % 16), 4.5 + Math.floor(i / 16)), 6))
  })

  test('views that overlap count by their distance to the edge', () => {
    const views = [
      { window: windowAt(0, 0, 32, 16), probabilities: constant(1, 0) },
      { window: windowAt(16, 0, 32, 16), probabilities: constant(0, 1) },
    ]
    const { data } = blendContext(constant(0, 0), windowAt(16, 0, 16, 16), { views, frame, weight: 1 })
    for (let cell = 0; cell < 4; cell++) {
      const x = 16 + (cell + 0.5) * 4
      const [first, second] = [x, x - 16].map((offset) => Math.cos(Math.PI * (offset / 32 - 0.5)))
      expect(data[cell]).toBeCloseTo(first / (first + second), 6)
      expect(data[16 + cell]).toBeCloseTo(second / (first + second), 6)
    }
  })

  test('refuses views that do not see the window or know other classes', () => {
    const aside = [{ window: windowAt(0, 0, 32, 16), probabilities: constant(0.5, 0.5) }]
    expect(() => blendContext(constant(0.5, 0.5), window, { views: aside, frame, weight: 0.5 })).toThrow(/cover/)
    const other = [{ window: windowAt(0, 0, 64, 16), probabilities: constant(1) }]
    expect(() => blendContext(constant(0.5, 0.5), window, { views: other, frame, weight: 0.5 })).toThrow(/classes/)
  })
})

describe('overlapConsistency (Eq. 1)', () => {
  const frame: PanoramaFrame = { widthPx: 64, heightPx: 16, cyclic: true }
  const [a, b, c] = [[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1]]

  test('two windows that agree on the class, and two that do not', () => {
    const agreeing = overlapConsistency([place(0, a), place(8, b)], frame)
    expect(agreeing.consistency).toBeCloseTo(symmetricKl(a, b), 6)
    expect(agreeing.disagreement).toBe(0)
    const differing = overlapConsistency([place(0, a), place(8, c)], frame)
    expect(differing.consistency).toBeCloseTo(symmetricKl(a, c), 6)
    expect(differing.disagreement).toBe(1)
  })

  test('mean over all overlaps by area, around the seam too', () => {
    // a (56..72) meets b (60..76) on 12 columns and c (4..20) on 4; b meets c on 8. Logits every 4 px.
    const result = overlapConsistency([place(56, a), place(60, b), place(4, c)], frame, { step: 1 })
    const mean = (3 * symmetricKl(a, b) + symmetricKl(a, c) + 2 * symmetricKl(b, c)) / 6
    expect(result.consistency).toBeCloseTo(mean, 6)
    expect(result.disagreement).toBeCloseTo(3 / 6, 12)
  })

  test('0 where nothing overlaps, and where windows agree', () => {
    expect(overlapConsistency([place(0, a), place(32, c)], frame)).toEqual({ consistency: 0, disagreement: 0 })
    expect(overlapConsistency([place(0, a), place(8, a)], frame)).toEqual({ consistency: 0, disagreement: 0 })
  })
})
