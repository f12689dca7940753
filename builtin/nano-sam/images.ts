/** Which image is learnt from in which step. */
import { drawCollage } from '../../src/core/synth/collage/collage.ts'
import { seededRandom } from '../../src/core/networks/random.ts'
import type { RegionImage } from './region-image.ts'
import { randomWindow, type StreetRegions } from './street-regions.ts'

/** The collages of so many steps are used so many times, changed anew each time: to draw one takes as long as to learn from it. */
const [BLOCK, USES] = [60, 3]
const KEPT = 240

export function collageImage(seed: number, index: number, side: number): RegionImage {
  const { rgb, levels } = drawCollage({ seed, index, size: side })
  return { side, rgb, levels }
}

/** The collage number `turn` (0 .. count - 1) of a step: a function of these alone. */
export function collagePool(seed: number): (step: number, options: { readonly turn: number; readonly count: number; readonly side: number }) => RegionImage {
  const drawn = new Map<string, RegionImage>()
  const collage = (index: number, side: number): RegionImage => {
    const key = `${side}:${index}`
    const image = drawn.get(key) ?? collageImage(seed, index, side)
    drawn.set(key, image)
    if (drawn.size > KEPT) for (const each of [...drawn.keys()].slice(0, KEPT / 2)) drawn.delete(each)
    return image
  }
  return (step, { turn, count, side }) => {
    const pool = Math.ceil((count * BLOCK) / USES)
    return collage(Math.floor(step / BLOCK) * 1000 + ((count * (step % BLOCK) + turn) % pool), side)
  }
}

/** Street images that the windows of `BLOCK` steps are taken from */
const STREETS = 8

/** A window for the place `turn` (0 .. count - 1) of a step, from the first `images` street images: a function of these alone. */
export function windowPool(seed: number, street: (index: number) => StreetRegions): (step: number, options: { readonly turn: number; readonly count: number; readonly side: number; readonly window: number; readonly images: number }) => RegionImage {
  const opened = new Map<number, StreetRegions>()
  const open = (index: number): StreetRegions => {
    const image = opened.get(index) ?? street(index)
    opened.delete(index)
    opened.set(index, image)
    for (const oldest of opened.keys()) if (opened.size > 3 * STREETS) opened.delete(oldest)
    return image
  }
  return (step, { turn, count, side, window, images }) => {
    const { uniform } = seededRandom(`${seed}:streets:${Math.floor(step / BLOCK)}:${(count * step + turn) % STREETS}`)
    return randomWindow(open(Math.floor(uniform() * images)), { side, window }, `${seed}:window:${step}:${turn}`)
  }
}
