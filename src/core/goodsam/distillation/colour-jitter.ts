import { HUE_SHARE } from '../distillation-config.ts'
import { type Random, shuffle } from './random.ts'

/**
 * Brightness, contrast, saturation and hue as torchvision's ColorJitter defines them on float images (its order is drawn
 * too). Images are three planes of values in 0..1.
 */
export interface ColourJitter {
  readonly order: readonly ColourChange[]
  /** Factors; 1 changes nothing */
  readonly brightness: number
  readonly contrast: number
  readonly saturation: number
  /** Turns of the colour circle, -0.5..0.5 */
  readonly hue: number
}

export type ColourChange = 'brightness' | 'contrast' | 'saturation' | 'hue'

export interface ColourPlanes {
  readonly red: Float32Array
  readonly green: Float32Array
  readonly blue: Float32Array
}

/** Draws a change of at most `strength` (0..1): factors within 1 +- strength, hue within +- strength / 4 turns. */
export function drawColourJitter(random: Random, strength: number): ColourJitter {
  const order: ColourChange[] = ['brightness', 'contrast', 'saturation', 'hue']
  shuffle(order, random)
  const factor = (): number => random.between(Math.max(0, 1 - strength), 1 + strength)
  return { order, brightness: factor(), contrast: factor(), saturation: factor(), hue: random.between(-strength, strength) * HUE_SHARE }
}

/**
 * Changes the planes in place. `counted` is how many pixels show something: the others are black, and the mean that
 * contrast is about leaves them out.
 */
export function applyColourJitter(planes: ColourPlanes, jitter: ColourJitter, counted: number = planes.red.length): void {
  const { first, second } = colourPasses(planes, jitter)
  const sum = first({ from: 0, to: planes.red.length }, 0)
  second?.({ from: 0, to: planes.red.length }, counted === 0 ? 0 : sum / counted)
}

/** Neighbouring pixels, half open. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/**
 * The changes as two passes, each of which takes the image stretch by stretch, so that a row is still in the cache when its
 * next change comes. There are two because contrast needs the mean of the whole image, as it is when its turn comes.
 */
export interface ColourPasses {
  /** All that comes before contrast; returns `sum` with the pixels' grey added where a second pass is to come */
  readonly first: (stretch: Stretch, sum: number) => number
  /** Contrast about the mean grey, and what comes after it; null where contrast changes nothing: then the first pass is all */
  readonly second: ((stretch: Stretch, mean: number) => void) | null
}

export function colourPasses(planes: ColourPlanes, jitter: ColourJitter): ColourPasses {
  const { order, contrast } = jitter
  const change = (changes: readonly ColourChange[], stretch: Stretch): void => {
    for (const name of changes) changeOwn(planes, { name, jitter }, stretch)
  }
  if (contrast === 1) {
    return {
      first(stretch, sum) {
        change(order, stretch)
        return sum
      },
      second: null,
    }
  }
  const before = order.slice(0, order.indexOf('contrast'))
  const after = order.slice(before.length + 1)
  return {
    first(stretch, sum) {
      change(before, stretch)
      return addGrey(planes, stretch, sum)
    },
    second(stretch, mean) {
      blend(planes, stretch, { factor: contrast, rest: (1 - contrast) * mean })
      change(after, stretch)
    },
  }
}

/** A change that needs to know of no other pixel. */
function changeOwn(planes: ColourPlanes, { name, jitter: { brightness, saturation, hue } }: { name: ColourChange; jitter: ColourJitter }, stretch: Stretch): void {
  if (name === 'brightness' && brightness !== 1) blend(planes, stretch, { factor: brightness, rest: 0 })
  else if (name === 'saturation' && saturation !== 1) blendWithGrey(planes, stretch, saturation)
  else if (name === 'hue' && hue !== 0) turnHue(planes, stretch, hue)
}

// ITU-R 601, rounded as torchvision does
const RED = 0.2989
const GREEN = 0.587
const BLUE = 0.114

function addGrey({ red, green, blue }: ColourPlanes, { from, to }: Stretch, sum: number): number {
  let total = sum
  for (let i = from; i < to; i++) total += RED * red[i] + GREEN * green[i] + BLUE * blue[i]
  return total
}

/** `factor` times each value plus `rest`, which is `1 - factor` times something in 0..1, or 0: only a factor above 1 leads out of 0..1. */
function blend({ red, green, blue }: ColourPlanes, { from, to }: Stretch, { factor, rest }: { factor: number; rest: number }): void {
  for (const plane of [red, green, blue]) {
    if (factor > 1) for (let i = from; i < to; i++) plane[i] = clamped(plane[i] * factor + rest)
    else for (let i = from; i < to; i++) plane[i] = plane[i] * factor + rest
  }
}

/** Towards (or away from) each pixel's own grey. */
function blendWithGrey({ red, green, blue }: ColourPlanes, { from, to }: Stretch, factor: number): void {
  const other = 1 - factor
  for (let i = from; i < to; i++) {
    const r = red[i]
    const g = green[i]
    const b = blue[i]
    const rest = other * (RED * r + GREEN * g + BLUE * b)
    red[i] = clamped(r * factor + rest)
    green[i] = clamped(g * factor + rest)
    blue[i] = clamped(b * factor + rest)
  }
}

/** Turns the hue of HSV; saturation and value stay. More than a sixth of the colour circle is turned in steps. */
function turnHue(planes: ColourPlanes, stretch: Stretch, turns: number): void {
  const sixths = 6 * turns
  const steps = Math.ceil(Math.abs(sixths))
  for (let step = 0; step < steps; step++) turnUpToSixth(planes, stretch, sixths / steps)
}

/**
 * By -1..1 sixths. In each sixth of the circle one channel holds the most, one the least, and the third lies between; it
 * rises from red to yellow, from green to cyan and from blue to magenta, and falls in the others.
 */
function turnUpToSixth({ red, green, blue }: ColourPlanes, { from, to }: Stretch, sixths: number): void {
  for (let i = from; i < to; i++) {
    const r = red[i]
    const g = green[i]
    const b = blue[i]
    if (r > g) {
      if (g > b) moveThird({ most: red, third: green, least: blue }, i, sixths)
      else if (r > b) moveThird({ most: red, third: blue, least: green }, i, -sixths)
      else moveThird({ most: blue, third: red, least: green }, i, sixths)
    } else if (r > b) moveThird({ most: green, third: red, least: blue }, i, -sixths)
    else if (g > b) moveThird({ most: green, third: blue, least: red }, i, sixths)
    else moveThird({ most: blue, third: green, least: red }, i, -sixths)
  }
}

/** Moves the third channel by so many chromas. Beyond the most, or below the least, it takes that one's part, which moves on. */
function moveThird({ most, third, least }: { most: Float32Array; third: Float32Array; least: Float32Array }, i: number, chromas: number): void {
  const top = most[i]
  const bottom = least[i]
  const moved = third[i] + chromas * (top - bottom)
  if (moved > top) {
    third[i] = top
    most[i] = 2 * top - moved
  } else if (moved < bottom) {
    third[i] = bottom
    least[i] = 2 * bottom - moved
  } else third[i] = moved
}

function clamped(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value
}
