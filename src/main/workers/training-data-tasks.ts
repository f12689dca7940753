import { gzipSync } from 'node:zlib'
import { StudioError } from '../../contract/errors.ts'
import { decodeBoundary, decodeFusion, decodeMasks, decodeRaster, decodeSemantics } from '../../core/formats/bundles.ts'
import { decodeTrainingData, encodeTrainingData } from '../../core/formats/training-data.ts'
import { makeTrainingData } from '../../core/goodsam/distillation/targets.ts'
import { IGNORE_ID } from '../../core/labels/label-set.ts'
import type { Gzip } from '../../core/formats/bundles.ts'
import { IMAGE_TASKS } from './image-tasks.ts'
import type { LabelTaskHandlers } from './label-tasks.ts'

/** Byte of a gzip header that names the operating system; 255: unknown. */
const SYSTEM_BYTE = 9

/** zlib's own is several times as fast as the portable one. */
const gzip: Gzip = (bytes) => {
  const packed = new Uint8Array(gzipSync(bytes, { level: 1 }))
  packed[SYSTEM_BYTE] = 255
  return packed
}

export const TRAINING_DATA_TASKS: Pick<LabelTaskHandlers, 'makeTrainingData' | 'countTrainingLabels'> = {
  async makeTrainingData({ image, cyclic, projection, masks, semantics, boundary, fused, truth, fusion, size }) {
    const { width, height } = image.size
    const data = new Uint8Array(3 * width * height)
    await IMAGE_TASKS.decodeImage({ ...image, out: data })
    const labelled = readable(() => ({
      semantics: decodeSemantics(semantics),
      masks: masks && decodeMasks(masks),
      fused: decodeFusion(fused).label,
      boundary: boundary && decodeBoundary(boundary).boundary,
      truth: truth && decodeRaster(truth),
    }))
    return encodeTrainingData(makeTrainingData({ ...labelled, image: { width, height, data }, cyclic, projection, fusion }, size), gzip)
  },

  countTrainingLabels({ data }) {
    const { ta, fused } = readable(() => decodeTrainingData(data))
    const counts = new Float64Array(256)
    for (let pixel = 0; pixel < ta.data.length; pixel++) {
      // what one of them ignores, the other may know
      counts[fused.data[pixel] === IGNORE_ID ? ta.data[pixel] : fused.data[pixel]]++
    }
    return counts
  },
}

function readable<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('workspace-damaged', `A stored label cannot be read (${reason}). Label this panorama again.`, { cause })
  }
}
