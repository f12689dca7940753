/** Walls with windows: each window lies a little behind the wall, so that its reveal shows from the side. */
import { LOOK_GLOSS, LOOK_LIGHT } from './look.ts'
import { hash3, noise2, smoothStep, unit, unitOf } from './noise.ts'
import { roomLight, type Room } from './rooms.ts'
import { ALONG, FACE, FACE_HEIGHT, FACE_WIDTH, FOOTPRINT, SLANT_ALONG, SLANT_UP, UP } from './surface.ts'
import { COLOR, EMISSION, GLOSS, OPTIONS, SCALE, SECOND, SEED } from './world.ts'

/** how far windows lie behind the wall, metres */
const REVEAL = 0.14
/** width of a window's frame, metres */
const FRAME = 0.07
const WINDOW_GLOSS = 0.75
/** radiance of a lit room, where the material does not say */
const LIT = 0.3

interface Ends {
  readonly surface: Float64Array
  readonly look: Float64Array
}

/** Writes the look of a facade; `i` is where its material's numbers begin in `m`. */
export function facadeLook(m: Float64Array, i: number, ends: Ends): void {
  const { surface, look } = ends
  const ground = option(m, i, { index: 3, otherwise: 0 })
  const up = surface[UP]
  const shop = ground > 0 && up < ground
  const width = surface[FACE_WIDTH]
  const above = Math.max(0.1, surface[FACE_HEIGHT] - ground)
  const cellsAcross = Math.max(1, Math.round(width / (m[i + SCALE] * (shop ? 1.6 : 1))))
  const cellWidth = width / cellsAcross
  const floors = Math.max(1, Math.round(above / m[i + SCALE + 1]))
  const cellHeight = shop ? ground : above / floors
  const cellX = Math.min(cellsAcross - 1, Math.max(0, Math.floor(surface[ALONG] / cellWidth)))
  const cellY = shop ? -1 : Math.min(floors - 1, Math.max(0, Math.floor((up - ground) / cellHeight)))
  const x = surface[ALONG] - (cellX + 0.5) * cellWidth
  const y = up - (shop ? 0 : ground + cellY * cellHeight)
  const halfWidth = (cellWidth * (shop ? 0.84 : option(m, i, { index: 0, otherwise: 0.5 }))) / 2
  const tall = cellHeight * (shop ? 0.72 : option(m, i, { index: 1, otherwise: 0.55 }))
  const sill = shop ? cellHeight * 0.1 : (cellHeight - tall) * 0.55
  const word = hash3(cellX + 131 * surface[FACE], cellY + 17, m[i + SEED] | 0)
  wall(m, i, ends)
  const foot = surface[FOOTPRINT]
  // a narrow face (a chimney's, a parapet's) has no windows
  if (width < 1.2 || surface[FACE_HEIGHT] < 1.6 || tall <= 0.05) return
  const outside = Math.max(Math.abs(x) - halfWidth, sill - y, y - sill - tall)
  const cover = 1 - smoothStep(outside, -foot * 0.5, foot * 0.5)
  if (outside > 0 && !shop && y < sill && y > sill - 0.12 && Math.abs(x) < halfWidth + 0.08) brighten(look, 1.18)
  if (cover <= 0) return
  const red = look[0]
  const green = look[1]
  const blue = look[2]
  opening.x = x
  opening.y = y - sill
  opening.halfWidth = halfWidth
  opening.tall = tall
  opening.word = word
  opening.shop = shop
  opening.footprint = foot
  window(m, i, ends)
  look[0] = red + (look[0] - red) * cover
  look[1] = green + (look[1] - green) * cover
  look[2] = blue + (look[2] - blue) * cover
  look[LOOK_GLOSS] = m[i + GLOSS] + (look[LOOK_GLOSS] - m[i + GLOSS]) * cover
}

function option(m: Float64Array, i: number, { index, otherwise }: { index: number; otherwise: number }): number {
  const value = m[i + OPTIONS + index]
  return value === value ? value : otherwise
}

function brighten(look: Float64Array, factor: number): void {
  for (let channel = 0; channel < 3; channel++) look[channel] = Math.min(0.9, look[channel] * factor)
}

function wall(m: Float64Array, i: number, { surface, look }: Ends): void {
  const seed = m[i + SEED] | 0
  const along = surface[ALONG]
  const up = surface[UP]
  const foot = surface[FOOTPRINT]
  let shade = 0.93 + 0.14 * noise2(along * 0.3, up * 0.5, seed + 1)
  // rain has washed streaks down, dirt has splashed up
  shade -= 0.1 * smoothStep(noise2(along * 2.1, up * 0.12, seed + 2), 0.55, 0.9)
  shade -= 0.16 * (1 - smoothStep(up, 0.1, 0.9))
  const fine = 1 - smoothStep(foot, 0.02, 0.06)
  if (fine > 0) shade += (noise2(along * 14, up * 14, seed + 3) - 0.5) * 0.12 * fine
  for (let channel = 0; channel < 3; channel++) look[channel] = Math.min(0.95, m[i + COLOR + channel] * shade)
  // a facade's emission lights its windows, not its wall
  for (let channel = 0; channel < 3; channel++) look[LOOK_LIGHT + channel] = 0
}

/** the window that is being looked at: one object for all, as millions are */
const opening: Room = { x: 0, y: 0, halfWidth: 0, tall: 0, word: 0, shop: false, footprint: 0 }

function window(m: Float64Array, i: number, { surface, look }: Ends): void {
  const { halfWidth, tall, word, shop, footprint: foot } = opening
  const depth = REVEAL * (1 - smoothStep(foot, 0.05, 0.15))
  const x = opening.x + surface[SLANT_ALONG] * depth
  const y = opening.y + surface[SLANT_UP] * depth
  if (Math.abs(x) > halfWidth || y < 0 || y > tall) {
    // the reveal: soffit dark, sill bright
    brighten(look, y > tall ? 0.55 : y < 0 ? 1.05 : 0.75)
    return
  }
  opening.x = x
  opening.y = y
  const panes = shop ? 1 : halfWidth > 0.45 ? 2 : 1
  const paneWidth = (2 * halfWidth) / panes
  const inPane = Math.abs(((x + halfWidth) % paneWidth) - paneWidth / 2)
  const toFrame = Math.min(paneWidth / 2 - inPane, y, tall - y)
  const frame = 1 - smoothStep(toFrame, FRAME - foot * 0.5 - 0.005, FRAME + foot * 0.5 + 0.005)
  const frameTone = unitOf(m[i + SEED] | 0, 0) > 0.35 ? 0.62 : 0.12
  // curtains hang at some windows' sides, blinds in others
  const curtain = !shop && unitOf(word, 0) < 0.4 && Math.abs(x) > halfWidth * (0.35 + 0.4 * unitOf(word, 12)) ? 0.6 : 0
  const blind = !shop && unitOf(word, 6) < 0.25 && y > tall * (0.3 + 0.6 * unitOf(word, 16)) ? 0.7 : 0
  const cloth = Math.max(curtain, blind)
  const lit = unit(hash3(word, 7, 1)) < option(m, i, { index: 2, otherwise: 0 })
  const glow = lit ? (m[i + EMISSION] > 0 ? m[i + EMISSION] : LIT) * (0.6 + 0.8 * unitOf(word, 8)) : 0
  if (lit) roomLight(surface, opening, { out: look, at: LOOK_LIGHT })
  for (let channel = 0; channel < 3; channel++) {
    const pane = m[i + SECOND + channel] * (0.7 + 0.6 * unitOf(word, 4)) * (1 - cloth) + cloth * (0.5 - 0.04 * channel)
    look[channel] = pane + (frameTone - pane) * frame
    look[LOOK_LIGHT + channel] *= glow * (1 - frame) * (1 - 0.4 * cloth)
  }
  look[LOOK_GLOSS] = WINDOW_GLOSS * (1 - frame)
}
