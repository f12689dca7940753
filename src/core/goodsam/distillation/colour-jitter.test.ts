import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyColourJitter, type ColourChange, type ColourJitter, drawColourJitter } from './colour-jitter.ts'
import { seededRandom } from './random.ts'

type Rgb = readonly [number, number, number]

const NOTHING: ColourJitter = { order: ['brightness', 'contrast', 'saturation', 'hue'], brightness: 1, contrast: 1, saturation: 1, hue: 0 }

function changed(pixels: readonly Rgb[], jitter: Partial<ColourJitter>, counted?: number): number[][] {
  const [red, green, blue] = [0, 1, 2].map((channel) => Float32Array.from(pixels, (pixel) => pixel[channel]))
  applyColourJitter({ red, green, blue }, { ...NOTHING, ...jitter }, counted)
  return pixels.map((_, i) => [red[i], green[i], blue[i]])
}

function expectClose(actual: readonly number[][], expected: readonly (readonly number[])[]): void {
  actual.flat().forEach((value, i) => expect(Math.abs(value - expected.flat()[i]), `${actual[Math.floor(i / 3)]} / ${expected[Math.floor(i / 3)]}`).toBeLessThan(2e-6))
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value))
const grey = ([r, g, b]: Rgb): number => 0.2989 * r + 0.587 * g + 0.114 * b

/** HSV by its definition, and back by the formula that needs no cases (f(n) = v - v s max(0, min(k, 4 - k, 1))). */
function turned([r, g, b]: Rgb, turns: number): Rgb {
  const v = Math.max(r, g, b)
  const chroma = v - Math.min(r, g, b)
  if (chroma === 0) return [r, g, b]
  const hue = (v === r ? (g - b) / chroma : v === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma) + 6 * turns
  const f = (n: number): number => {
    const k = (((n + hue) % 6) + 6) % 6
    return v - chroma * Math.max(0, Math.min(k, 4 - k, 1))
  }
  return [f(5), f(3), f(1)]
}

const colour = fc.tuple(fc.float({ min: 0, max: 1, noNaN: true }), fc.float({ min: 0, max: 1, noNaN: true }), fc.float({ min: 0, max: 1, noNaN: true }))

test('each change is torchvision\'s formula', () => {
  fc.assert(fc.property(fc.array(colour, { minLength: 1, maxLength: 8 }), fc.double({ min: 0, max: 2, noNaN: true }), fc.double({ min: -0.5, max: 0.5, noNaN: true }), (pixels, factor, turns) => {
    expectClose(changed(pixels, { brightness: factor }), pixels.map((pixel) => pixel.map((value) => clamp(value * factor))))
    const mean = pixels.reduce((sum, pixel) => sum + grey(pixel), 0) / pixels.length
    expectClose(changed(pixels, { contrast: factor }), pixels.map((pixel) => pixel.map((value) => clamp(factor * value + (1 - factor) * mean))))
    expectClose(changed(pixels, { saturation: factor }), pixels.map((pixel) => pixel.map((value) => clamp(factor * value + (1 - factor) * grey(pixel)))))
    expectClose(changed(pixels, { hue: turns }), pixels.map((pixel) => turned(pixel, turns)))
  }))
})

test('a third of a turn makes red green and blue red; grey stays; saturation 0 is grey', () => {
  expectClose(changed([[1, 0, 0], [0, 0, 1], [0.4, 0.4, 0.4], [0.8, 0.2, 0.2]], { hue: 1 / 3 }), [[0, 1, 0], [1, 0, 0], [0.4, 0.4, 0.4], [0.2, 0.8, 0.2]])
  expectClose(changed([[1, 0, 0]], { saturation: 0 }), [[0.2989, 0.2989, 0.2989]])
})

test('changes come in their order', () => {
  const pixels: Rgb[] = [[0.9, 0.5, 0.1]]
  const one = (order: readonly ColourChange[]): number[][] => changed(pixels, { order, brightness: 1.5, saturation: 0.5 })
  const desaturated = pixels[0].map((value) => 0.5 * value + 0.5 * grey(pixels[0]))
  expectClose(one(['saturation', 'brightness', 'contrast', 'hue']), [desaturated.map((value) => clamp(1.5 * value))])
  const bright = pixels[0].map((value) => clamp(1.5 * value)) as unknown as Rgb
  expectClose(one(['brightness', 'saturation', 'contrast', 'hue']), [bright.map((value) => clamp(0.5 * value + 0.5 * grey(bright)))])
})

test('pixels that show nothing do not count for the mean', () => {
  expectClose(changed([[0.5, 0.5, 0.5], [0.1, 0.1, 0.1], [0, 0, 0]], { contrast: 0.5 }, 2).slice(0, 2), [0.5, 0.1].map((value) => {
    const mean = ((0.5 + 0.1) / 2) * (0.2989 + 0.587 + 0.114)
    return [1, 1, 1].map(() => 0.5 * value + 0.5 * mean)
  }))
})

test('strength bounds what is drawn, and each order comes', () => {
  const random = seededRandom(2)
  const orders = new Set<string>()
  for (let i = 0; i < 500; i++) {
    const jitter = drawColourJitter(random, 0.4)
    orders.add(jitter.order.join())
    for (const factor of [jitter.brightness, jitter.contrast, jitter.saturation]) expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.4)
    expect(Math.abs(jitter.hue)).toBeLessThanOrEqual(0.1)
  }
  expect(orders.size).toBe(24)
  expect(drawColourJitter(random, 0)).toMatchObject({ brightness: 1, contrast: 1, saturation: 1 })
})
