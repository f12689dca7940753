import type { RgbImage } from '../../core/raster/raster.ts'
import type { EngineParts } from './label-context.ts'
import type { LabelPanoramaRequest } from './protocol.ts'

export interface LazyImage {
  /** the pixels, in shared memory */
  image(): Promise<RgbImage>
  /** nobody may use them from here on */
  giveBack(): void
}

/** Decodes a panorama once, when its pixels are first needed. Rejects with bad-file, workspace-damaged. */
export function lazyImage({ pool, buffers }: Pick<EngineParts, 'pool' | 'buffers'>, file: LabelPanoramaRequest['image']): LazyImage {
  let out: Uint8Array | undefined
  let decoding: Promise<RgbImage> | undefined
  async function decode(): Promise<RgbImage> {
    const { path, sha256, width, height } = file
    out = buffers.bytes(width * height * 3)
    await pool.run('decodeImage', { path, sha256, size: { width, height }, out })
    return { width, height, data: out }
  }
  return { image: () => (decoding ??= decode()), giveBack: () => out && buffers.giveBack(out) }
}

/** The panorama turned by some columns (core/geometry/roll.ts), in shared memory of its own. */
export async function rolledImage({ pool, buffers }: Pick<EngineParts, 'pool' | 'buffers'>, image: RgbImage, columns: number): Promise<RgbImage> {
  const out = buffers.bytes(image.data.length)
  await pool.run('rollImage', { image, columns, out })
  return { width: image.width, height: image.height, data: out }
}
