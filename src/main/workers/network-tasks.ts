import type { ActivationRange } from '../../core/onnx/activation-range.ts'
import type { ObservedPart } from '../../core/onnx/calibration.ts'
import type { ClassPlanes, Raster, RgbImage } from '../../core/raster/raster.ts'
import type { MeasureNetworksRequest, NetworkSize } from '../engine/export-protocol.ts'

/** Work for the raster workers when a student is exported: networks converted, their answers compared. */

export interface FloatTensor {
  readonly dims: readonly number[]
  readonly data: Float32Array
}

/** What was observed of a network's values (core/onnx/calibration.ts): of each image one vector. */
export interface Observations {
  readonly parts: readonly ObservedPart[]
  readonly images: readonly Float32Array[]
}

/** kind -> what goes in, what comes out. Models are .onnx files, by path or as bytes. */
export interface NetworkTasks {
  /** what a network computes from its own numbers alone; null: nothing */
  constantPart: { input: { network: string }; output: Uint8Array | null }
  /** the network with these numbers in place, and the same at one size, made to observe its values */
  prepareConversion: {
    input: { network: string; constants: Readonly<Record<string, FloatTensor>>; size: NetworkSize }
    output: { prepared: Uint8Array; calibration: Uint8Array; parts: readonly ObservedPart[] }
  }
  toFloat16: { input: { prepared: Uint8Array; observations: Observations }; output: { model: Uint8Array; kept: readonly string[] } }
  activationRanges: { input: { prepared: Uint8Array; observations: Observations }; output: ReadonlyMap<string, ActivationRange> }
  quantize: {
    input: { prepared: Uint8Array; ranges: ReadonlyMap<string, ActivationRange>; leastSignal: number }
    output: { model: Uint8Array; layers: number; withActivations: number }
  }
  /** the student's network with the checkpoint's numbers */
  referenceNetwork: { input: MeasureNetworksRequest['reference']; output: Uint8Array }
  /** null: the logits are not finite */
  compareLogits: {
    input: { logits: ClassPlanes; reference: { logits: ClassPlanes; label: Raster }; size: NetworkSize }
    output: { label: Raster; maxDifference: number; agreement: number } | null
  }
  /** an image at the network's size and a label map in colours, as PNG files */
  writeSample: {
    input: { image: RgbImage; size: NetworkSize; label: Raster; files: MeasureNetworksRequest['sample'] }
    output: null
  }
}
