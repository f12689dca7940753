/** Mini with weights that know the painted panoramas a little: its answers are as decided as a real student's. */
import { join } from 'node:path'
import { crossEntropy, upsample } from '../../src/core/autodiff/losses.ts'
import { adamW } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep } from '../../src/core/autodiff/training-step.ts'
import { studentConfig } from '../../src/core/networks/segformer/config.ts'
import { segformer } from '../../src/core/networks/segformer/network.ts'
import { initialWeights } from '../../src/core/networks/segformer/parameters.ts'
import { toSafetensors } from '../../src/core/networks/segformer/weights.ts'
import type { Tensor } from '../../src/core/onnx/tensor.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { imageTensor, resizedLabels, stacked } from './label-batches.ts'
import { PAINTED, paintedTrainId, writePaintedPanorama } from './painted-panoramas.ts'

export interface TrainedMini {
  /** .onnx */
  readonly network: Uint8Array
  /** .safetensors */
  readonly weights: Uint8Array
}

const CLASSES = 19
const LEARNING_RATE = 1e-3

/** Trains for some seconds on painted panoramas, which it writes into `folder`. */
export async function trainMini(folder: string, { steps = 40, size = { width: 128, height: 64 }, rolls = [0, 170, 340] } = {}): Promise<TrainedMini> {
  const files = await Promise.all(rolls.map((roll) => writePaintedPanorama(join(folder, 'lessons'), `roll-${roll}`, roll)))
  const images = stacked(await Promise.all(files.map((file) => imageTensor(file, size))))
  const labels = stacked(rolls.map((roll) => resizedLabels(painted(roll), size)))
  const config = studentConfig('mini', CLASSES)
  const initial = initialWeights(config, 1)
  const [batch, height, width] = labels.dims
  const step = compileTrainingStep(segformer(config, initial), ({ builder, outputs, target }) => (
    { total: crossEntropy(builder, { logits: upsample(builder, outputs['logits'], [height, width]), labels: target('labels', 'int32', labels.dims) }) }
  ), adamW(), { bindings: { batch, height, width }, clipNorm: 1 })
  const session = await openTraining(step, { threads: 2 })
  try {
    for (let index = 0; index < steps; index++) {
      await session.step({ pixel_values: images, labels }, { learningRate: LEARNING_RATE * Math.min(1, (index + 1) / 10, (2 * (steps - index)) / steps) })
    }
    const learned = await session.parameters()
    const weights = new Map([...initial].map(([name, tensor]) => [name, learned.get(name) ?? tensor]))
    return { network: writeModel(segformer(config, weights)), weights: toSafetensors(config, weights) }
  } finally {
    await session.dispose()
  }
}

function painted(roll: number): Tensor {
  const { width, height } = PAINTED
  return { elementType: 'int32', dims: [1, height, width], data: Int32Array.from({ length: width * height }, (_, index) => paintedTrainId(index % width, Math.floor(index / width), roll)) }
}
