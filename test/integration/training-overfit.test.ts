/** Mini learns a few panoramas by heart: network, loss, gradients and optimiser do together what they should. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { crossEntropy, upsample } from '../../src/core/autodiff/losses.ts'
import { adamW } from '../../src/core/autodiff/optimizers.ts'
import { withParameters } from '../../src/core/autodiff/parameter-layout.ts'
import { compileTrainingStep } from '../../src/core/autodiff/training-step.ts'
import { studentConfig } from '../../src/core/networks/segformer/config.ts'
import { segformer } from '../../src/core/networks/segformer/network.ts'
import { initialWeights } from '../../src/core/networks/segformer/parameters.ts'
import { rebuild } from '../../src/core/onnx/bind.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import type { Tensor } from '../../src/core/onnx/tensor.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { agreement, argmaxOfClasses, imageTensor, predictedLabels, resizedLabels, stacked } from '../support/label-batches.ts'
import { paintedTrainId, PAINTED, writePaintedPanorama } from '../support/painted-panoramas.ts'
import { REAL, warnWithoutRealData } from '../support/real-data.ts'
import { runModel } from '../support/run-model.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const CLASSES = 19
const THREADS = 2
const SIZE = { width: 256, height: 128 }
const LEARNING_RATE = 1e-3
const WARM_UP_STEPS = 20
/** the rate falls in a line over this last part of the steps */
const FALLING_SHARE = 0.4

describe('Mini from random weights, all images in each step', () => {
  // stands in for the real ones
  it.skipIf(REAL.present)('learns four painted panoramas', { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder()
    try {
      const rolls = [0, 100, 230, 360]
      const files = await Promise.all(rolls.map((roll) => writePaintedPanorama(folder.path, `roll-${roll}`, roll)))
      const images = stacked(await Promise.all(files.map((file) => imageTensor(file, SIZE))))
      const labels = stacked(rolls.map((roll) => resizedLabels(paintedLabels(roll), SIZE)))
      expect(await agreementAfter({ images, labels, steps: 60 })).toBeGreaterThan(0.97)
    } finally {
      await folder.remove()
    }
  })

  warnWithoutRealData('Mini learns four real panoramas')
  it.skipIf(!REAL.present)('learns four real panoramas with the labels of a real TA', { timeout: 240_000 }, async () => {
    const files = ['cambridge.jpg', 'hansaplatz.jpg', 'palermo_square.jpg', 'rathaus.jpg'].map((name) => join(REAL.panoramas, name))
    const ta = readFileSync(join(dirname(REAL.ta), 'espnetv2-2.0-cityscapes-512x1024.onnx'))
    const labels: Tensor[] = []
    for (const file of files) labels.push(resizedLabels(await predictedLabels(ta, await imageTensor(file, { width: 1024, height: 512 })), SIZE))
    const images = stacked(await Promise.all(files.map((file) => imageTensor(file, SIZE))))
    expect(await agreementAfter({ images, labels: stacked(labels), steps: 120 })).toBeGreaterThan(0.95)
  })
})

interface Lesson {
  readonly images: Tensor
  readonly labels: Tensor
  readonly steps: number
}

/** Trains Mini, exports it, and says on which share of the pixels the exported network answers with the label. */
async function agreementAfter({ images, labels, steps }: Lesson): Promise<number> {
  const config = studentConfig('mini', CLASSES)
  const network = segformer(config, initialWeights(config, 1))
  const [batch, height, width] = labels.dims
  const step = compileTrainingStep(network, ({ builder, outputs, target }) => {
    const logits = upsample(builder, outputs['logits'], [height, width])
    return { total: crossEntropy(builder, { logits, labels: target('labels', 'int32', labels.dims) }) }
  }, adamW(), { bindings: { batch, height, width }, clipNorm: 1 })
  const session = await openTraining(step, { threads: THREADS })
  try {
    for (let index = 0; index < steps; index++) {
      const { finite } = await session.step({ pixel_values: images, labels }, { learningRate: learningRateAt(index, steps) })
      expect(finite).toBe(true)
    }
    return agreement(await labelsOf(withParameters(network, await session.parameters()), images), labels)
  } finally {
    await session.dispose()
  }
}

function learningRateAt(index: number, steps: number): number {
  return LEARNING_RATE * Math.min(1, (index + 1) / WARM_UP_STEPS, (steps - index) / (steps * FALLING_SHARE))
}

/** The network's labels at the size of its images: logits upsampled as in the loss. */
async function labelsOf(network: Model, images: Tensor): Promise<Tensor> {
  const [batch, , height, width] = images.dims
  const { builder, outputs } = rebuild(network, { bindings: { batch, height, width } })
  builder.output(upsample(builder, outputs['logits'], [height, width]), 'upsampled')
  const { upsampled } = await runModel(builder.build(), { pixel_values: images }, { threads: THREADS })
  return argmaxOfClasses(upsampled)
}

function paintedLabels(roll: number): Tensor {
  const { width, height } = PAINTED
  return { elementType: 'int32', dims: [1, height, width], data: Int32Array.from({ length: width * height }, (_, index) => paintedTrainId(index % width, Math.floor(index / width), roll)) }
}
