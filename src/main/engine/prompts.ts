import type { DecodedBatch } from '../../core/goodsam/sam-masks.ts'
import type { SamGeometry } from '../models/sam-geometry.ts'
import type { OrtFeed, OrtRun, OrtTensor } from './ort-messages.ts'

/** How a point prompt is put to each dialect's decoder, and how its answer is read. */

/** Prompts that one request to the onnxruntime thread carries where the decoder takes one at a time. */
const PROMPTS_PER_REQUEST = 16
const FOREGROUND = 1
const PADDING = { 'sam-official': -1, 'sam-transformers-js': -10 } as const

/** Share of the input frame that is image; the rest is padding. */
export interface ValidShare {
  readonly width: number
  readonly height: number
}

/** Splits the prompts of a window (x, y pairs) into the portions that one request decodes. */
export function promptPortions(points: Float32Array, geometry: SamGeometry, pointsPerBatch: number): Float32Array[] {
  const size = geometry.promptsPerRun === 1 ? PROMPTS_PER_REQUEST : (geometry.promptsPerRun ?? pointsPerBatch)
  const portions: Float32Array[] = []
  for (let from = 0; from < points.length; from += 2 * size) portions.push(points.slice(from, from + 2 * size))
  return portions
}

/**
 * The decoder's inputs besides the embeddings. `points` are in the model's input frame: window px times `scale`.
 * The decoder of transformers.js takes many prompts in one run, segment-anything's own takes one.
 */
export function promptFeeds(
  points: Float32Array,
  geometry: SamGeometry,
  valid: ValidShare,
): Pick<OrtRun, 'feeds' | 'repetitions'> {
  return geometry.dialect === 'sam-official' ? officialFeeds(points, geometry, valid) : { feeds: [], repetitions: [batchedFeeds(points, geometry)] }
}

function batchedFeeds(points: Float32Array, geometry: SamGeometry): OrtFeed[] {
  const asked = points.length / 2
  // a decoder with a fixed number of prompts gets its last portion filled up
  const prompts = geometry.promptsPerRun ?? asked
  const perPrompt = geometry.pointsPerPrompt
  const coordinates = new Float32Array(prompts * perPrompt * 2)
  const labels = new BigInt64Array(prompts * perPrompt).fill(BigInt(PADDING['sam-transformers-js']))
  for (let prompt = 0; prompt < prompts; prompt++) {
    coordinates.set(pointOf(points, Math.min(prompt, asked - 1)), prompt * perPrompt * 2)
    labels[prompt * perPrompt] = BigInt(FOREGROUND)
  }
  return [
    { name: 'input_points', type: 'float32', dims: [1, prompts, perPrompt, 2], data: coordinates },
    { name: 'input_labels', type: 'int64', dims: [1, prompts, perPrompt], data: labels },
  ]
}

function officialFeeds(
  points: Float32Array,
  { maskPrompt, pointsPerPrompt }: SamGeometry,
  valid: ValidShare,
): Pick<OrtRun, 'feeds' | 'repetitions'> {
  const { width, height } = maskPrompt ?? { width: 0, height: 0 }
  const labels = new Float32Array(pointsPerPrompt).fill(PADDING['sam-official'])
  labels[0] = FOREGROUND
  return {
    feeds: [
      float('mask_input', [1, 1, height, width], new Float32Array(width * height)),
      float('has_mask_input', [1], Float32Array.of(0)),
      // only low_res_masks are read, so the masks it also makes may as well be small: same aspect, cheapest size
      float('orig_im_size', [2], Float32Array.of(Math.ceil(valid.height * height), Math.ceil(valid.width * width))),
      float('point_labels', [1, pointsPerPrompt], labels),
    ],
    repetitions: Array.from({ length: points.length / 2 }, (_, prompt) => {
      const coordinates = new Float32Array(2 * pointsPerPrompt)
      coordinates.set(pointOf(points, prompt))
      return [float('point_coords', [1, pointsPerPrompt, 2], coordinates)]
    }),
  }
}

function float(name: string, dims: readonly number[], data: Float32Array): OrtFeed {
  return { name, type: 'float32', dims, data }
}

function pointOf(points: Float32Array, prompt: number): Float32Array {
  return points.subarray(2 * prompt, 2 * prompt + 2)
}

/** Names of the decoder's outputs that are read. */
export function decoderOutputs(geometry: SamGeometry): { readonly logits: string; readonly scores: string } {
  return geometry.dialect === 'sam-official'
    ? { logits: 'low_res_masks', scores: 'iou_predictions' }
    : { logits: 'pred_masks', scores: 'iou_scores' }
}

/** Masks of segment-anything's decoder when it gives all: the single-mask token's, then three of growing extent. */
const OFFICIAL_ALL_MASKS = 4

/**
 * The decoder's answer to `points` (window px). Throws RangeError where the shapes are not what the dialect says.
 */
export function decodedBatch(
  answer: { readonly logits: OrtTensor; readonly scores: OrtTensor },
  points: Float32Array,
  options: { readonly dialect: SamGeometry['dialect']; readonly valid: ValidShare },
): DecodedBatch {
  const [masks, lowHeight, lowWidth] = answer.logits.dims.slice(-3)
  const prompts = points.length / 2
  const answered = answer.scores.data.length / masks
  const area = lowWidth * lowHeight
  if (answered < prompts || answer.logits.data.length !== answered * masks * area) {
    throw new RangeError(`masks [${answer.logits.dims.join(', ')}] and scores [${answer.scores.dims.join(', ')}] do not fit ${prompts} prompts`)
  }
  // the single-mask token's answer is for unambiguous prompts: an automatic generator leaves it out, as the official one does
  const first = options.dialect === 'sam-official' && masks === OFFICIAL_ALL_MASKS ? 1 : 0
  const kept = masks - first
  return {
    prompts,
    masksPerPrompt: kept,
    lowWidth,
    lowHeight,
    validWidth: options.valid.width * lowWidth,
    validHeight: options.valid.height * lowHeight,
    logits: withoutFirst(answer.logits.data, { prompts, masks, first, size: area }),
    scores: withoutFirst(answer.scores.data, { prompts, masks, first, size: 1 }),
    points,
  }
}

/** Per prompt drops the first masks; drops the prompts that only filled up a fixed batch. */
function withoutFirst(
  data: Float32Array,
  { prompts, masks, first, size }: { prompts: number; masks: number; first: number; size: number },
): Float32Array {
  if (first === 0) return data.length === prompts * masks * size ? data : data.slice(0, prompts * masks * size)
  const kept = (masks - first) * size
  const result = new Float32Array(prompts * kept)
  for (let prompt = 0; prompt < prompts; prompt++) {
    const from = (prompt * masks + first) * size
    result.set(data.subarray(from, from + kept), prompt * kept)
  }
  return result
}
