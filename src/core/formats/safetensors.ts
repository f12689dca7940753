/** The safetensors format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes without gaps. */
import { bfloat16ToFloat32, float16ToFloat32 } from '../onnx/half.ts'

export type SafetensorsDtype = 'BOOL' | 'U8' | 'I8' | 'U16' | 'I16' | 'F16' | 'BF16' | 'U32' | 'I32' | 'F32' | 'U64' | 'I64' | 'F64'

export type TensorData =
  | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array
  | Float32Array | Float64Array | BigUint64Array | BigInt64Array

/** F16 and BF16 are Uint16Array (their bits), BOOL is Uint8Array. */
export interface Tensor {
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  readonly data: TensorData
}

export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, Tensor>>
  readonly metadata: Readonly<Record<string, string>>
}

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData
}

const ARRAY_TYPES: Readonly<Record<SafetensorsDtype, ArrayType>> = {
  BOOL: Uint8Array, U8: Uint8Array, I8: Int8Array,
  U16: Uint16Array, I16: Int16Array, F16: Uint16Array, BF16: Uint16Array,
  U32: Uint32Array, I32: Int32Array, F32: Float32Array,
  U64: BigUint64Array, I64: BigInt64Array, F64: Float64Array,
}

const LENGTH_BYTES = 8
const ALIGNMENT = 8
/** As the reference implementation: no honest header is longer. */
const MAX_HEADER_BYTES = 100_000_000

/**
 * Writes a file that the reference implementation reads: no gaps, so tensors of wider elements come first (names keep
 * their order otherwise), which with an 8-byte aligned start keeps every tensor aligned to its elements.
 * Throws RangeError where a shape does not fit its data.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const placed = Object.entries(tensors).toSorted(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT)
  const header: [name: string, entry: unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : []
  let end = 0
  for (const [name, { dtype, shape, data }] of placed) {
    if (!(data instanceof ARRAY_TYPES[dtype]) || elements(shape) !== data.length) {
      throw new RangeError(`Tensor "${name}": ${data.length} elements of ${data.constructor.name} are no ${dtype} of shape [${shape.join(', ')}].`)
    }
    header.push([name, { dtype, shape, data_offsets: [end, end + data.byteLength] }])
    end += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + end)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true)
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes)
  bytes.set(json, LENGTH_BYTES)
  let at = LENGTH_BYTES + headerBytes
  for (const [, { data }] of placed) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

/**
 * Parses a file. Tensors are views into `bytes` where they are aligned there, copies elsewhere.
 * Throws Error saying what is wrong with a damaged file.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < LENGTH_BYTES) throw new Error('Not a safetensors file: too short.')
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true)
  if (headerLength > BigInt(Math.min(MAX_HEADER_BYTES, bytes.length - LENGTH_BYTES))) {
    throw new Error('Not a safetensors file, or a truncated one: the header does not fit.')
  }
  const dataStart = LENGTH_BYTES + Number(headerLength)
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes.subarray(LENGTH_BYTES, dataStart))
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw new Error('Damaged safetensors header: the metadata are not text.')
  }
  const data = bytes.subarray(dataStart)
  const read = Object.entries(entries).map(([name, entry]) => ({ name, ...readTensor(name, entry, data) }))
  requireWithoutGaps(read, data.length)
  const tensors = Object.fromEntries(read.map(({ name, tensor }) => [name, tensor]))
  return { tensors, metadata: metadata as Record<string, string> }
}

function parseHeader(json: Uint8Array): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch (cause) {
    throw new Error('Not a safetensors file: the header is not JSON.', { cause })
  }
  if (!isRecord(header)) throw new Error('Not a safetensors file: the header is not an object.')
  return header
}

interface Placed {
  readonly tensor: Tensor
  readonly start: number
  readonly end: number
}

function readTensor(name: string, entry: unknown, data: Uint8Array): Placed {
  if (!isRecord(entry)) throw new Error(`Damaged safetensors header: no description of tensor "${name}".`)
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !Object.hasOwn(ARRAY_TYPES, dtype)) {
    throw new Error(`Tensor "${name}" has the unknown element type ${JSON.stringify(dtype)}.`)
  }
  const known = dtype as SafetensorsDtype
  const Type = ARRAY_TYPES[known]
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw new Error(`Damaged safetensors header: tensor "${name}" has no shape or place.`)
  }
  const [start, end] = offsets
  const length = elements(shape)
  if (end > data.length) throw new Error(`Truncated safetensors file: tensor "${name}" ends after the file does.`)
  if (end - start !== length * Type.BYTES_PER_ELEMENT) {
    throw new Error(`Damaged safetensors header: tensor "${name}" of shape [${shape.join(', ')}] does not fit its ${end - start} bytes.`)
  }
  const place = data.subarray(start, end)
  // a copy by the constructor: slices of Node's Buffer are views
  const aligned = place.byteOffset % Type.BYTES_PER_ELEMENT === 0 ? place : new Uint8Array(place)
  return { tensor: { dtype: known, shape, data: new Type(aligned.buffer, aligned.byteOffset, length) }, start, end }
}

/** As the reference implementation: tensors that share bytes, and bytes of no tensor, are no safetensors file. */
function requireWithoutGaps(placed: readonly ({ readonly name: string } & Placed)[], length: number): void {
  let reached = 0
  for (const { name, start, end } of placed.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== reached) {
      throw new Error(`Damaged safetensors header: tensor "${name}" starts at byte ${start}, the one before it ends at ${reached}.`)
    }
    reached = end
  }
  if (reached !== length) throw new Error(`Damaged safetensors file: its last tensor ends at byte ${reached} of ${length}.`)
}

/** A tensor of floats as float32: F32 as it is (the same array), F16 and BF16 exactly, F64 rounded. Throws RangeError for others. */
export function toFloat32({ dtype, data }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data
  if (data instanceof Float64Array) return Float32Array.from(data)
  if (dtype === 'F16' && data instanceof Uint16Array) return float16ToFloat32(data)
  if (dtype === 'BF16' && data instanceof Uint16Array) return bfloat16ToFloat32(data)
  throw new RangeError(`A tensor of ${dtype} holds no floats.`)
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}
