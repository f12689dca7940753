import { fetchBytes } from '../fetch-bytes.ts'
import { tileRects } from '../tiling.ts'
import type { TileLayout, TileRect } from '../tiling.ts'
import { portToPage } from '../worker-port.ts'
import type { ImageAnswer, ImageRequest } from './image-messages.ts'

/** Fetches, decodes and cuts panoramas away from the page's thread. */

/** Fetching is this part of the progress; decoding and cutting the rest. */
const FETCH_SHARE = 0.7

const page = portToPage<ImageRequest, ImageAnswer>()
const underWay = new Map<number, AbortController>()

page.listen((request) => {
  if (request.type === 'abort') {
    underWay.get(request.id)?.abort()
    return
  }
  const controller = new AbortController()
  underWay.set(request.id, controller)
  void load(request, controller.signal)
    .then((tiles) => page.send({ type: 'loaded', id: request.id, tiles }, tiles))
    .catch((error: unknown) => {
      // also after an abort: every request is answered once
      page.send({ type: 'failed', id: request.id, message: error instanceof Error ? error.message : String(error) })
    })
    .finally(() => underWay.delete(request.id))
})

async function load(request: ImageRequest & { type: 'load' }, signal: AbortSignal): Promise<ImageBitmap[]> {
  const { id, url, layout } = request
  const progress = (fraction: number): void => page.send({ type: 'progress', id, fraction })
  const blob = await fetchBytes(url, {
    what: 'The panorama', signal, priority: request.priority, onProgress: (fraction) => progress(fraction * FETCH_SHARE),
  })
  signal.throwIfAborted()
  const whole = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
    .catch((cause: unknown) => {
      throw new Error('The panorama cannot be decoded: the file is damaged, or too large for this browser. Import it again.', { cause })
    })
  if (whole.width !== layout.width || whole.height !== layout.height) {
    const found = `${whole.width} x ${whole.height}`
    whole.close()
    throw new Error(`The panorama's file is ${found} px but was imported as ${layout.width} x ${layout.height} px. Import it again.`)
  }
  const rects = tileRects(layout)
  if (rects.length === 1 && layout.tileWidth === layout.width && layout.tileHeight === layout.height) return [whole]
  const tiles: ImageBitmap[] = []
  try {
    for (const rect of rects) {
      signal.throwIfAborted()
      tiles.push(await cutTile(whole, rect, request))
      progress(FETCH_SHARE + ((1 - FETCH_SHARE) * tiles.length) / rects.length)
    }
    return tiles
  } catch (error) {
    for (const tile of tiles) tile.close()
    throw error
  } finally {
    whole.close()
  }
}

/** A tile of full size. What reaches beyond the panorama continues it (around the turn, or its edge), for the mip levels' sake. */
async function cutTile(
  whole: ImageBitmap, rect: TileRect, { layout, cyclic }: { layout: TileLayout; cyclic: boolean },
): Promise<ImageBitmap> {
  const { tileWidth, tileHeight } = layout
  if (rect.width === tileWidth && rect.height === tileHeight) return createImageBitmap(whole, rect.x, rect.y, tileWidth, tileHeight)
  const canvas = new OffscreenCanvas(tileWidth, tileHeight)
  const context = canvas.getContext('2d', { alpha: false })
  if (!context) throw new Error('This browser cannot draw away from the page.')
  context.imageSmoothingEnabled = false
  context.drawImage(whole, rect.x, rect.y, rect.width, rect.height, 0, 0, rect.width, rect.height)
  const [spareColumns, spareRows] = [tileWidth - rect.width, tileHeight - rect.height]
  if (spareColumns > 0) {
    const [from, columns] = cyclic ? [0, Math.min(spareColumns, whole.width)] : [whole.width - 1, 1]
    context.drawImage(whole, from, rect.y, columns, rect.height, rect.width, 0, spareColumns, rect.height)
  }
  if (spareRows > 0) context.drawImage(canvas, 0, rect.height - 1, tileWidth, 1, 0, rect.height, tileWidth, spareRows)
  return canvas.transferToImageBitmap()
}
