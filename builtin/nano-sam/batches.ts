/** Batches of nano-sam's training: images, prompts and the masks that these may mean. */
import { type Random, seededRandom } from '../../src/core/networks/random.ts'
import { float32, int64 } from '../../src/core/onnx/tensor.ts'
import { pixelValues } from '../../src/core/raster/pixel-values.ts'
import type { Batch } from '../training-loop.ts'
import type { PromptGroup } from '../../src/core/networks/nano-sam/network.ts'
import { MASK_STRIDE, type Prompt, PromptSource, TRUTHS, writeTruth } from './prompts.ts'
import type { RegionImage } from './region-image.ts'

/** Pixels per cell of the image embedding, in either direction */
const CELL = 8
/** Cells of each image that are compared with all others */
export const ANCHORS = 192
/** images whose right or lower part is blank, as a window that is not square is padded */
const PADDED = 0.2

export interface BatchImage {
  readonly image: RegionImage
  /** has no above and below */
  readonly turns: boolean
}

/** A batch of the step from `images`, each changed anew: mirrored, turned where it may be, recoloured, sometimes padded. */
export function nanoSamBatch(images: readonly BatchImage[], { stream, groups, preference, enlarged }: { readonly stream: string; readonly groups: readonly PromptGroup[]; readonly preference?: number; readonly enlarged?: number }): Batch {
  const asked = groups.reduce((sum, { prompts }) => sum + prompts, 0)
  const [{ image: { side } }] = images
  const area = side * side
  const low = (side / MASK_STRIDE) ** 2
  const count = images.length
  const pixels = new Float32Array(count * 3 * area)
  const truths = new Float32Array(count * asked * TRUTHS * low)
  const weights = new Float32Array(count * asked * TRUTHS)
  const cells = (side / CELL) ** 2
  const regions = new Int32Array(count * cells)
  const anchors = Array.from({ length: ANCHORS }, () => 0)
  const anchorWeights = new Float32Array(count * ANCHORS)
  const { uniform } = seededRandom(`${stream}:anchors`)
  for (let anchor = 0; anchor < ANCHORS; anchor++) anchors[anchor] = Math.floor(uniform() * cells)
  const points = groups.map((group) => new Float32Array(count * group.prompts * group.points * 2))
  const labels = groups.map((group): number[] => Array.from({ length: count * group.prompts * group.points }, () => 0))
  for (const [at, { image, turns }] of images.entries()) {
    const random = seededRandom(`${stream}:${at}`)
    const changed = recolour(mirrored(padded(image, random), { turns, random }), random)
    pixelValues({ width: side, height: side, data: changed.rgb }, { width: side, height: side }, pixels.subarray(at * 3 * area, (at + 1) * 3 * area))
    regions.set(cellRegions(changed), at * cells)
    anchorWeights.set(weightsOfAnchors(regions.subarray(at * cells, (at + 1) * cells), anchors), at * ANCHORS)
    const source = new PromptSource(changed, random, { preference, enlarged })
    let prompt = at * asked
    for (const [index, group] of groups.entries()) {
      for (let each = 0; each < group.prompts; each++, prompt++) {
        // without a region all weights stay 0
        if (source.empty) continue
        const drawn: Prompt = group.points === 1 ? source.click() : source.pair()
        const start = (at * group.prompts + each) * group.points
        points[index].set(drawn.points, 2 * start)
        for (const [point, label] of drawn.labels.entries()) labels[index][start + point] = label
        for (const [which, truth] of drawn.truths.entries()) {
          writeTruth(changed, truth, truths.subarray((prompt * TRUTHS + which) * low, (prompt * TRUTHS + which + 1) * low))
          weights[prompt * TRUTHS + which] = 1 / drawn.truths.length
        }
      }
    }
  }
  return {
    pixel_values: float32([count, 3, side, side], pixels),
    ...Object.fromEntries(groups.flatMap((group, index) => [
      [`input_points.${index}`, float32([count, group.prompts, group.points, 2], points[index])],
      [`input_labels.${index}`, int64([count, group.prompts, group.points], labels[index])],
    ])),
    truths: float32([count, asked, TRUTHS, side / MASK_STRIDE, side / MASK_STRIDE], truths),
    truth_weights: float32([count, asked, TRUTHS], weights),
    anchors: int64([ANCHORS], anchors),
    cell_regions: { elementType: 'int32', dims: [count, cells], data: regions },
    anchor_weights: float32([count, ANCHORS], anchorWeights),
  }
}

/** The coarsest region at the middle of each cell of the image embedding. */
function cellRegions({ side, levels: [whole] }: RegionImage): Int32Array {
  const count = side / CELL
  return Int32Array.from({ length: count * count }, (_, cell) => whole[(Math.floor(cell / count) * CELL + CELL / 2) * side + (cell % count) * CELL + CELL / 2])
}

/** Anchors in small regions count more, those in none (padding) not at all. */
function weightsOfAnchors(regions: Int32Array, anchors: readonly number[]): readonly number[] {
  const sizes = new Map<number, number>()
  for (const region of regions) sizes.set(region, (sizes.get(region) ?? 0) + 1)
  return anchors.map((cell) => (regions[cell] === 0 ? 0 : 1 / Math.sqrt(sizes.get(regions[cell]) ?? 1)))
}

/** Sometimes without its right or its lower part. */
function padded(image: RegionImage, random: Random): RegionImage & { readonly width: number; readonly height: number } {
  const { side } = image
  const [cut, across, share] = [random.uniform() < PADDED, random.uniform() < 0.5, 0.4 + 0.6 * random.uniform()]
  const kept = cut ? Math.round(share * side) : side
  return { ...image, width: across ? kept : side, height: across ? side : kept }
}

/** Mirrored or not; where it may be turned, by any of the square's eight symmetries. What is padding is right and below in any case. */
function mirrored({ side, rgb, levels, width, height }: ReturnType<typeof padded>, { turns, random }: { readonly turns: boolean; readonly random: Random }): RegionImage {
  const [left, up, swap] = [random.uniform() < 0.5, turns && random.uniform() < 0.5, turns && random.uniform() < 0.5]
  const result = { side, rgb: new Uint8Array(rgb.length), levels: levels.map((level) => new Uint16Array(level.length)) }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [left ? side - 1 - x : x, up ? side - 1 - y : y]
      const [from, to] = [swap ? u * side + v : v * side + u, y * side + x]
      for (let channel = 0; channel < 3; channel++) result.rgb[3 * to + channel] = rgb[3 * from + channel]
      for (const [at, level] of levels.entries()) result.levels[at][to] = level[from]
    }
  }
  if (width < side || height < side) blank(result.rgb, { side, width, height })
  return result
}

/** Padding is 0 after normalisation: the mean colour, nearly. */
function blank(rgb: Uint8Array, { side, width, height }: { readonly side: number; readonly width: number; readonly height: number }): void {
  for (let y = 0; y < side; y++) {
    for (let x = y < height ? width : 0; x < side; x++) rgb.set(PADDING, 3 * (y * side + x))
  }
}

const PADDING = [124, 116, 104]

/** Other light: brightness, contrast and the balance of colours. Padding, which is no part of the image, stays. */
function recolour(image: RegionImage, random: Random): RegionImage {
  const { rgb, levels } = image
  const [contrast, shift] = [1 + 0.2 * (2 * random.uniform() - 1), 24 * (2 * random.uniform() - 1)]
  const tables = [0, 1, 2].map(() => {
    const gain = contrast * (1 + 0.08 * (2 * random.uniform() - 1))
    return Uint8ClampedArray.from({ length: 256 }, (_, value) => (value - 128) * gain + 128 + shift)
  })
  for (let at = 0; at < levels[0].length; at++) {
    if (levels[0][at] === 0) continue
    for (let channel = 0; channel < 3; channel++) rgb[3 * at + channel] = tables[channel][rgb[3 * at + channel]]
  }
  return image
}
