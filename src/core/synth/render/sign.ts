/** Faces of traffic signs: a border and a symbol, both from the seed; round on caps of cylinders, else as the box is. */
import { hash3 } from './noise.ts'
import { ALONG, FACE, FACE_HEIGHT, FACE_ROUND, FACE_TOP, FACE_WIDTH, UP } from './surface.ts'
import { COLOR, SECOND, SEED } from './world.ts'

const DARK = 0.03

export function signLook(m: Float64Array, i: number, { surface, look }: { surface: Float64Array; look: Float64Array }): void {
  const seed = m[i + SEED] | 0
  const cap = surface[FACE] >= FACE_TOP && surface[FACE] < FACE_ROUND && surface[ALONG] < surface[FACE_WIDTH]
  // caps measure from their middle, faces of boxes from their corner
  const round = cap && Math.abs(surface[FACE_WIDTH] - surface[FACE_HEIGHT]) < 1e-9
  const x = (surface[ALONG] / surface[FACE_WIDTH] - (round ? 0 : 0.5)) * 2
  const y = (surface[UP] / surface[FACE_HEIGHT] - (round ? 0 : 0.5)) * 2
  const thin = Math.min(surface[FACE_WIDTH], surface[FACE_HEIGHT]) < 0.08 || surface[FACE] === FACE_ROUND
  if (thin) {
    for (let channel = 0; channel < 3; channel++) look[channel] = 0.4
    return
  }
  const border = round ? Math.hypot(x, y) : Math.max(Math.abs(x), Math.abs(y))
  const ink = border < 0.72 && symbol(x, y, seed)
  const bordered = border > 0.8
  // on a dark ground the symbol is of the second colour, on a bright one it is dark
  const bright = m[i + COLOR] + m[i + COLOR + 1] + m[i + COLOR + 2] > 1.2
  for (let channel = 0; channel < 3; channel++) {
    const inked = bright ? DARK : m[i + SECOND + channel]
    look[channel] = bordered ? m[i + SECOND + channel] : ink ? inked : m[i + COLOR + channel]
  }
}

function symbol(x: number, y: number, seed: number): boolean {
  const word = hash3(seed, 77, 5)
  switch ((word >>> 3) % 5) {
    case 0:
      return Math.abs(y) < 0.18 && Math.abs(x) < 0.6
    case 1:
      // an arrow up
      return (Math.abs(x) < 0.12 && y > -0.6 && y < 0.2) || (y > 0.1 && y < 0.6 && Math.abs(x) < 0.6 - y)
    case 2:
      // two figures
      return figure(x + 0.3, y, word) || figure(x - 0.3, y, word >>> 9)
    case 3:
      return Math.hypot(x, y) < 0.4
    default:
      return Math.abs(x) < 0.62 && Math.abs(((y + 2) % 0.34) - 0.17) < 0.075 && Math.abs(y) < 0.6
  }
}

/** Seven strokes, as on a pocket calculator, some of them on. */
function figure(x: number, y: number, word: number): boolean {
  const bits = word | 0x12
  const inX = Math.abs(x)
  if (inX > 0.24 || Math.abs(y) > 0.5) return false
  if (inX > 0.13) return (bits & (x < 0 ? (y < 0 ? 1 : 2) : y < 0 ? 4 : 8)) !== 0
  return (bits & 16) !== 0 ? Math.abs(y) > 0.39 : Math.abs(y) < 0.06
}
