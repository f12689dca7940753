import type { LabelSet } from '../labels/label-set.ts'
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

/**
 * Segments of a label map. With `masks` (1 + mask index per pixel, 0: none) a segment is the pixels of one mask and one
 * class, and what no mask covers is segmented by connected region; without, by connected region alone. 255 is no segment.
 * category_id is the trainId.
 */
export function panopticSegments(
  label: Raster,
  options: { readonly cyclic: boolean; readonly masks?: Raster<Uint32Array> | null },
): PanopticPanorama {
  void [label, options]
  throw new Error('not yet')
}

/** The ids as colours. */
export function panopticIdsToRgb(ids: Raster<Uint32Array>): RgbImage {
  void ids
  throw new Error('not yet')
}

export interface PanopticImage {
  readonly fileName: string
  readonly segmentsFileName: string
  readonly panorama: PanopticPanorama
}

export interface PanopticJson {
  readonly images: readonly { readonly id: number; readonly file_name: string; readonly width: number; readonly height: number }[]
  readonly annotations: readonly { readonly image_id: number; readonly file_name: string; readonly segments_info: readonly PanopticSegment[] }[]
  readonly categories: readonly { readonly id: number; readonly name: string; readonly isthing: 0 | 1; readonly color: readonly [number, number, number] }[]
}

/** The JSON document of several panoramas; image ids count from 1. */
export function panopticJson(images: readonly PanopticImage[], labelSet: LabelSet): PanopticJson {
  void [images, labelSet]
  throw new Error('not yet')
}
