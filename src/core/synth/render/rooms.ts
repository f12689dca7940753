/** What one sees through a lit window: a room as deep as wide, with shelves or a lamp; no geometry, only the ray's slant. */
import { hash3, smoothStep, unitOf } from './noise.ts'
import { SLANT_ALONG, SLANT_UP } from './surface.ts'

/** Light of a lamp indoors, linear RGB. */
const WARM = [1, 0.69, 0.37]
/** goods on shelves, boxes of this size, metres */
const GOODS_WIDTH = 0.34
const GOODS_HEIGHT = 0.42

export interface Room {
  /** from the opening's middle and lower edge, metres */
  x: number
  y: number
  halfWidth: number
  tall: number
  word: number
  shop: boolean
  footprint: number
}

/** Writes the radiance of a lit room (1: a white wall beside the lamp) to `out[at]` and the two after it. */
export function roomLight(surface: Float64Array, room: Room, { out, at }: { out: Float64Array; at: number }): void {
  const { halfWidth, tall, word, shop } = room
  const depth = shop ? 2.2 : 3
  const x = room.x + surface[SLANT_ALONG] * depth
  const y = room.y + surface[SLANT_UP] * depth
  const ceiling = tall + (shop ? 0.5 : 0.4)
  let tone = 0.5 + 0.3 * unitOf(word, 3)
  if (y > ceiling) tone = 0.85 - 0.3 * smoothStep(y, ceiling, ceiling + 2)
  else if (y < -0.9) tone = 0.22
  else tone *= 0.6 + (0.4 * (y + 0.9)) / (ceiling + 0.9)
  // side walls, as far as the room is wide
  if (Math.abs(x) > halfWidth + (shop ? 0.6 : 1.2)) tone *= 0.72
  let [red, green, blue] = [tone, tone, tone]
  if (shop && y < tall * 0.8 && y > -0.9) {
    const good = hash3(Math.floor(x / GOODS_WIDTH), Math.floor(y / GOODS_HEIGHT), word)
    const top = y / GOODS_HEIGHT - Math.floor(y / GOODS_HEIGHT)
    const filled = top < 0.35 + 0.6 * unitOf(good, 2) ? 0.8 * (1 - smoothStep(room.footprint, 0.08, 0.25)) : 0
    // most goods are dull, some are bright
    const bright = tone * (0.15 + 0.6 * unitOf(good, 22))
    red += (bright * (0.7 + 0.5 * unitOf(good, 0)) - red) * filled
    green += (bright * (0.65 + 0.45 * unitOf(good, 9)) - green) * filled
    blue += (bright * (0.6 + 0.5 * unitOf(good, 18)) - blue) * filled
  }
  out[at] = red * WARM[0]
  out[at + 1] = green * WARM[1]
  out[at + 2] = blue * WARM[2]
}
