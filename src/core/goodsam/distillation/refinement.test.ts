import { describe, expect, test } from 'vitest'
import { seededRandom as uniform } from '../../../../test/bench/seeded-random.ts'
import { runModel } from '../../../../test/support/run-model.ts'
import { differentiate } from '../../autodiff/differentiate.ts'
import { decodeTrainingData, encodeTrainingData, type TrainingData } from '../../formats/training-data.ts'
import { GraphBuilder } from '../../onnx/graph-builder.ts'
import { float32 } from '../../onnx/tensor.ts'
import { RECIPES } from '../config.ts'
import { layoutWindows } from '../windows.ts'
import { seededRandom } from './random.ts'
import { refinementLoss } from './refinement-loss.ts'
import { drawPair, makePairPlanes, pairPlanesBytes, windowPairs } from './refinement-sampler.ts'

const [PAIRS, CLASSES, HEIGHT, WIDTH] = [2, 3, 4, 6]
const DIMS = [2 * PAIRS, CLASSES, HEIGHT, WIDTH]
const AREA = HEIGHT * WIDTH

async function evaluate(logits: Float32Array, labels: Int32Array, trusted: Float32Array) {
  const builder = new GraphBuilder()
  const value = builder.input('logits', 'float32', DIMS)
  const { total, terms = {} } = refinementLoss({ height: HEIGHT, width: WIDTH })({
    builder, inputs: {}, outputs: { logits: value }, target: (name, elementType, shape) => builder.input(name, elementType, shape),
  })
  const names = Object.keys(terms)
  for (const name of names) {
    builder.output(terms[name], `term.${name}`)
    const gradient = differentiate(builder, terms[name], ['logits']).get('logits')
    if (gradient !== undefined) builder.output(gradient, `gradient.${name}`)
  }
  builder.output(total, 'term.total')
  const shape = [2 * PAIRS, HEIGHT, WIDTH]
  const results = await runModel(builder.build(), { logits: float32(DIMS, logits), ensemble: { elementType: 'int32', dims: shape, data: labels }, trusted: float32(shape, trusted) })
  return { value: (name: string) => Number(results[`term.${name}`].data[0]), gradient: (name: string) => results[`gradient.${name}`].data as Float32Array }
}

/** softmax at a place, float64. */
function probabilities(logits: Float32Array, window: number, place: number): number[] {
  const values = Array.from({ length: CLASSES }, (_, c) => Math.exp(logits[(window * CLASSES + c) * AREA + place]))
  return values.map((value) => value / values.reduce((sum, each) => sum + each, 0))
}

describe('refinementLoss', () => {
  const random = uniform(3)
  const logits = Float32Array.from({ length: 2 * PAIRS * CLASSES * AREA }, () => 6 * random() - 3)
  const labels = Int32Array.from({ length: 2 * PAIRS * AREA }, () => (random() < 0.2 ? 255 : Math.floor(random() * CLASSES)))
  const trusted = Float32Array.from(labels, () => (random() < 0.5 ? 1 : 0))

  test('its terms are CE(S, E), CE(S, E_H) and the symmetric divergence on the overlaps', async () => {
    const { value } = await evaluate(logits, labels, trusted)
    let [ensemble, confident, counted, sure] = [0, 0, 0, 0]
    labels.forEach((label, p) => {
      if (label === 255) return
      const surprise = -Math.log(probabilities(logits, Math.floor(p / AREA), p % AREA)[label])
      ensemble += surprise
      confident += trusted[p] * surprise
      counted++
      sure += trusted[p]
    })
    let divergence = 0
    for (let pair = 0; pair < PAIRS; pair++) {
      for (let y = 0; y < HEIGHT; y++) {
        for (let x = 0; x < WIDTH / 2; x++) {
          const p = probabilities(logits, pair, y * WIDTH + x + WIDTH / 2)
          const q = probabilities(logits, PAIRS + pair, y * WIDTH + x)
          p.forEach((each, c) => (divergence += (each - q[c]) * Math.log(each / q[c])))
        }
      }
    }
    const consistency = divergence / (PAIRS * HEIGHT * (WIDTH / 2))
    expect(value('ensemble')).toBeCloseTo(ensemble / counted, 5)
    expect(value('confident')).toBeCloseTo(confident / sure, 5)
    expect(value('consistency')).toBeCloseTo(consistency, 5)
    expect(value('total')).toBeCloseTo(ensemble / counted + confident / sure + consistency, 4)
  })

  test('each side learns from the other as it is: the gradient is that of a fixed target', async () => {
    const { gradient } = await evaluate(logits, labels, trusted)
    const actual = gradient('consistency')
    const expected = new Float64Array(actual.length)
    const places = PAIRS * HEIGHT * (WIDTH / 2)
    for (let pair = 0; pair < PAIRS; pair++) {
      for (let y = 0; y < HEIGHT; y++) {
        for (let x = 0; x < WIDTH / 2; x++) {
          const [left, right] = [y * WIDTH + x + WIDTH / 2, y * WIDTH + x]
          const [p, q] = [probabilities(logits, pair, left), probabilities(logits, PAIRS + pair, right)]
          // of KL(p || softmax(z)) by z: softmax(z) - p
          p.forEach((each, c) => {
            expected[((PAIRS + pair) * CLASSES + c) * AREA + right] = (q[c] - each) / places
            expected[(pair * CLASSES + c) * AREA + left] = (each - q[c]) / places
          })
        }
      }
    }
    actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 6))
  })
})

function panorama(cyclic: boolean, size = { width: 80, height: 30 }): TrainingData {
  const area = size.width * size.height
  // every pixel has a colour of its own, and a label made from its place
  const image = { ...size, data: Uint8Array.from({ length: 3 * area }, (_, i) => [Math.floor(i / 3) % size.width, Math.floor(i / 3 / size.width), 7][i % 3]) }
  const plane = { ...size, data: new Uint8Array(area) }
  const windows = layoutWindows({ widthPx: size.width, heightPx: size.height, cyclic }, RECIPES['goodsam++'].windows).map((window) => {
    const label = Uint8Array.from({ length: window.width * window.height }, (_, p) => (window.x + (p % window.width)) % size.width)
    return { window, label, trusted: label.map((column) => column % 2) }
  })
  return decodeTrainingData(encodeTrainingData({ ...size, cyclic, image, ta: plane, fused: plane, boundary: null, truth: null, windows }))
}

describe('drawPair', () => {
  test.each([true, false])('the right half of one window is the left half of the other, mirrored or not (full turn: %s)', (cyclic) => {
    const data = panorama(cyclic)
    const size = { height: 16, width: 20 }
    const area = size.height * size.width
    const plain = { mean: [0, 0, 0], std: [1, 1, 1] } as const
    const buffer = new SharedArrayBuffer(pairPlanesBytes(size, 3))
    let covered = 0
    for (let seed = 0; seed < 30; seed++) {
      const planes = makePairPlanes(size, 3, buffer)
      drawPair(data, { random: seededRandom(seed), augmentation: { flip: true, jitter: seed % 2 === 0 ? 0 : 0.5 }, size, normalisation: plain }, { planes, index: 1 })
      const [left, right] = [1, 4]
      for (let y = 0; y < size.height; y++) {
        for (let x = 0; x < size.width / 2; x++) {
          for (const channel of [0, 1, 2]) {
            const row = (slot: number): number => (3 * slot + channel) * area + y * size.width
            expect(planes.pixel_values[row(right) + x]).toBe(planes.pixel_values[row(left) + size.width / 2 + x])
          }
        }
      }
      if (seed % 2 === 1) continue
      // red is the panorama's column, and so is the label: within half a pixel, but at the seam, where colours are between both ends
      for (const slot of [left, right]) {
        for (let p = 0; p < area; p++) {
          const label = planes.ensemble[slot * area + p]
          if (label === 255) continue
          covered++
          expect(planes.trusted[slot * area + p]).toBe(label % 2)
          if (label > 0 && label < 79) expect(Math.abs(255 * planes.pixel_values[3 * slot * area + p] - label)).toBeLessThanOrEqual(0.51)
        }
      }
    }
    expect(covered / (15 * 2 * area)).toBeGreaterThan(0.95)
  })

  test('pairs lie in one row, half a window apart', () => {
    const { windows, ...rest } = panorama(true)
    const pairs = windowPairs({ windows, ...rest })
    expect(pairs.length).toBe(windows.length)
    for (const [l, r] of pairs) {
      const [{ window: left }, { window: right }] = [windows[l], windows[r]]
      expect([right.y, right.family]).toEqual([left.y, left.family])
      expect(Math.abs(((right.x - left.x + 80) % 80) - left.width / 2)).toBeLessThanOrEqual(1.5)
    }
  })

  test('windows that do not overlap, and odd widths, are refused', () => {
    const data = panorama(true)
    const draw = (windows: TrainingData['windows'], width: number) => () => {
      const size = { height: 8, width }
      drawPair({ ...data, windows }, { random: seededRandom(1), augmentation: { flip: false, jitter: 0 }, size }, { planes: makePairPlanes(size), index: 0 })
    }
    expect(draw(data.windows.slice(0, 1), 8)).toThrow('No two windows')
    expect(draw(data.windows, 7)).toThrow('even width')
  })
})
