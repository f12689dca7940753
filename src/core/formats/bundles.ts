import type { TangentView } from '../geometry/tangent-view.ts'
import type { FusedPanorama, MaskFunnel, PanoramaMasks, PanoramaSemantics, PanoramaWindow } from '../goodsam/types.ts'
import type { MaskTable } from '../mask/mask-table.ts'
import type { Raster } from '../raster/raster.ts'
import {
  type Bundle, bundle, decodeRuns, encodeRuns, f32, float32, type Gzip, joined, openBundle, portableGzip, rasterOf, rasterTensor, u32, u8, uint32, uint8,
} from './bundle-file.ts'
import type { Tensor } from './safetensors.ts'

export type { Gzip }

/**
 * Layouts of the artifacts: each a safetensors file, gzip-compressed where that pays. The same value always gives the same
 * bytes, so that artifacts can be named by their hash. `decodeX` takes the gzipped or the already-decompressed bytes and
 * throws Error saying what is wrong with them; what it returns may share one buffer.
 */

const FAMILIES: readonly PanoramaWindow['family'][] = ['sliding', 'wide', 'tall', 'context', 'gnomonic']
const WINDOW_FIELDS = 6

/** Masks of all windows of a panorama: the windows' tables one after the other, column by column. */
export function encodeMasks({ windows, funnel }: PanoramaMasks, gzip: Gzip = portableGzip): Uint8Array<ArrayBuffer> {
  const tables = windows.map(({ masks }) => masks)
  for (const [index, { window, masks }] of windows.entries()) {
    if (masks.width !== window.width || masks.height !== window.height) throw new RangeError(`The masks of window ${index} are not of its size.`)
  }
  const join = (column: (table: MaskTable) => Uint32Array): Tensor => u32(joined(tables.map(column), Uint32Array))
  const joinFloats = (column: (table: MaskTable) => Float32Array): Tensor => f32(joined(tables.map(column), Float32Array))
  return gzip(
    bundle('masks', { funnel: JSON.stringify(funnel), ...viewsOf(windows.map(({ window }) => window)) }, {
      windows: encodeWindows(windows.map(({ window }) => window)),
      counts: u32(Uint32Array.from(tables, (table) => table.count)),
      run_offsets: join((table) => table.runOffsets),
      runs: join((table) => table.runs),
      areas: join((table) => table.areas),
      boxes: join((table) => table.boxes),
      predicted_iou: joinFloats((table) => table.predictedIou),
      stability: joinFloats((table) => table.stability),
      points: joinFloats((table) => table.points),
    }),
  )
}

export function decodeMasks(bytes: Uint8Array): PanoramaMasks {
  const file = openBundle(bytes, 'masks')
  const windows = decodeWindows(file)
  const counts = uint32(file, 'counts', windows.length)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const runOffsets = uint32(file, 'run_offsets', total + windows.length)
  const runs = uint32(file, 'runs')
  const areas = uint32(file, 'areas', total)
  const boxes = uint32(file, 'boxes', 4 * total)
  const predictedIou = float32(file, 'predicted_iou', total)
  const stability = float32(file, 'stability', total)
  const points = float32(file, 'points', 2 * total)
  let mask = 0
  let run = 0
  const tables = windows.map((window, index) => {
    const count = counts[index]
    const next = mask + count
    const offsets = runOffsets.subarray(mask + index, next + index + 1)
    const runsHere = runs.subarray(2 * run, 2 * (run + offsets[count]))
    if (offsets[0] !== 0 || runsHere.length !== 2 * offsets[count] || offsets.some((offset, m) => m > 0 && offset < offsets[m - 1])) {
      throw new Error(`Damaged masks: the runs of window ${index} are incomplete.`)
    }
    const masks: MaskTable = {
      width: window.width,
      height: window.height,
      count,
      runOffsets: offsets,
      runs: runsHere,
      areas: areas.subarray(mask, next),
      boxes: boxes.subarray(4 * mask, 4 * next),
      predictedIou: predictedIou.subarray(mask, next),
      stability: stability.subarray(mask, next),
      points: points.subarray(2 * mask, 2 * next),
    }
    mask = next
    run += offsets[count]
    return { window, masks }
  })
  if (2 * run !== runs.length) throw new Error('Damaged masks: more runs than the masks have.')
  return { windows: tables, funnel: numbersOf(file, 'funnel', FUNNEL_STEPS) }
}

export function encodeSemantics(semantics: PanoramaSemantics, gzip: Gzip = portableGzip): Uint8Array<ArrayBuffer> {
  const { windows, classes, label, confidence, consistency, disagreement } = semantics
  return gzip(
    bundle('semantics', { numbers: JSON.stringify({ classes, consistency, disagreement }), ...viewsOf(windows.map(({ window }) => window)) }, {
      windows: encodeWindows(windows.map(({ window }) => window)),
      window_label: u8(joined(windows.map((window) => window.label), Uint8Array)),
      window_confidence: u8(joined(windows.map((window) => window.confidence), Uint8Array)),
      label: rasterTensor(label),
      confidence: rasterTensor(confidence),
    }),
  )
}

export function decodeSemantics(bytes: Uint8Array): PanoramaSemantics {
  const file = openBundle(bytes, 'semantics')
  const { classes, consistency, disagreement } = numbersOf(file, 'numbers', ['classes', 'consistency', 'disagreement'])
  const windows = decodeWindows(file)
  const pixels = windows.reduce((sum, { width, height }) => sum + width * height, 0)
  const labels = uint8(file, 'window_label', pixels)
  const confidences = uint8(file, 'window_confidence', pixels)
  let at = 0
  return {
    classes,
    windows: windows.map((window) => {
      const start = at
      at += window.width * window.height
      return { window, label: labels.subarray(start, at), confidence: confidences.subarray(start, at) }
    }),
    label: rasterOf(file, 'label'),
    confidence: rasterOf(file, 'confidence'),
    consistency,
    disagreement,
  }
}

/** B_ref, panorama size. */
export function encodeBoundary({ boundary }: { readonly boundary: Raster }, gzip: Gzip = portableGzip): Uint8Array<ArrayBuffer> {
  return gzip(bundle('boundary', {}, { boundary: rasterTensor(boundary) }))
}

export function decodeBoundary(bytes: Uint8Array): { boundary: Raster } {
  return { boundary: rasterOf(openBundle(bytes, 'boundary'), 'boundary') }
}

/** The mask map is stored as (value, length) pairs: its four bytes per pixel would take most of the compressor's time. */
export function encodeFusion({ label, confidence, provenance, mask }: FusedPanorama, gzip: Gzip = portableGzip): Uint8Array<ArrayBuffer> {
  return gzip(
    bundle('fusion', {}, {
      label: rasterTensor(label),
      confidence: rasterTensor(confidence),
      provenance: rasterTensor(provenance),
      mask_runs: u32(encodeRuns(mask.data)),
    }),
  )
}

export function decodeFusion(bytes: Uint8Array): FusedPanorama {
  const file = openBundle(bytes, 'fusion')
  const label = rasterOf(file, 'label')
  const { width, height } = label
  const data = decodeRuns(uint32(file, 'mask_runs'), width * height)
  if (!data) throw new Error("Damaged fusion: the mask map is not of the label map's size.")
  const confidence = rasterOf(file, 'confidence')
  const provenance = rasterOf(file, 'provenance')
  for (const other of [confidence, provenance]) {
    if (other.width !== width || other.height !== height) throw new Error('Damaged fusion: its maps are not of one size.')
  }
  return { label, confidence, provenance, mask: { width, height, data } }
}

/** One 8-bit raster: truth maps. */
export function encodeRaster(raster: Raster, gzip: Gzip = portableGzip): Uint8Array<ArrayBuffer> {
  return gzip(bundle('raster', {}, { raster: rasterTensor(raster) }))
}

export function decodeRaster(bytes: Uint8Array): Raster {
  return rasterOf(openBundle(bytes, 'raster'), 'raster')
}

export interface EmbeddingTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Embeddings of one window by tensor name. Float32 noise does not compress, so this one is not gzipped. */
export function encodeEmbedding(tensors: Readonly<Record<string, EmbeddingTensor>>): Uint8Array<ArrayBuffer> {
  return bundle('embedding', {}, Object.fromEntries(Object.entries(tensors).map(([name, { shape, data }]) => [name, { dtype: 'F32' as const, shape, data }])))
}

export function decodeEmbedding(bytes: Uint8Array): Record<string, EmbeddingTensor> {
  const { tensors } = openBundle(bytes, 'embedding')
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      if (!(data instanceof Float32Array)) throw new Error(`Damaged embedding: tensor "${name}" is not float32.`)
      return [name, { shape, data }]
    }),
  )
}

/** The rectangles; views are written beside them (`viewsOf`) where they matter. */
export function encodeWindows(windows: readonly PanoramaWindow[]): Tensor {
  const fields = windows.flatMap(({ index, family, x, y, width, height }) => [index, FAMILIES.indexOf(family), x, y, width, height])
  return { dtype: 'U32', shape: [windows.length, WINDOW_FIELDS], data: Uint32Array.from(fields) }
}

export function decodeWindows(file: Bundle): PanoramaWindow[] {
  const fields = uint32(file, 'windows')
  const views = decodeViews(file)
  return Array.from({ length: Math.floor(fields.length / WINDOW_FIELDS) }, (_, k) => {
    const [index, code, x, y, width, height] = fields.subarray(k * WINDOW_FIELDS, (k + 1) * WINDOW_FIELDS)
    const family = FAMILIES[code]
    if (family === undefined) throw new Error(`Damaged ${file.kind}: window ${k} is of no known family.`)
    const view = views?.[k]
    return { index, family, x, y, width, height, ...(view && { view }) }
  })
}

/** The views of gnomonic windows as metadata: without any, nothing, so that other bundles stay as they were. */
function viewsOf(windows: readonly PanoramaWindow[]): { views?: string } {
  return windows.some(({ view }) => view !== undefined) ? { views: JSON.stringify(windows.map(({ view }) => view ?? null)) } : {}
}

const VIEW_NUMBERS = ['width', 'height', 'centreX', 'pitchRad', 'tanX', 'tanY', 'horizonY', 'columnRad', 'rowRad'] as const satisfies readonly (keyof TangentView)[]

function decodeViews(file: Bundle): readonly (TangentView | null)[] | null {
  if (file.metadata.views === undefined) return null
  const parsed: unknown = parsedJson(file, 'views')
  if (!Array.isArray(parsed)) throw new Error(`Damaged ${file.kind}: "views" is no list.`)
  return parsed.map((view: Partial<TangentView> | null, k) => {
    if (view === null) return null
    if (typeof view !== 'object' || typeof view.cyclic !== 'boolean') throw new Error(`Damaged ${file.kind}: view ${k} is incomplete.`)
    return { ...namedNumbers(view, VIEW_NUMBERS, `${file.kind}: view ${k}`), cyclic: view.cyclic }
  })
}

const FUNNEL_STEPS = ['prompts', 'candidates', 'afterPredIou', 'afterStability', 'afterNms', 'kept'] as const satisfies readonly (keyof MaskFunnel)[]

/** The named numbers of a JSON object in the file's metadata. */
function numbersOf<K extends string>(file: Bundle, entry: string, names: readonly K[]): Record<K, number> {
  return namedNumbers(parsedJson(file, entry), names, `${file.kind}: "${entry}"`)
}

function parsedJson(file: Bundle, entry: string): unknown {
  try {
    return JSON.parse(file.metadata[entry] ?? '')
  } catch (cause) {
    throw new Error(`Damaged ${file.kind}: "${entry}" is not JSON.`, { cause })
  }
}

/** `where` names the object in the message. */
function namedNumbers<K extends string>(parsed: unknown, names: readonly K[], where: string): Record<K, number> {
  const entries = names.map((name) => {
    const value: unknown = (parsed as Partial<Record<K, unknown>> | null)?.[name]
    if (typeof value !== 'number') throw new Error(`Damaged ${where} lacks the number ${name}.`)
    return [name, value] as const
  })
  return Object.fromEntries(entries) as Record<K, number>
}
