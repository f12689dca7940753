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
  for (const change of jitter.order) {
    if (change === 'brightness') scale(planes, jitter.brightness)
    else if (change === 'contrast') blendWithMean(planes, jitter.contrast, counted)
    else if (change === 'saturation') blendWithGrey(planes, jitter.saturation)
    else turnHue(planes, jitter.hue)
  }
}

// ITU-R 601, rounded as torchvision does
const RED = 0.2989
const GREEN = 0.587
const BLUE = 0.114

function scale({ red, green, blue }: ColourPlanes, factor: number): void {
  if (factor === 1) return
  for (const plane of [red, green, blue]) blend(plane, factor, 0)
}

function blend(plane: Float32Array, factor: number, rest: number): void {
  for (let i = 0; i < plane.length; i++) plane[i] = clamped(plane[i] * factor + rest)
}

/** Towards (or away from) the image's mean grey. */
function blendWithMean({ red, green, blue }: ColourPlanes, factor: number, counted: number): void {
  if (factor === 1 || counted === 0) return
  let sum = 0
  for (let i = 0; i < red.length; i++) sum += RED * red[i] + GREEN * green[i] + BLUE * blue[i]
  const rest = (1 - factor) * (sum / counted)
  for (const plane of [red, green, blue]) blend(plane, factor, rest)
}

/** Towards (or away from) each pixel's own grey. */
function blendWithGrey({ red, green, blue }: ColourPlanes, factor: number): void {
  if (factor === 1) return
  for (let i = 0; i < red.length; i++) {
    const [r, g, b] = [red[i], green[i], blue[i]]
    const rest = (1 - factor) * (RED * r + GREEN * g + BLUE * b)
    red[i] = clamped(r * factor + rest)
    green[i] = clamped(g * factor + rest)
    blue[i] = clamped(b * factor + rest)
  }
}

/** Turns the hue of HSV; saturation and value stay. */
function turnHue({ red, green, blue }: ColourPlanes, turns: number): void {
  if (turns === 0) return
  const sixths = 6 * turns
  for (let i = 0; i < red.length; i++) {
    const r = red[i]
    const g = green[i]
    const b = blue[i]
    const most = r > g ? (r > b ? r : b) : g > b ? g : b
    const least = r < g ? (r < b ? r : b) : g < b ? g : b
    const chroma = most - least
    if (chroma === 0) continue
    // sixths of a turn from red, 0..6
    let position = (most === r ? (g - b) / chroma : most === g ? (b - r) / chroma + 2 : (r - g) / chroma + 4) + sixths
    position -= 6 * Math.floor(position / 6)
    const sector = Math.floor(position)
    const rising = least + chroma * (position - sector)
    const falling = most + least - rising
    red[i] = sector === 0 || sector >= 5 ? most : sector === 1 ? falling : sector === 4 ? rising : least
    green[i] = sector === 1 || sector === 2 ? most : sector === 0 || sector === 6 ? rising : sector === 3 ? falling : least
    blue[i] = sector === 3 || sector === 4 ? most : sector === 2 ? rising : sector === 5 ? falling : least
  }
}

function clamped(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value
}
