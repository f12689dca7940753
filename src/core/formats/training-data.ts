import type { PanoramaWindow } from '../goodsam/types.ts'
import type { Raster, RgbImage } from '../raster/raster.ts'
import { bundle, type Bundle, type Gzip, joined, openBundle, portableGzip, rasterOf, rasterTensor, u8, uint8 } from './bundle-file.ts'
import { decodeWindows, encodeWindows } from './bundles.ts'

/** A window at the training size: what it says about its pixels, row by row. */
export interface TrainingWindow {
  /** where it lies on the panorama at the training size; columns are cyclic as in the layout */
  readonly window: PanoramaWindow
  /** E_i: trainIds, 255 where it says nothing */
  readonly label: Uint8Array
  /** M_i: 1 where E_i is trusted, else 0 */
  readonly trusted: Uint8Array
}

/** One panorama with all its targets at the training size (docs/method.md, section 5): what a sample is drawn from. */
export interface TrainingData {
  readonly width: number
  readonly height: number
  /** whether columns 0 and width - 1 are neighbours */
  readonly cyclic: boolean
  readonly image: RgbImage
  /** S_TA^w */
  readonly ta: Raster
  /** the fused label, which the student is compared with where there is no truth */
  readonly fused: Raster
  /** B_ref, 0 or 1; null where the panorama was labelled without masks */
  readonly boundary: Raster | null
  readonly truth: Raster | null
  readonly windows: readonly TrainingWindow[]
}

export function encodeTrainingData(data: TrainingData, gzip: Gzip = portableGzip): Uint8Array<ArrayBuffer> {
  const { width, height, image, ta, fused, boundary, truth, windows } = data
  for (const [name, map] of Object.entries({ image, ta, fused, boundary, truth })) {
    if (map !== null && (map.width !== width || map.height !== height)) {
      throw new RangeError(`Training data of ${width}x${height}: "${name}" is ${map.width}x${map.height}.`)
    }
  }
  return gzip(
    bundle('training data', { cyclic: String(data.cyclic) }, {
      image: { dtype: 'U8', shape: [height, width, 3], data: image.data },
      ta: rasterTensor(ta),
      fused: rasterTensor(fused),
      ...(boundary === null ? {} : { boundary: rasterTensor(boundary) }),
      ...(truth === null ? {} : { truth: rasterTensor(truth) }),
      windows: encodeWindows(windows.map(({ window }) => window)),
      window_label: u8(joined(windows.map(({ label }) => label), Uint8Array)),
      window_trusted: u8(joined(windows.map(({ trusted }) => trusted), Uint8Array)),
    }),
  )
}

/** Takes gzipped or plain bytes. Throws Error saying what is wrong with damaged ones. */
export function decodeTrainingData(bytes: Uint8Array): TrainingData {
  const file = openBundle(bytes, 'training data')
  const { cyclic } = file.metadata
  if (cyclic !== 'true' && cyclic !== 'false') throw new Error('Damaged training data: it does not say whether the panorama is a full turn.')
  const ta = rasterOf(file, 'ta')
  const { width, height } = ta
  const sameSize = (name: string): Raster => {
    const map = rasterOf(file, name)
    if (map.width !== width || map.height !== height) throw new Error(`Damaged training data: "${name}" is ${map.width}x${map.height} instead of ${width}x${height}.`)
    return map
  }
  const optional = (name: string): Raster | null => (Object.hasOwn(file.tensors, name) ? sameSize(name) : null)
  return {
    width, height, ta,
    cyclic: cyclic === 'true',
    image: { width, height, data: uint8(file, 'image', 3 * width * height) },
    fused: sameSize('fused'),
    boundary: optional('boundary'),
    truth: optional('truth'),
    windows: windowsOf(file, { width, height, cyclic: cyclic === 'true' }),
  }
}

function windowsOf(file: Bundle, frame: { readonly width: number; readonly height: number; readonly cyclic: boolean }): TrainingWindow[] {
  const windows = decodeWindows(file)
  for (const [k, { x, y, width, height }] of windows.entries()) {
    const inside = x < frame.width && width <= frame.width && y + height <= frame.height && (frame.cyclic || x + width <= frame.width)
    if (!inside) throw new Error(`Damaged training data: window ${k} leaves the panorama.`)
  }
  const pixels = windows.reduce((sum, { width, height }) => sum + width * height, 0)
  const labels = uint8(file, 'window_label', pixels)
  const trusted = uint8(file, 'window_trusted', pixels)
  let at = 0
  return windows.map((window) => {
    const start = at
    at += window.width * window.height
    return { window, label: labels.subarray(start, at), trusted: trusted.subarray(start, at) }
  })
}
