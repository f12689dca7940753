import { gunzipSync, gzipSync } from 'fflate'
import type { Raster } from '../raster/raster.ts'
import { readSafetensors, type Tensor, type TensorData, writeSafetensors } from './safetensors.ts'

/** The container of the artifacts (bundles.ts): a safetensors file that says its kind and version, perhaps gzipped. */

export type BundleKind = 'masks' | 'semantics' | 'boundary' | 'fusion' | 'raster' | 'embedding' | 'training data'

/** Turns bytes into a gzip stream, always the same for the same bytes. */
export type Gzip = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>

/** Level 1: maps are large, and most of what can be gained is gained there. No time stamp, so that equal bytes stay equal. */
export const portableGzip: Gzip = (bytes) => gzipSync(bytes, { level: 1, mtime: 0 })

const VERSION = '1'

export interface Bundle {
  readonly kind: BundleKind
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: Readonly<Record<string, Tensor>>
}

export function bundle(
  kind: BundleKind,
  metadata: Readonly<Record<string, string>>,
  tensors: Readonly<Record<string, Tensor>>,
): Uint8Array<ArrayBuffer> {
  return writeSafetensors(tensors, { kind, version: VERSION, ...metadata })
}

/** Opens gzipped or plain bytes. Throws Error where they are damaged, or of another kind or version. */
export function openBundle(bytes: Uint8Array, kind: BundleKind): Bundle {
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b
  const { tensors, metadata } = readSafetensors(gzipped ? gunzip(bytes, kind) : bytes)
  if (metadata.kind !== kind) throw new Error(`Expected ${kind}, found ${metadata.kind ?? 'another safetensors file'}.`)
  if (metadata.version !== VERSION) throw new Error(`These ${kind} are of version ${metadata.version}; this program knows ${VERSION}.`)
  return { kind, metadata, tensors }
}

/** deflate cannot shrink anything further than this */
const MOST_COMPRESSION = 1032
const LENGTH_FIELD = 4

function gunzip(bytes: Uint8Array, kind: BundleKind): Uint8Array {
  const stated = bytes.length < LENGTH_FIELD ? 0 : new DataView(bytes.buffer, bytes.byteOffset + bytes.length - LENGTH_FIELD).getUint32(0, true)
  // the output is allocated before anything is read: do not believe a damaged length
  if (stated > MOST_COMPRESSION * bytes.length) throw new Error(`Damaged ${kind}: the compressed bytes are cut off.`)
  try {
    return gunzipSync(bytes)
  } catch (cause) {
    throw new Error(`Damaged ${kind}: the compressed bytes cannot be read.`, { cause })
  }
}

// columns: one-dimensional tensors

export function u8(data: Uint8Array): Tensor {
  return { dtype: 'U8', shape: [data.length], data }
}

export function u32(data: Uint32Array): Tensor {
  return { dtype: 'U32', shape: [data.length], data }
}

export function f32(data: Float32Array): Tensor {
  return { dtype: 'F32', shape: [data.length], data }
}

export function rasterTensor({ width, height, data }: Raster): Tensor {
  return { dtype: 'U8', shape: [height, width], data }
}

/** A column of bytes; throws Error where it is missing, of another type or (where given) of another length. */
export function uint8(file: Bundle, name: string, length?: number): Uint8Array {
  return column(file, name, { Type: Uint8Array, length })
}

export function uint32(file: Bundle, name: string, length?: number): Uint32Array {
  return column(file, name, { Type: Uint32Array, length })
}

export function float32(file: Bundle, name: string, length?: number): Float32Array {
  return column(file, name, { Type: Float32Array, length })
}

export function rasterOf(file: Bundle, name: string): Raster {
  const data = uint8(file, name)
  const { shape } = file.tensors[name]
  if (shape.length !== 2) throw new Error(`Damaged ${file.kind}: "${name}" is not a map.`)
  return { width: shape[1], height: shape[0], data }
}

interface ArrayConstructor<A> {
  readonly name: string
  new (length: number): A
}

function column<A extends TensorData>(
  file: Bundle,
  name: string,
  { Type, length }: { Type: ArrayConstructor<A>; length: number | undefined },
): A {
  const data = Object.hasOwn(file.tensors, name) ? file.tensors[name].data : undefined
  if (!(data instanceof Type)) throw new Error(`Damaged ${file.kind}: there is no ${Type.name} "${name}".`)
  if (length !== undefined && data.length !== length) {
    throw new Error(`Damaged ${file.kind}: "${name}" has ${data.length} entries instead of ${length}.`)
  }
  return data
}

/** Arrays one after the other. */
export function joined<A extends Uint8Array | Uint32Array | Float32Array>(parts: readonly A[], Type: ArrayConstructor<A>): A {
  const whole = new Type(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** (value, length) pairs of stretches of equal values. */
export function encodeRuns(values: Uint32Array): Uint32Array {
  let count = 0
  for (let i = 0; i < values.length; i++) if (i === 0 || values[i] !== values[i - 1]) count++
  const runs = new Uint32Array(2 * count)
  let at = -2
  for (let i = 0; i < values.length; i++) {
    if (i === 0 || values[i] !== values[i - 1]) runs[(at += 2)] = values[i]
    runs[at + 1]++
  }
  return runs
}

/** The inverse of `encodeRuns`; null where the runs do not sum to `length`. */
export function decodeRuns(runs: Uint32Array, length: number): Uint32Array | null {
  const values = new Uint32Array(length)
  let at = 0
  for (let k = 0; k + 1 < runs.length; k += 2) {
    values.fill(runs[k], at, at + runs[k + 1])
    at += runs[k + 1]
  }
  return at === length ? values : null
}
