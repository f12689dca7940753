import { describe, expect, test } from 'vitest'
import { seededRandom as uniform } from '../../../../test/bench/seeded-random.ts'
import { openModel, runModel } from '../../../../test/support/run-model.ts'
import { differentiate } from '../../autodiff/differentiate.ts'
import type { TrainingData } from '../../formats/training-data.ts'
import { GraphBuilder, type Value } from '../../onnx/graph-builder.ts'
import { float32, type Tensor } from '../../onnx/tensor.ts'
import { DISTILLATION_DEFAULTS, type DistillationConfig } from '../distillation-config.ts'
import { layoutWindows } from '../windows.ts'
import { activeTerms, distillationLoss, lossesWithoutMasks, type LossTermName } from './loss.ts'
import { seededRandom } from './random.ts'
import { makePlanes, planesAsTensors, planesAt, type SamplePlanes } from './sample-planes.ts'
import { drawSample, NO_AUGMENTATION } from './sampler.ts'

const SIZE = { height: 16, width: 32 }
const CLASSES = 4
const OFF = { on: false, weight: 1 }

function lossesOf(weights: Partial<Record<LossTermName, number>>): DistillationConfig['losses'] {
  const term = (name: LossTermName) => (weights[name] === undefined ? OFF : { on: true, weight: weights[name] })
  return { image: term('image'), window: term('window'), confident: term('confident'), boundary: term('boundary') }
}

/** Value, terms and gradient by the logits, and the names that the loss asks for. */
function compile(losses: DistillationConfig['losses'], logitsDims: readonly number[]) {
  const builder = new GraphBuilder()
  const logits = builder.input('logits', 'float32', logitsDims)
  const names: string[] = []
  const { total, terms = {} } = distillationLoss({ losses, ...SIZE })({
    builder, inputs: {}, outputs: { logits },
    target(name, elementType, shape): Value {
      names.push(name)
      return builder.input(name, elementType, shape)
    },
  })
  const gradient = differentiate(builder, total, ['logits']).get('logits')
  if (gradient === undefined) throw new Error('The loss does not depend on the logits.')
  builder.output(total, 'loss')
  builder.output(gradient, 'gradient')
  for (const [name, value] of Object.entries(terms)) builder.output(value, `term.${name}`)
  const model = builder.build()
  return {
    names, model,
    async run(logitValues: Tensor, planes: SamplePlanes) {
      const feeds = Object.fromEntries(Object.entries(planesAsTensors(planes, SIZE)).filter(([name]) => names.includes(name)))
      const results = await runModel(model, { logits: logitValues, ...feeds })
      const scalar = (name: string): number => Number(results[name].data[0])
      return {
        loss: scalar('loss'), gradient: results.gradient.data as Float32Array,
        terms: Object.fromEntries(Object.keys(terms).map((name) => [name, scalar(`term.${name}`)])),
      }
    },
  }
}

function panorama(seed: number): TrainingData {
  const { height, width } = SIZE
  const random = uniform(seed)
  const labels = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => (random() < 0.1 ? 255 : Math.floor(random() * CLASSES)))
  const raster = (data: Uint8Array) => ({ width, height, data })
  const layout = layoutWindows({ widthPx: width, heightPx: height, cyclic: true }, [
    { name: 'wide', widthFraction: 0.25, heightFraction: 0.6, strideFraction: 0.5 },
  ])
  return {
    ...SIZE, cyclic: true, truth: null,
    image: raster(Uint8Array.from({ length: 3 * width * height }, () => random() * 256)),
    ta: raster(labels(width * height)), fused: raster(labels(width * height)),
    boundary: raster(Uint8Array.from({ length: width * height }, () => (random() < 0.05 ? 1 : 0))),
    windows: layout.map((window) => {
      // two classes per pair of columns, so that no pixel has three
      const label = Uint8Array.from({ length: window.width * window.height }, (_, p) => {
        const column = (window.x + (p % window.width)) % width
        return random() < 0.05 ? 255 : (column + (random() < 0.4 ? 1 : 0)) % CLASSES
      })
      return { window, label, trusted: label.map(() => (random() < 0.6 ? 1 : 0)) }
    }),
  }
}

const plainly = { augmentation: NO_AUGMENTATION, windowsPerSample: null }

function batchOf(panoramas: readonly TrainingData[], weights: readonly number[] = panoramas.map(() => 1)): SamplePlanes {
  const planes = makePlanes(SIZE, panoramas.length)
  panoramas.forEach((data, index) => {
    drawSample(data, { config: plainly, random: seededRandom(1), weight: weights[index] }, planesAt(planes, index, SIZE))
  })
  return planes
}

function randomLogits(dims: readonly number[], seed = 7): Tensor {
  const random = uniform(seed)
  return float32(dims, Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 4 * random() - 2))
}

/** -log softmax(logits)[label] of one pixel, in float64. */
function entropyAt({ data, dims: [, classes, height, width] }: Tensor, { image, x, y }: { image: number; x: number; y: number }, label: number): number {
  const at = (c: number): number => Number(data[((image * classes + c) * height + y) * width + x])
  const values = Array.from({ length: classes }, (_, c) => at(c))
  return Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0)) - at(label)
}

/** The terms as METHOD section 5 writes them: the student's prediction cropped to each window, against that window's labels. */
function reference(logits: Tensor, panoramas: readonly TrainingData[], weights: readonly number[]) {
  const sums = { image: 0, window: 0, confident: 0 }
  const counts = { image: 0, window: 0, confident: 0 }
  const add = (term: keyof typeof sums, value: number, weight: number): void => {
    sums[term] += weight * value
    counts[term]++
  }
  panoramas.forEach((data, image) => {
    for (let y = 0; y < data.height; y++) {
      for (let x = 0; x < data.width; x++) {
        const label = data.ta.data[y * data.width + x]
        if (label !== 255) add('image', entropyAt(logits, { image, x, y }, label), weights[image])
      }
    }
    for (const { window, label, trusted } of data.windows) {
      label.forEach((own, p) => {
        if (own === 255) return
        const at = { image, x: (window.x + (p % window.width)) % data.width, y: window.y + Math.floor(p / window.width) }
        add('window', entropyAt(logits, at, own), weights[image])
        if (trusted[p] === 1) add('confident', entropyAt(logits, at, own), weights[image])
      })
    }
  })
  return { image: sums.image / counts.image, window: sums.window / counts.window, confident: sums.confident / counts.confident }
}

describe('the terms are those of METHOD section 5', () => {
  test('window terms are the sum over windows of cropped cross-entropies; weights count beyond the batch', async () => {
    const panoramas = [panorama(1), panorama(2)]
    for (const weights of [[1, 1], [2, 1], [2, 2]]) {
      const logits = randomLogits([2, CLASSES, SIZE.height, SIZE.width])
      const { loss, terms } = await compile(lossesOf({ image: 1, window: 0.5, confident: 2 }), logits.dims).run(logits, batchOf(panoramas, weights))
      const expected = reference(logits, panoramas, weights)
      for (const name of ['image', 'window', 'confident'] as const) expect(terms[name]).toBeCloseTo(expected[name], 5)
      expect(loss).toBeCloseTo(expected.image + 0.5 * expected.window + 2 * expected.confident, 5)
    }
  })

  test('the gradient is that of finite differences, through the enlargement and the boundary', async () => {
    const dims = [1, CLASSES, SIZE.height / 4, SIZE.width / 4]
    const planes = batchOf([panorama(3)], [1.5])
    const compiled = compile(lossesOf({ image: 1, window: 0.7, confident: 1.3, boundary: 0.5 }), dims)
    const logits = randomLogits(dims)
    const { gradient } = await compiled.run(logits, planes)
    const model = await openModel(compiled.model)
    const feeds = Object.fromEntries(Object.entries(planesAsTensors(planes, SIZE)).filter(([name]) => compiled.names.includes(name)))
    const scale = Math.max(...gradient.map(Math.abs))
    const random = uniform(5)
    try {
      for (let k = 0; k < 24; k++) {
        const element = Math.floor(random() * gradient.length)
        const at = async (offset: number): Promise<number> => {
          const data = Float32Array.from(logits.data as Float32Array)
          data[element] += offset
          return Number((await model.run({ ...feeds, logits: { ...logits, data } })).loss.data[0])
        }
        // short, since the boundary's maxima have kinks
        const expected = (await at(2 ** -9) - await at(-(2 ** -9))) * 2 ** 8
        expect(Math.abs(gradient[element] - expected) / scale, `element ${element}: ${gradient[element]}, ${expected}`).toBeLessThan(1e-2)
      }
    } finally {
      await model.release()
    }
  })

  test('a student that sees every edge, and no other, has the least boundary loss', async () => {
    const data = panorama(4)
    const { height, width } = SIZE
    // three bands; the edge lies on the last row of each but the last
    const bands = Uint8Array.from({ length: height * width }, (_, p) => (Math.floor(p / width) < 4 ? 0 : Math.floor(p / width) < 12 ? 1 : 2))
    const edges = Uint8Array.from({ length: height * width }, (_, p) => ([3, 11].includes(Math.floor(p / width)) ? 1 : 0))
    const planes = batchOf([{ ...data, boundary: { width, height, data: edges } }])
    const dims = [1, CLASSES, height, width]
    const logitsOf = (label: (p: number) => number): Tensor => float32(dims, Float32Array.from({ length: CLASSES * height * width }, (_, i) => (Math.floor(i / (height * width)) === label(i % (height * width)) ? 12 : 0)))
    const compiled = compile(lossesOf({ boundary: 1 }), dims)
    const right = (await compiled.run(logitsOf((p) => bands[p]), planes)).loss
    const flat = (await compiled.run(logitsOf(() => 0), planes)).loss
    const elsewhere = (await compiled.run(logitsOf((p) => (p % width < 16 ? 0 : 1)), planes)).loss
    expect(right).toBeLessThan(flat)
    expect(right).toBeLessThan(elsewhere)
  })
})

describe('only what is on', () => {
  test.each([
    [{ image: 1 }, ['pixel_weight', 'ta']],
    [{ window: 1 }, ['pixel_weight', 'first', 'second', 'first_votes', 'second_votes']],
    [{ confident: 1 }, ['pixel_weight', 'first', 'second', 'first_trusted', 'second_trusted']],
    [{ boundary: 1 }, ['pixel_weight', 'boundary']],
  ] as const)('%j asks for %j', async (weights, names) => {
    const compiled = compile(lossesOf(weights), [1, CLASSES, 8, 16])
    expect(compiled.names).toEqual(names)
    const { loss, terms } = await compiled.run(randomLogits([1, CLASSES, 8, 16]), batchOf([panorama(5)]))
    expect(terms).toEqual({ [Object.keys(weights)[0]]: loss })
  })

  test('nothing on, or no logits, is an error that says so', () => {
    expect(() => compile(lossesOf({ image: 0 }), [1, CLASSES, 8, 16])).toThrow('switch on at least one')
    expect(() => compile(lossesOf({ image: 1 }), [1, CLASSES])).toThrow('needs an output "logits"')
  })

  test('without masks the terms that need them are off', () => {
    expect(activeTerms(DISTILLATION_DEFAULTS.losses)).toEqual(['image', 'window', 'confident', 'boundary'])
    expect(activeTerms(lossesWithoutMasks(DISTILLATION_DEFAULTS.losses))).toEqual(['image', 'window'])
  })
})

describe('where nothing counts the loss and its gradient are 0', () => {
  const everything = lossesOf({ image: 1, window: 1, confident: 1, boundary: 1 })
  const dims = [1, CLASSES, 4, 8]

  test('all padded', async () => {
    const planes = batchOf([panorama(6)])
    planes.pixel_weight.fill(0)
    const { loss, terms, gradient } = await compile(everything, dims).run(randomLogits(dims), planes)
    expect(loss).toBe(0)
    expect(terms).toEqual({ image: 0, window: 0, confident: 0, boundary: 0 })
    expect(gradient.every((value) => value === 0)).toBe(true)
  })

  test('all labels ignored', async () => {
    const planes = batchOf([panorama(6)])
    for (const name of ['ta', 'first', 'second'] as const) planes[name].fill(255)
    const { loss, gradient } = await compile(lossesOf({ image: 1, window: 1, confident: 1 }), dims).run(randomLogits(dims), planes)
    expect(loss).toBe(0)
    expect(gradient.every((value) => value === 0)).toBe(true)
  })
})
