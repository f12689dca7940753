import type { StudentArchitecture } from '../../contract/training-schemas.ts'

/** What the host asks of the engine when a student is exported. Files are written where the host says; messages carry paths and small numbers. */

/** Upright 8-bit RGB image file; it is refused when its content has another SHA-256. */
export interface NetworkImage {
  readonly path: string
  readonly sha256: string
  readonly width: number
  readonly height: number
}

export interface NetworkSize {
  readonly width: number
  readonly height: number
}

export interface ConvertNetworkRequest {
  /** the student's name, for messages */
  readonly name: string
  /** absolute path of the float32 .onnx file */
  readonly network: string
  /** at which the network sees the images */
  readonly size: NetworkSize
  /** panoramas on which the ranges of the network's values are observed; at least one */
  readonly images: readonly NetworkImage[]
  /** share of the pixels, 0..1, on which the quantised network should agree with this one: more stays float32 until it does */
  readonly quantizedAgreement: number
  /** absolute paths of files that are written */
  readonly out: { readonly float16: string; readonly quantized: string }
}

export interface ConvertNetworkResponse {
  /** nodes that stay float32 in the float16 network since their numbers are too large */
  readonly keptFloat32: readonly string[]
  /** layers with 8-bit weights, and how many of them have 8-bit activations */
  readonly quantizedLayers: number
  readonly withActivations: number
}

export interface MeasureNetworksRequest {
  readonly name: string
  /** what they are measured against: the checkpoint's weights in the student's network */
  readonly reference: {
    readonly architecture: StudentArchitecture
    readonly classes: number
    /** absolute path; null where the network is built from the architecture */
    readonly network: string | null
    readonly weights: string
  }
  /** .onnx files by their names in the export */
  readonly networks: readonly { readonly name: string; readonly path: string }[]
  readonly size: NetworkSize
  /** at least one */
  readonly images: readonly NetworkImage[]
  /** the first image at the network's size and what the first network answers, as PNG files at these absolute paths */
  readonly sample: { readonly image: string; readonly expected: string; readonly palette: readonly (readonly [number, number, number])[] }
}

export interface NetworkMeasurement {
  readonly name: string
  /** of the logits */
  readonly maxDifference: number
  /** share of the pixels with the same label, 0..1 */
  readonly agreement: number
  /** one image on the CPU, median */
  readonly milliseconds: number
}

export interface MeasureNetworksResponse {
  readonly networks: readonly NetworkMeasurement[]
  readonly images: number
}

/** The part of the engine that exports. Throws StudioError: bad-model, bad-file, workspace-damaged, storage, engine, cancelled. */
export interface ExportEngine {
  /** A float32 network in float16 and with 8-bit weights (core/onnx/to-float16.ts, quantize.ts). */
  convertNetwork(request: ConvertNetworkRequest, options: ExportCallOptions): Promise<ConvertNetworkResponse>
  /** How much exported networks differ from the checkpoint, and how long they take, on this machine's CPU. */
  measureNetworks(request: MeasureNetworksRequest, options: ExportCallOptions): Promise<MeasureNetworksResponse>
}

export interface ExportCallOptions {
  readonly signal: AbortSignal
  /** `fraction`: 0..1 of the call */
  readonly onProgress: (progress: { readonly fraction: number; readonly message: string }) => void
}
