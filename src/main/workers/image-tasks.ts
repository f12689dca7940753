import { basename } from 'node:path'
import sharp from 'sharp'
import { StudioError } from '../../contract/errors.ts'
import { rollRgbColumns } from '../../core/geometry/roll.ts'
import { renderView } from '../../core/goodsam/view-resampling.ts'
import { cropAcrossSeam } from '../../core/raster/crop.ts'
import { pixelValues } from '../../core/raster/pixel-values.ts'
import { resizeRgb } from '../../core/raster/resize.ts'
import type { RgbImage } from '../../core/raster/raster.ts'
import { readHashed } from '../artifacts/durable-files.ts'
import { errnoOf } from '../artifacts/storage-errors.ts'
import type { TaskHandlers, TaskInput } from './raster-tasks.ts'

// decoded panoramas are used once: a cache would only hold memory
sharp.cache(false)

export const IMAGE_TASKS: Pick<TaskHandlers, 'decodeImage' | 'cropPlanes' | 'cropPixels' | 'rollImage'> = {
  async decodeImage({ path, sha256, size, out }) {
    const { data, info } = await sharp(await readImage(path, sha256), { limitInputPixels: false })
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
      .catch((cause: unknown) => {
        throw new StudioError('bad-file', `The image ${basename(path)} cannot be read: import the panorama again.`, { cause })
      })
    if (info.width !== size.width || info.height !== size.height) {
      throw new StudioError(
        'bad-file',
        `The image ${basename(path)} is ${info.width}x${info.height}, not ${size.width}x${size.height} as recorded: import the panorama again.`,
      )
    }
    if (info.channels === 3) out.set(data)
    else for (let pixel = 0; pixel < size.width * size.height; pixel++) out.fill(data[pixel * info.channels], pixel * 3, pixel * 3 + 3)
    return null
  },

  cropPlanes(input) {
    pixelValues(resizedCrop(input), input.frame, input.out)
    return null
  },

  cropPixels(input) {
    input.out.set(resizedCrop(input).data)
    return null
  },

  rollImage({ image, columns, out }) {
    out.set(rollRgbColumns(image, columns).data)
    return null
  },
}

function resizedCrop({ image, rect, size }: Pick<TaskInput<'cropPixels'>, 'image' | 'rect' | 'size'>): RgbImage {
  const { view } = rect
  const crop = view === undefined ? cropAcrossSeam(image, rect) : renderView(image, { ...rect, view })
  return crop.width === size.width && crop.height === size.height ? crop : resizeRgb(crop, size.width, size.height)
}

/** The file's bytes, when they are still those that were imported: other pixels would be labelled under this name. */
async function readImage(path: string, sha256: string): Promise<Uint8Array> {
  const found = await readHashed(path).catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') throw damaged(path, 'is missing', cause)
    throw new StudioError('bad-file', `The image ${path} cannot be read: check its permissions and the disk.`, { cause })
  })
  if (found.hash !== sha256) throw damaged(path, 'is damaged: it is not what was imported')
  return found.bytes
}

function damaged(path: string, how: string, cause?: unknown): StudioError {
  return new StudioError(
    'workspace-damaged',
    `The image ${path} ${how}. Import the panorama's file again into a new dataset, which repairs it here too, or restore it from a copy of the workspace.`,
    { cause },
  )
}
