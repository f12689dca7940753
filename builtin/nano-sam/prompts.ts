/** Draws prompts for an image with regions, with the masks that they may mean. */
import type { Random } from '../../src/core/networks/random.ts'
import { depthInside, type Region, type RegionImage, regionsOf } from './region-image.ts'

/** Truths of one prompt at most: one per level */
export const TRUTHS = 3
/** Pixels of the image per pixel of a mask, in either direction */
export const MASK_STRIDE = 2

/** SAM's labels of points. */
const [BACKGROUND, FOREGROUND, CORNER, OTHER_CORNER] = [0, 1, 2, 3]
/** pixels that a region must have to be asked for, where the image is not enlarged */
const LEAST_AREA = 64
/** likewise, to count as what a prompt means */
const LEAST_TRUTH = 24

export interface Prompt {
  /** x, y of each point, pixels of the image */
  readonly points: readonly number[]
  readonly labels: readonly number[]
  /** what may be meant: numbers of a level's regions */
  readonly truths: readonly Truth[]
}

export interface Truth {
  readonly level: number
  readonly id: number
  readonly area: number
}

/** Draws any number of prompts for the image. */
export class PromptSource {
  private readonly image: RegionImage
  private readonly regions: readonly (readonly Region[])[]
  private readonly areas: readonly ReadonlyMap<number, number>[]
  private readonly depths: readonly Float32Array[]
  private readonly asked: readonly { readonly level: number; readonly region: Region; readonly upTo: number }[]
  private readonly random: Random
  private readonly leastTruth: number

  /**
   * A region is asked for in proportion to its area to the power `preference`: 0: each as often. `enlarged`: by how much
   * the image is, in either direction
   */
  constructor(image: RegionImage, random: Random, { preference = 0.5, enlarged = 1 }: { readonly preference?: number; readonly enlarged?: number } = {}) {
    const { side, levels } = image
    this.image = image
    this.random = random
    this.leastTruth = LEAST_TRUTH * enlarged ** 2
    this.regions = levels.map((level) => regionsOf(level, side))
    this.areas = this.regions.map((regions) => new Map(regions.map(({ id, area }) => [id, area])))
    this.depths = levels.map((level) => depthInside(level, side))
    let upTo = 0
    this.asked = this.regions.flatMap((regions, level) => regions
      .filter(({ id, area }) => area >= LEAST_AREA * enlarged ** 2 && this.isNew(level, id, area))
      .map((region) => ({ level, region, upTo: (upTo += region.area ** preference) })))
  }

  /** Whether there is anything to ask for. */
  get empty(): boolean {
    return this.asked.length === 0
  }

  /** One point in a region: whatever it lies in may be meant. */
  click(): Prompt {
    const { level, region } = this.drawRegion()
    const at = this.drawPixel(level, region)
    return { points: this.pointAt(at), labels: [FOREGROUND], truths: this.truthsAt(at) }
  }

  /** Two points: a box, or a point within and one outside, or two within. One region is meant. */
  pair(): Prompt {
    const { level, region } = this.drawRegion()
    const truths = [{ level, id: region.id, area: region.area }]
    const kind = this.random.uniform()
    if (kind < 0.5) return { points: this.drawBox(region), labels: [CORNER, OTHER_CORNER], truths }
    const inside = this.drawPixel(level, region)
    const outside = kind < 0.8 ? this.drawOutside(level, region) : undefined
    if (outside !== undefined) return { points: [...this.pointAt(inside), ...this.pointAt(outside)], labels: [FOREGROUND, BACKGROUND], truths }
    return { points: [...this.pointAt(inside), ...this.pointAt(this.drawPixel(level, region))], labels: [FOREGROUND, FOREGROUND], truths }
  }

  /** A level below says nothing new of a region that is the same there. */
  private isNew(level: number, id: number, area: number): boolean {
    if (level === 0) return true
    const first = this.image.levels[level].indexOf(id)
    return this.areas[level - 1].get(this.image.levels[level - 1][first]) !== area
  }

  private drawRegion(): { readonly level: number; readonly region: Region } {
    const wanted = this.random.uniform() * this.asked[this.asked.length - 1].upTo
    return this.asked.find(({ upTo }) => wanted < upTo) ?? this.asked[0]
  }

  /** A pixel of the region; of a few, mostly the one that lies farthest inside. */
  private drawPixel(level: number, { id, box: [x0, y0, x1, y1], area }: Region): number {
    const { side, levels } = this.image
    const tries = 1 + Math.floor(this.random.uniform() * 4)
    let best = -1
    for (let found = 0, drawn = 0; found < tries && drawn < 400; drawn++) {
      const at = (y0 + Math.floor(this.random.uniform() * (y1 - y0))) * side + x0 + Math.floor(this.random.uniform() * (x1 - x0))
      if (levels[level][at] !== id) continue
      found++
      if (best < 0 || this.depths[level][at] > this.depths[level][best]) best = at
    }
    if (best >= 0) return best
    // a region that fills hardly any of its box
    let left = Math.floor(this.random.uniform() * area)
    return levels[level].findIndex((each) => each === id && left-- === 0)
  }

  /** A pixel near the region that is not of it. */
  private drawOutside(level: number, { id, box: [x0, y0, x1, y1] }: Region): number | undefined {
    const { side, levels } = this.image
    const [wide, high] = [8 + 0.5 * (x1 - x0), 8 + 0.5 * (y1 - y0)]
    for (let drawn = 0; drawn < 50; drawn++) {
      const [x, y] = [Math.floor(x0 - wide / 2 + this.random.uniform() * (x1 - x0 + wide)), Math.floor(y0 - high / 2 + this.random.uniform() * (y1 - y0 + high))]
      if (x < 0 || y < 0 || x >= side || y >= side) continue
      const at = y * side + x
      if (levels[level][at] !== id && levels[level][at] !== 0) return at
    }
    return undefined
  }

  /** The region's box, its sides off by a tenth of it at most. */
  private drawBox({ box: [x0, y0, x1, y1] }: Region): readonly number[] {
    const off = (length: number) => Math.max(-0.1, Math.min(0.1, 0.05 * this.random.normal())) * length
    const inImage = (value: number) => Math.max(0, Math.min(this.image.side - 1, value))
    const [wide, high] = [x1 - x0, y1 - y0]
    return [x0 + off(wide), y0 + off(high), x1 - 1 + off(wide), y1 - 1 + off(high)].map(inImage)
  }

  private pointAt(pixel: number): readonly number[] {
    return [pixel % this.image.side, Math.floor(pixel / this.image.side)]
  }

  private truthsAt(pixel: number): readonly Truth[] {
    const truths: Truth[] = []
    for (const [level, ids] of this.image.levels.entries()) {
      const [id, before] = [ids[pixel], truths[truths.length - 1]]
      const area = this.areas[level].get(id) ?? 0
      // regions of finer levels lie within those of coarser ones: of the same size, they are the same
      if (id !== 0 && area >= this.leastTruth && before?.area !== area) truths.push({ level, id, area })
    }
    return truths.slice(0, TRUTHS)
  }
}

/** Which share of each pixel of a mask belongs to the region; `out`: (side / MASK_STRIDE)^2 numbers. */
export function writeTruth({ levels, side }: RegionImage, { level, id }: Truth, out: Float32Array): void {
  const ids = levels[level]
  const low = side / MASK_STRIDE
  for (let y = 0, to = 0; y < low; y++) {
    for (let x = 0, at = MASK_STRIDE * y * side; x < low; x++, to++, at += MASK_STRIDE) {
      const inside = (ids[at] === id ? 1 : 0) + (ids[at + 1] === id ? 1 : 0) + (ids[at + side] === id ? 1 : 0) + (ids[at + side + 1] === id ? 1 : 0)
      out[to] = inside / 4
    }
  }
}
