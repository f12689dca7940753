import type { Provider, TensorInfo } from '../../contract/schemas.ts'

/** What the engine's main thread asks of the thread that runs onnxruntime, and what it answers. */

export interface OrtSessionKey {
  /** a file's path, or a model's bytes */
  readonly model: string | Uint8Array
  readonly provider: Provider
  /** intra-op threads of the CPU provider */
  readonly threads: number
}

/** A model input: data, or the name of a slot that an earlier run or `store` filled. */
export type OrtFeed =
  | { readonly name: string; readonly slot: string }
  | {
      readonly name: string
      readonly type: 'float32' | 'int64'
      readonly dims: readonly number[]
      readonly data: Float32Array | BigInt64Array
    }

export interface OrtTensor {
  readonly dims: readonly number[]
  readonly data: Float32Array
}

export interface OrtRun {
  readonly session: string
  /** inputs that are the same in every repetition */
  readonly feeds: readonly OrtFeed[]
  /** inputs of each repetition; the outputs are stacked along their first axis. A single run has one (empty) entry. */
  readonly repetitions: readonly (readonly OrtFeed[])[]
  /** outputs to send back */
  readonly fetch: readonly string[]
  /** outputs that stay in the thread: output name -> slot name */
  readonly keep: Readonly<Record<string, string>>
}

export type OrtRequest =
  | { readonly type: 'open'; readonly id: number; readonly name: string; readonly key: OrtSessionKey }
  | { readonly type: 'inspect'; readonly id: number; readonly path: string }
  | { readonly type: 'run'; readonly id: number; readonly run: OrtRun }
  | { readonly type: 'store'; readonly id: number; readonly tensors: readonly { readonly slot: string; readonly tensor: OrtTensor }[] }
  | { readonly type: 'drop'; readonly id: number; readonly slots: readonly string[] }
  | { readonly type: 'release'; readonly id: number; readonly names: readonly string[] }

export interface OrtSignature {
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
}

export interface OrtRunResult {
  readonly outputs: Readonly<Record<string, OrtTensor>>
  /** inside session.run */
  readonly seconds: number
  /** a kept output that holds NaN or an infinity */
  readonly notFinite: string | null
}

export interface OrtResults {
  readonly open: OrtSignature
  readonly inspect: OrtSignature
  readonly run: OrtRunResult
  readonly store: null
  readonly drop: null
  readonly release: null
}

export type OrtResponse =
  | { readonly id: number; readonly ok: true; readonly result: OrtResults[keyof OrtResults] }
  | { readonly id: number; readonly ok: false; readonly message: string }
