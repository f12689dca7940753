/** Batches of street samples: a function of the step's number. Runs in a worker thread (street-batch-worker.ts). */
import { type Random, seededRandom } from '../src/core/goodsam/distillation/random.ts'
import type { StreetImage } from './street-images.ts'
import { type Augmentation, drawView, LABEL_STRIDE, rarityOf, type SampleSize, takeSample, type View } from './street-samples.ts'
import type { Batch } from './training-loop.ts'

export interface BatchRequest {
  readonly seed: number
  readonly step: number
  readonly batch: number
  readonly size: SampleSize
  readonly augmentation: Augmentation
  /** images to choose from: the first so many of the split */
  readonly images: number
  /** by trainId: how much it is wanted that a sample shows the class */
  readonly rarity: readonly number[]
  /** share of the samples that are the richest in rare classes of several that are looked at */
  readonly chosen: number
}

/** `pixel_values` [batch, 3, height, width] and `labels` int32 [batch, height / 2, width / 2]. */
export function streetBatch(images: (index: number) => StreetImage, request: BatchRequest): Batch {
  const { seed, step, batch, size, augmentation } = request
  const { width, height } = size
  const pixels = new Float32Array(batch * 3 * width * height)
  const labelSize = (width / LABEL_STRIDE) * (height / LABEL_STRIDE)
  const labels = new Int32Array(batch * labelSize)
  for (let index = 0; index < batch; index++) {
    const random = seededRandom(seed, step, index)
    const { image, view } = choose(images, random, request)
    takeSample(image, view, {
      size, random, augmentation,
      into: { pixels: pixels.subarray(index * 3 * width * height, (index + 1) * 3 * width * height), labels: labels.subarray(index * labelSize, (index + 1) * labelSize) },
    })
  }
  return {
    pixel_values: { elementType: 'float32', dims: [batch, 3, height, width], data: pixels },
    labels: { elementType: 'int32', dims: [batch, height / LABEL_STRIDE, width / LABEL_STRIDE], data: labels },
  }
}

/** Images and views of each that are looked at for one that is chosen */
const IMAGES_LOOKED_AT = 2
const VIEWS_LOOKED_AT = 2

function choose(images: (index: number) => StreetImage, random: Random, request: BatchRequest): { readonly image: StreetImage; readonly view: View } {
  const { size, augmentation, rarity } = request
  const chosen = random.next() < request.chosen
  let best: { image: StreetImage; view: View; worth: number } | null = null
  for (let i = 0; i < (chosen ? IMAGES_LOOKED_AT : 1); i++) {
    const image = images(random.below(request.images))
    for (let j = 0; j < (chosen ? VIEWS_LOOKED_AT : 1); j++) {
      const view = drawView(image, size, { random, augmentation })
      const worth = chosen ? rarityOf(image, view, { size, rarity }) : 0
      if (best === null || worth > best.worth) best = { image, view, worth }
    }
  }
  if (best === null) throw new RangeError('There are no images to draw samples from.')
  return best
}
