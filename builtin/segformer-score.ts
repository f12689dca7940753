/** How well a SegFormer labels street images: one confusion matrix over all images (core/metrics/confusion.ts). */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { addToConfusion, type ConfusionScores, confusionScores, emptyConfusion } from '../src/core/metrics/confusion.ts'
import type { SegformerConfig } from '../src/core/networks/segformer/config.ts'
import { segformer } from '../src/core/networks/segformer/network.ts'
import type { Tensor } from '../src/core/onnx/tensor.ts'
import { writeModel } from '../src/core/onnx/write.ts'
import { pixelValues } from '../src/core/raster/pixel-values.ts'
import { upsampledArgmax } from '../src/core/raster/upsampled-argmax.ts'
import type { StreetImage } from './street-images.ts'

export interface Scoring {
  /** the first `count` images */
  readonly images: (index: number) => StreetImage
  readonly count: number
  readonly threads: number
}

/** The network as it is exported, on images at their own size; logits enlarged bilinearly, then the argmax. */
export async function scoreSegformer(config: SegformerConfig, weights: ReadonlyMap<string, Tensor>, scoring: Scoring): Promise<ConfusionScores> {
  return scoreNetwork(writeModel(segformer(config, weights)), config.classes, scoring)
}

/** The same for the bytes of an ONNX file: `pixel_values` [1, 3, height, width] -> `logits`. */
export async function scoreNetwork(file: Uint8Array, classes: number, { images, count, threads }: Scoring): Promise<ConfusionScores> {
  const session = await InferenceSession.create(file, { executionProviders: ['cpu'], intraOpNumThreads: threads, logSeverityLevel: 3 })
  const confusion = emptyConfusion(classes)
  try {
    for (let index = 0; index < count; index++) {
      const { width, height, rgb, trainIds } = images(index)
      const input = new OrtTensor('float32', pixelValues({ width, height, data: rgb }, { width, height }), [1, 3, height, width])
      const { logits } = await session.run({ pixel_values: input })
      const planes = { classes, height: logits.dims[2] ?? 0, width: logits.dims[3] ?? 0, data: logits.data as Float32Array }
      addToConfusion(confusion, { width, height, data: trainIds }, upsampledArgmax(planes, { width, height }))
    }
  } finally {
    await session.release()
  }
  return confusionScores(confusion)
}
