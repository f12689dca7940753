import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import sharp from 'sharp'
import { StudioError } from '../../contract/errors.ts'
import { writeIndexedPng } from '../../core/formats/indexed-png.ts'
import { labelAgreement } from '../../core/metrics/seam.ts'
import { bindModel } from '../../core/onnx/bind.ts'
import { calibrationModel, gatherObservations, type Observed } from '../../core/onnx/calibration.ts'
import { constantPart, withConstants } from '../../core/onnx/constant-part.ts'
import { ModelError } from '../../core/onnx/errors.ts'
import { foldBatchNorm } from '../../core/onnx/fold-batch-norm.ts'
import type { Model } from '../../core/onnx/model.ts'
import { activationRanges, quantizableLayers, quantize, valuesToObserve } from '../../core/onnx/quantize.ts'
import { readModel } from '../../core/onnx/read.ts'
import { float32 } from '../../core/onnx/tensor.ts'
import { toFloat16 } from '../../core/onnx/to-float16.ts'
import { writeModel } from '../../core/onnx/write.ts'
import { resizeRgb } from '../../core/raster/resize.ts'
import { upsampledArgmax } from '../../core/raster/upsampled-argmax.ts'
import { writeDurably } from '../artifacts/durable-files.ts'
import { storageError } from '../artifacts/storage-errors.ts'
import { openStudent } from '../engine/training-student.ts'
import { isFiniteData } from './finite.ts'
import type { NetworkTasks, Observations } from './network-tasks.ts'
import type { TaskHandlers } from './raster-tasks.ts'

export const NETWORK_TASKS: Pick<TaskHandlers, keyof NetworkTasks> = {
  constantPart: ({ network }) => converting(network, (model) => {
    const part = constantPart(model)
    return part === null ? null : writeModel(part)
  }),

  prepareConversion: ({ network, constants, size }) => converting(network, (model) => {
    const tensors = new Map(Object.entries(constants).map(([name, { dims, data }]) => [name, float32(dims, data)]))
    const prepared = foldBatchNorm(withConstants(model, tensors))
    const calibration = calibrationModel(prepared, size, valuesToObserve(quantizableLayers(prepared)))
    return { prepared: writeModel(prepared), calibration: writeModel(calibration.model), parts: calibration.parts }
  }),

  toFloat16({ prepared, observations }) {
    const largest = new Map([...observed(observations)].map(([name, each]) => [name, Math.max(-each.least, each.largest)]))
    const { model, kept } = toFloat16(readModel(prepared), { largest })
    return { model: writeModel(model), kept }
  },

  activationRanges: ({ prepared, observations }) => activationRanges(quantizableLayers(readModel(prepared)), observed(observations)),

  quantize({ prepared, ranges, leastSignal }) {
    const network = readModel(prepared)
    const { model, ...counts } = quantize(network, { layers: quantizableLayers(network), ranges, leastSignal })
    return { model: writeModel(model), ...counts }
  },

  async referenceNetwork(reference) {
    const { model } = await openStudent({ ...reference, seed: 0 })
    return writeModel(model)
  },

  compareLogits({ logits, reference, size }) {
    if (!isFiniteData(logits.data)) return null
    const label = upsampledArgmax(logits, size)
    let maxDifference = 0
    for (const [index, value] of logits.data.entries()) {
      const difference = Math.abs(value - reference.logits.data[index])
      if (difference > maxDifference) maxDifference = difference
    }
    return { label, maxDifference, agreement: labelAgreement(label, reference.label) }
  },

  async writeSample({ image, size, label, files }) {
    const { width, height } = size
    const pixels = image.width === width && image.height === height ? image : resizeRgb(image, width, height)
    await write(files.image, await sharp(pixels.data, { raw: { width, height, channels: 3 } }).png().toBuffer())
    await write(files.expected, writeIndexedPng(label, files.palette))
    return null
  },
}

/** Reads a network, inlined and of the working opset, and works on it. Throws bad-model where that cannot be done. */
async function converting<Result>(path: string, work: (model: Model) => Result): Promise<Result> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new StudioError('workspace-damaged', `The network ${path} cannot be read: restore it from a copy of the workspace.`, { cause })
  })
  try {
    return work(bindModel(readModel(bytes), {}))
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    throw new StudioError('bad-model', `The network ${basename(path).slice(0, 12)} cannot be converted: ${error.message}`, { cause: error })
  }
}

function observed({ parts, images }: Observations): ReadonlyMap<string, Observed> {
  return gatherObservations(parts, images)
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeDurably(path, bytes)
  } catch (error) {
    throw storageError('write', path, error)
  }
}
