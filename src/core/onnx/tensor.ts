/** Tensors as data: an element type of the ONNX standard, dimensions, and the elements in row-major order. */

export type TensorData =
  | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array
  | Float32Array | Float64Array | BigUint64Array | BigInt64Array | readonly string[]

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Exclude<TensorData, readonly string[]>
  new (length: number): Exclude<TensorData, readonly string[]>
}

/**
 * `TensorProto.DataType` of onnx.proto: number, how elements are kept here, bits of one element in a file.
 * Types without a JavaScript array are kept as their bits (float16, bfloat16) or as the file's packed bytes (4-bit types,
 * complex numbers); `packed` says so.
 */
export const ELEMENT_TYPES = {
  float32: { code: 1, array: Float32Array, bits: 32, packed: false },
  uint8: { code: 2, array: Uint8Array, bits: 8, packed: false },
  int8: { code: 3, array: Int8Array, bits: 8, packed: false },
  uint16: { code: 4, array: Uint16Array, bits: 16, packed: false },
  int16: { code: 5, array: Int16Array, bits: 16, packed: false },
  int32: { code: 6, array: Int32Array, bits: 32, packed: false },
  int64: { code: 7, array: BigInt64Array, bits: 64, packed: false },
  string: { code: 8, array: undefined, bits: 0, packed: false },
  bool: { code: 9, array: Uint8Array, bits: 8, packed: false },
  float16: { code: 10, array: Uint16Array, bits: 16, packed: false },
  float64: { code: 11, array: Float64Array, bits: 64, packed: false },
  uint32: { code: 12, array: Uint32Array, bits: 32, packed: false },
  uint64: { code: 13, array: BigUint64Array, bits: 64, packed: false },
  complex64: { code: 14, array: Uint8Array, bits: 64, packed: true },
  complex128: { code: 15, array: Uint8Array, bits: 128, packed: true },
  bfloat16: { code: 16, array: Uint16Array, bits: 16, packed: false },
  float8e4m3fn: { code: 17, array: Uint8Array, bits: 8, packed: false },
  float8e4m3fnuz: { code: 18, array: Uint8Array, bits: 8, packed: false },
  float8e5m2: { code: 19, array: Uint8Array, bits: 8, packed: false },
  float8e5m2fnuz: { code: 20, array: Uint8Array, bits: 8, packed: false },
  uint4: { code: 21, array: Uint8Array, bits: 4, packed: true },
  int4: { code: 22, array: Uint8Array, bits: 4, packed: true },
  float4e2m1: { code: 23, array: Uint8Array, bits: 4, packed: true },
  float8e8m0: { code: 24, array: Uint8Array, bits: 8, packed: false },
  uint2: { code: 25, array: Uint8Array, bits: 2, packed: true },
  int2: { code: 26, array: Uint8Array, bits: 2, packed: true },
} as const satisfies Record<string, { code: number; array: ArrayType | undefined; bits: number; packed: boolean }>

export type ElementType = keyof typeof ELEMENT_TYPES

const BY_CODE: ReadonlyMap<number, ElementType> = new Map(Object.entries(ELEMENT_TYPES).map(([type, { code }]) => [code, type as ElementType]))

/** The element type of a `TensorProto.DataType` number, or undefined. */
export function elementTypeOf(code: number): ElementType | undefined {
  return BY_CODE.get(code)
}

const FLOATS: ReadonlySet<ElementType> = new Set(['float32', 'float64', 'float16', 'bfloat16'])

/** Whether values of this type may carry a gradient. */
export function isFloat(type: ElementType): boolean {
  return FLOATS.has(type)
}

export interface Tensor {
  readonly elementType: ElementType
  readonly dims: readonly number[]
  readonly data: TensorData
}

/** Product of dimensions; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}

/** Bytes of a tensor's elements in a file or in memory (strings: 0). */
export function byteSize(elementType: ElementType, dims: readonly number[]): number {
  return Math.ceil((elementCount(dims) * ELEMENT_TYPES[elementType].bits) / 8)
}

export function float32(dims: readonly number[], data: Float32Array | readonly number[]): Tensor {
  return { elementType: 'float32', dims, data: data instanceof Float32Array ? data : Float32Array.from(data) }
}

export function int64(dims: readonly number[], data: readonly number[]): Tensor {
  return { elementType: 'int64', dims, data: BigInt64Array.from(data, (value) => BigInt(value)) }
}

/** A tensor of any float, integer or bool type from numbers (float16 and bfloat16: use `core/onnx/half.ts`). */
export function tensorOf(elementType: ElementType, dims: readonly number[], values: readonly number[]): Tensor {
  switch (elementType) {
    case 'int64': return { elementType, dims, data: BigInt64Array.from(values, (value) => BigInt(value)) }
    case 'uint64': return { elementType, dims, data: BigUint64Array.from(values, (value) => BigInt(value)) }
    case 'float32': return { elementType, dims, data: Float32Array.from(values) }
    case 'float64': return { elementType, dims, data: Float64Array.from(values) }
    case 'int32': return { elementType, dims, data: Int32Array.from(values) }
    case 'uint32': return { elementType, dims, data: Uint32Array.from(values) }
    case 'int16': return { elementType, dims, data: Int16Array.from(values) }
    case 'uint16': return { elementType, dims, data: Uint16Array.from(values) }
    case 'int8': return { elementType, dims, data: Int8Array.from(values) }
    case 'uint8': case 'bool': return { elementType, dims, data: Uint8Array.from(values) }
    default: throw new RangeError(`A tensor of ${elementType} cannot be made from numbers.`)
  }
}
