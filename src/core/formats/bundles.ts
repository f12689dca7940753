import type { FusedPanorama, PanoramaMasks, PanoramaSemantics } from '../goodsam/types.ts'
import type { Raster } from '../raster/raster.ts'

/**
 * Layouts of the artifacts: each a safetensors file, gzip-compressed where that pays. `decodeX` takes the gzipped or the
 * already-decompressed bytes and throws Error saying what is wrong with them.
 */
export interface EmbeddingTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Masks of all windows of a panorama. */
export function encodeMasks(masks: PanoramaMasks): Uint8Array<ArrayBuffer> {
  void masks
  throw new Error('not yet')
}

export function decodeMasks(bytes: Uint8Array): PanoramaMasks {
  void bytes
  throw new Error('not yet')
}

export function encodeSemantics(semantics: PanoramaSemantics): Uint8Array<ArrayBuffer> {
  void semantics
  throw new Error('not yet')
}

export function decodeSemantics(bytes: Uint8Array): PanoramaSemantics {
  void bytes
  throw new Error('not yet')
}

export function encodeBoundary(boundary: { readonly boundary: Raster }): Uint8Array<ArrayBuffer> {
  void boundary
  throw new Error('not yet')
}

export function decodeBoundary(bytes: Uint8Array): { boundary: Raster } {
  void bytes
  throw new Error('not yet')
}

export function encodeFusion(fused: FusedPanorama): Uint8Array<ArrayBuffer> {
  void fused
  throw new Error('not yet')
}

export function decodeFusion(bytes: Uint8Array): FusedPanorama {
  void bytes
  throw new Error('not yet')
}

/** One 8-bit raster: truth maps. */
export function encodeRaster(raster: Raster): Uint8Array<ArrayBuffer> {
  void raster
  throw new Error('not yet')
}

export function decodeRaster(bytes: Uint8Array): Raster {
  void bytes
  throw new Error('not yet')
}

/** Embeddings of one window by tensor name. Float32 noise does not compress, so this one is not gzipped. */
export function encodeEmbedding(tensors: Readonly<Record<string, EmbeddingTensor>>): Uint8Array<ArrayBuffer> {
  void tensors
  throw new Error('not yet')
}

export function decodeEmbedding(bytes: Uint8Array): Record<string, EmbeddingTensor> {
  void bytes
  throw new Error('not yet')
}
