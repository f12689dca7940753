import { IGNORE_ID, type LabelSet } from '../labels/label-set.ts'
import { isThing } from '../labels/things.ts'
import { connectedComponents } from '../raster/components.ts'
import type { Raster, RgbImage } from '../raster/raster.ts'

/** COCO panoptic format: a PNG whose pixels are segment ids (id = R + 256 G + 65536 B, 0: no segment) and one JSON. */

export interface PanopticSegment {
  readonly id: number
  readonly category_id: number
  readonly area: number
  /** x, y, width, height */
  readonly bbox: readonly [number, number, number, number]
  readonly iscrowd: 0 | 1
}

export interface PanopticPanorama {
  /** segment ids per pixel, 0: none */
  readonly ids: Raster<Uint32Array>
  readonly segments: readonly PanopticSegment[]
}

const MAX_ID = 0xffffff
/** of the JSON document */
const OPENING = '{"annotations":['

/**
 * Segments of a label map. With `masks` (1 + mask index per pixel, 0: none) a segment is the pixels of one mask and one
 * class, and what no mask covers is segmented by connected region; without, by connected region (8 neighbours) alone.
 * 255 is no segment. category_id is the trainId. Ids count from 1 in the order of the segments' first pixels. On a cyclic
 * panorama a region may pass the seam: it is one segment, and its box, which COCO cannot wrap, spans the width.
 */
export function panopticSegments(
  label: Raster,
  options: { readonly cyclic: boolean; readonly masks?: Raster<Uint32Array> | null },
): PanopticPanorama {
  const { width, height, data } = label
  const { masks = null, cyclic } = options
  const unmasked = masks ? data.map((value, i) => (masks.data[i] === 0 ? value : IGNORE_ID)) : data
  const regions = connectedComponents({ width, height, data: unmasked }, { background: IGNORE_ID, cyclic })

  const segmentOf = new Map<number, number>()
  const ids = new Uint32Array(data.length)
  const found: { category: number; area: number; x0: number; y0: number; x1: number; y1: number }[] = []
  // neighbours mostly share their segment: the map is asked only where the key changes
  let lastKey = 0
  let id = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      const category = data[i]
      if (category === IGNORE_ID) continue
      const region = regions.labels.data[i]
      // regions count from 1; (mask, class) pairs are told from them by their sign
      const key = region > 0 ? region : -((masks?.data[i] ?? 0) * 256 + category)
      if (key !== lastKey) {
        id = segmentOf.get(key) ?? found.push({ category, area: 0, x0: x, y0: y, x1: x, y1: y })
        segmentOf.set(key, id)
        lastKey = key
      }
      ids[i] = id
      const segment = found[id - 1]
      segment.area++
      if (x < segment.x0) segment.x0 = x
      if (x > segment.x1) segment.x1 = x
      segment.y1 = y
    }
  }
  if (found.length > MAX_ID) throw new RangeError(`${found.length} segments are more than COCO's ids can number.`)
  const segments = found.map(({ category, area, x0, y0, x1, y1 }, index): PanopticSegment => ({
    id: index + 1, category_id: category, area, bbox: [x0, y0, x1 - x0 + 1, y1 - y0 + 1], iscrowd: 0,
  }))
  return { ids: { width, height, data: ids }, segments }
}

/** The ids as colours. */
export function panopticIdsToRgb({ width, height, data: ids }: Raster<Uint32Array>): RgbImage {
  const data = new Uint8Array(3 * ids.length)
  for (let i = 0; i < ids.length; i++) {
    data[3 * i] = ids[i] & 0xff
    data[3 * i + 1] = (ids[i] >> 8) & 0xff
    data[3 * i + 2] = (ids[i] >> 16) & 0xff
  }
  return { width, height, data }
}

export interface PanopticImage {
  readonly fileName: string
  readonly segmentsFileName: string
  readonly width: number
  readonly height: number
  readonly segments: readonly PanopticSegment[]
}

export interface PanopticJson {
  readonly images: readonly { readonly id: number; readonly file_name: string; readonly width: number; readonly height: number }[]
  readonly annotations: readonly { readonly image_id: number; readonly file_name: string; readonly segments_info: readonly PanopticSegment[] }[]
  readonly categories: readonly { readonly id: number; readonly name: string; readonly isthing: 0 | 1; readonly color: readonly [number, number, number] }[]
}

/** The text of a JSON document (PanopticJson) in pieces, to be written one after the other. */
export interface PanopticText {
  /** the piece of one panorama; image ids count from 1 */
  add(image: PanopticImage): string
  /** the last piece */
  end(): string
}

/** Many panoramas have more segments than fit into memory as one text: only the images' names and sizes are kept. */
export function panopticText(labelSet: LabelSet): PanopticText {
  const images: PanopticJson['images'][number][] = []
  return {
    add({ fileName, segmentsFileName, width, height, segments }) {
      const id = images.push({ id: images.length + 1, file_name: fileName, width, height })
      const annotation: PanopticJson['annotations'][number] = { image_id: id, file_name: segmentsFileName, segments_info: segments }
      return `${id === 1 ? OPENING : ','}${JSON.stringify(annotation)}`
    },
    end() {
      const categories: PanopticJson['categories'] = labelSet.classes.map((labelClass) => ({
        id: labelClass.trainId, name: labelClass.name, isthing: isThing(labelClass) ? 1 : 0, color: labelClass.color,
      }))
      return `${images.length === 0 ? OPENING : ''}],"images":${JSON.stringify(images)},"categories":${JSON.stringify(categories)}}`
    },
  }
}
