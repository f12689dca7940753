/** The safetensors format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes. */

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

/** Writes tensors in the given order; the data starts 8-byte aligned and so does every tensor. */
export function writeSafetensors(tensors: Readonly<Record<string, Tensor>>, metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  void [tensors, metadata]
  throw new Error('not yet')
}

/** Parses a file. Tensors are views into `bytes` where aligned, copies elsewhere. Throws Error for damaged files. */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  void bytes
  throw new Error('not yet')
}
