/** Which image is learnt from in which step. */
import { drawCollage } from '../../src/core/synth/collage/collage.ts'
import { SIDE } from './plan.ts'
import type { RegionImage } from './region-image.ts'

/** Collages that are drawn at once for so many steps; each is used several times, changed anew each time. */
const [POOL, BLOCK] = [32, 48]

export function collageImage(seed: number, index: number): RegionImage {
  const { rgb, levels } = drawCollage({ seed, index, size: SIDE })
  return { side: SIDE, rgb, levels }
}

/** The collage of a step's place: a function of both alone. */
export function collagePool(seed: number): (step: number, place: number) => RegionImage {
  const drawn = new Map<number, RegionImage>()
  return (step, place) => {
    const block = Math.floor(step / BLOCK)
    const index = block * POOL + ((2 * (step % BLOCK) + place) % POOL)
    const image = drawn.get(index) ?? collageImage(seed, index)
    drawn.set(index, image)
    if (drawn.size > 3 * POOL) for (const each of [...drawn.keys()].slice(0, POOL)) drawn.delete(each)
    return image
  }
}
