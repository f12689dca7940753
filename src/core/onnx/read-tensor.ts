/** Reads TensorProto: raw data, typed data (packed or not), strings, and data kept in other files. */
import { type BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { ModelError } from './errors.ts'
import { byteSize, ELEMENT_TYPES, type ElementType, elementCount, elementTypeOf, type Tensor, type TensorData } from './tensor.ts'
import { readFields } from './wire.ts'

/**
 * Gives `length` bytes from `offset` of a file beside the model. The tensor keeps what it gets, so nobody may change
 * it later. Throws ModelError where there is no such file or it is too short.
 */
export type ExternalData = (location: string, offset: number, length: number) => Uint8Array

type NumberData = Exclude<TensorData, readonly string[]>

/** What a tensor's message says beside its typed data. */
interface Header {
  name: string
  code: number
  readonly dims: number[]
  raw: Uint8Array | undefined
  external: boolean
  readonly place: Map<string, string>
}

/** A field of TensorProto that holds numbers one by one. */
interface TypedField {
  readonly number: number
  readonly wireType: WireType
  readonly read: (reader: BinaryReader) => number | bigint
}

const FLOAT_DATA: TypedField = { number: 4, wireType: WireType.Bit32, read: (reader) => reader.float() }
const INT32_DATA: TypedField = { number: 5, wireType: WireType.Varint, read: (reader) => reader.int32() }
const INT64_DATA: TypedField = { number: 7, wireType: WireType.Varint, read: (reader) => BigInt(reader.int64()) }
const DOUBLE_DATA: TypedField = { number: 10, wireType: WireType.Bit64, read: (reader) => reader.double() }
const UINT64_DATA: TypedField = { number: 11, wireType: WireType.Varint, read: (reader) => BigInt(reader.uint64()) }
const UINT32_DATA: TypedField = { ...UINT64_DATA, read: (reader) => Number(reader.uint64()) }
const STRING_DATA = 6

/** Where onnx.proto puts the numbers of a type; everything that is not named is in int32_data. */
const TYPED_FIELDS: Partial<Record<ElementType, TypedField>> = {
  float32: FLOAT_DATA, complex64: FLOAT_DATA,
  float64: DOUBLE_DATA, complex128: DOUBLE_DATA,
  int64: INT64_DATA,
  uint32: UINT32_DATA, uint64: UINT64_DATA,
}

/** The tensor, in memory of its own, and the name that it has in the file ('' where it has none). */
export function readTensor(bytes: Uint8Array, externalData: ExternalData | undefined): { name: string; tensor: Tensor } {
  const header = readHeader(bytes)
  const { name, dims } = header
  try {
    const elementType = checkedType(header)
    const data = elementType === 'string' ? readStrings(bytes, dims)
      : header.external ? readExternal(header, elementType, externalData)
      : header.raw === undefined ? readTyped(bytes, dims, elementType)
      : readRaw(header.raw, dims, elementType)
    return { name, tensor: { elementType, dims, data } }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new ModelError(cause instanceof ModelError ? cause.code : 'damaged', `${name === '' ? 'A tensor' : `Tensor "${name}"`}: ${message}`, { cause })
  }
}

function readHeader(bytes: Uint8Array): Header {
  const header: Header = { name: '', code: 0, dims: [], raw: undefined, external: false, place: new Map() }
  readFields(bytes, {
    1: (field) => field.each(WireType.Varint, (reader) => header.dims.push(Number(reader.int64()))),
    2: (field) => { header.code = field.integer() },
    3: () => { throw new ModelError('unsupported', 'A tensor is split into segments, which nothing writes.') },
    8: (field) => { header.name = field.text() },
    9: (field) => { header.raw = field.bytes() },
    13: (field) => {
      const [key, value] = readEntry(field.bytes())
      header.place.set(key, value)
    },
    14: (field) => { header.external = field.integer() === 1 },
  })
  return header
}

/** StringStringEntryProto */
export function readEntry(bytes: Uint8Array): readonly [key: string, value: string] {
  let key = ''
  let value = ''
  readFields(bytes, { 1: (field) => { key = field.text() }, 2: (field) => { value = field.text() } })
  return [key, value]
}

function checkedType({ code, dims }: Header): ElementType {
  const elementType = elementTypeOf(code)
  if (elementType === undefined) throw new ModelError('unsupported', `the element type number ${code} is not known.`)
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0) || !Number.isSafeInteger(byteSize(elementType, dims))) {
    throw new ModelError('damaged', `[${dims.join(', ')}] are no dimensions.`)
  }
  return elementType
}

function readStrings(bytes: Uint8Array, dims: readonly number[]): readonly string[] {
  const values: string[] = []
  readFields(bytes, { [STRING_DATA]: (field) => { values.push(field.text()) } })
  if (values.length !== elementCount(dims)) throw misfit(dims, `${values.length} strings`)
  return values
}

function readTyped(bytes: Uint8Array, dims: readonly number[], elementType: ElementType): NumberData {
  const { number, wireType, read } = TYPED_FIELDS[elementType] ?? INT32_DATA
  let count = 0
  readFields(bytes, { [number]: (field) => { count += field.countOf(wireType) } })
  // the numbers of a complex element are two, and one number holds several elements of a few bits
  const values = emptyValues(elementType, byteSize(elementType, dims), count)
  if (values === undefined) throw misfit(dims, `${count} numbers`)
  let index = 0
  readFields(bytes, {
    [number]: (field) => field.each(wireType, (reader) => { values[index++] = read(reader) }),
  })
  return ELEMENT_TYPES[elementType].packed ? new Uint8Array(values.buffer) : values
}

/** An array for as many typed values as a tensor of `bytes` bytes has, or undefined where that is not `count`. */
function emptyValues(elementType: ElementType, bytes: number, count: number): NumberData | undefined {
  const Type = elementType === 'complex64' ? Float32Array : elementType === 'complex128' ? Float64Array : arrayTypeOf(elementType)
  return count * Type.BYTES_PER_ELEMENT === bytes ? new Type(count) : undefined
}

function readRaw(raw: Uint8Array, dims: readonly number[], elementType: ElementType): NumberData {
  if (raw.length !== byteSize(elementType, dims)) throw misfit(dims, `${raw.length} bytes`, elementType)
  return asArray(copyOf(raw), elementType)
}

function readExternal({ dims, place }: Header, elementType: ElementType, externalData: ExternalData | undefined): NumberData {
  const length = byteSize(elementType, dims)
  const location = place.get('location') ?? ''
  const offset = wholeNumber(place.get('offset') ?? '0')
  const stated = wholeNumber(place.get('length') ?? String(length))
  if (location === '' || offset === undefined) throw new ModelError('damaged', 'its place in another file is not stated.')
  if (stated !== length) throw misfit(dims, `${place.get('length')} bytes in "${location}"`, elementType)
  if (length === 0) return asArray(new Uint8Array(), elementType)
  if (externalData === undefined) throw new ModelError('unsupported', `its data are in the file "${location}", which is not at hand here.`)
  const bytes = externalData(location, offset, length)
  if (bytes.length !== length) throw misfit(dims, `${bytes.length} bytes from "${location}"`, elementType)
  const aligned = bytes.byteOffset % arrayTypeOf(elementType).BYTES_PER_ELEMENT === 0
  return asArray(aligned ? bytes : copyOf(bytes), elementType)
}

function wholeNumber(digits: string): number | undefined {
  const value = /^\d+$/.test(digits) ? Number(digits) : NaN
  return Number.isSafeInteger(value) ? value : undefined
}

/** `slice` would do, but for Node's Buffer, whose slices are views. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

function asArray(bytes: Uint8Array, elementType: ElementType): NumberData {
  const Type = arrayTypeOf(elementType)
  return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / Type.BYTES_PER_ELEMENT)
}

function arrayTypeOf(elementType: ElementType): NonNullable<(typeof ELEMENT_TYPES)[ElementType]['array']> {
  return ELEMENT_TYPES[elementType].array ?? Uint8Array
}

function misfit(dims: readonly number[], found: string, elementType?: ElementType): ModelError {
  return new ModelError('damaged', `[${dims.join(', ')}]${elementType === undefined ? '' : ` of ${elementType}`} does not fit its ${found}.`)
}
