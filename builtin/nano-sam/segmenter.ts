/** nano-sam in onnxruntime: an image is encoded once, and asked about with any number of clicks. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { NanoSamConfig } from '../../src/core/networks/nano-sam/config.ts'
import { nanoSamMaskDecoder, nanoSamVisionEncoder } from '../../src/core/networks/nano-sam/network.ts'
import type { Weights } from '../../src/core/networks/parameters.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import { pixelValues } from '../../src/core/raster/pixel-values.ts'
import { resizeRgb } from '../../src/core/raster/resize.ts'
import { sessionOptions } from '../../src/main/engine/ort-values.ts'

export interface Answers {
  readonly prompts: number
  readonly masksPerPrompt: number
  /** side of a mask, pixels */
  readonly low: number
  /** [prompts, masks, low, low] */
  readonly logits: Float32Array
  /** predicted IoU, [prompts, masks] */
  readonly scores: Float32Array
}

export interface Segmenter {
  /** `points`: x, y of each click, pixels of the image (8-bit sRGB, interleaved, square; it is brought to the network's side) */
  ask(rgb: Uint8Array, points: Float32Array): Promise<Answers>
  close(): Promise<void>
}

/** Clicks that one run of the decoder answers */
const AT_ONCE = 64

/** Opens the two files that `encoder` and `decoder` hold. */
export async function openSegmenter(files: { readonly encoder: Uint8Array; readonly decoder: Uint8Array }, { side, threads = 1 }: { readonly side: number; readonly threads?: number }): Promise<Segmenter> {
  const options = sessionOptions({ model: '', provider: 'cpu', threads })
  const [encoder, decoder] = [await InferenceSession.create(files.encoder, options), await InferenceSession.create(files.decoder, options)]
  return {
    async ask(rgb, points) {
      const given = Math.sqrt(rgb.length / 3)
      const image = { width: given, height: given, data: rgb }
      const pixels = pixelValues(given === side ? image : resizeRgb(image, side, side), { width: side, height: side })
      const places = given === side ? points : points.map((at) => ((at + 0.5) * side) / given - 0.5)
      const embedded = await encoder.run({ pixel_values: new OrtTensor('float32', pixels, [1, 3, side, side]) })
      const { image_embeddings, image_positional_embeddings } = embedded
      const prompts = points.length / 2
      let answers: Answers = { prompts, masksPerPrompt: 0, low: 0, logits: new Float32Array(), scores: new Float32Array() }
      for (let from = 0; from < prompts; from += AT_ONCE) {
        const count = Math.min(AT_ONCE, prompts - from)
        const { pred_masks, iou_scores } = await decoder.run({
          image_embeddings, image_positional_embeddings,
          input_points: new OrtTensor('float32', places.slice(2 * from, 2 * (from + count)), [1, count, 1, 2]),
          input_labels: new OrtTensor('int64', new BigInt64Array(count).fill(1n), [1, count, 1]),
        })
        const [, , masks, , low] = pred_masks.dims
        if (from === 0) answers = { prompts, masksPerPrompt: masks, low, logits: new Float32Array(prompts * masks * low * low), scores: new Float32Array(prompts * masks) }
        answers.logits.set(pred_masks.data as Float32Array, from * masks * low * low)
        answers.scores.set(iou_scores.data as Float32Array, from * masks)
      }
      return answers
    },
    async close() {
      await encoder.release()
      await decoder.release()
    },
  }
}

/** The same for weights that are in memory. */
export function openNanoSam(config: NanoSamConfig, weights: Weights, threads = 1): Promise<Segmenter> {
  const files = { encoder: writeModel(nanoSamVisionEncoder(config, weights)), decoder: writeModel(nanoSamMaskDecoder(config, weights)) }
  return openSegmenter(files, { side: config.imageSize, threads })
}
