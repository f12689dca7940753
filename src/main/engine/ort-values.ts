import type { InferenceSession } from 'onnxruntime-node'
import type { TensorInfo } from '../../contract/schemas.ts'
import type { OrtSessionKey, OrtSignature, OrtTensor } from './ort-messages.ts'

export function sessionOptions(key: OrtSessionKey): InferenceSession.SessionOptions {
  return {
    executionProviders: key.provider === 'cpu' ? ['cpu'] : [{ name: key.provider }],
    intraOpNumThreads: key.threads,
    // a waiting thread that spins takes the core that post-processing needs: measured 15 % slower in all
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // onnxruntime's warnings about a model's unused initialisers help nobody; errors are thrown besides
    logSeverityLevel: 3,
  }
}

export function signatureOf(session: InferenceSession): OrtSignature {
  return { inputs: session.inputMetadata.map(toInfo), outputs: session.outputMetadata.map(toInfo) }
}

function toInfo(metadata: InferenceSession.ValueMetadata): TensorInfo {
  if (!metadata.isTensor) return { name: metadata.name, type: 'not a tensor', shape: [] }
  return { name: metadata.name, type: metadata.type, shape: [...metadata.shape] }
}

/** Joins tensors of one shape along their first axis. */
export function stackTensors(tensors: readonly OrtTensor[]): OrtTensor {
  const [first] = tensors
  if (tensors.length === 1) return first
  const data = new Float32Array(first.data.length * tensors.length)
  tensors.forEach((tensor, index) => data.set(tensor.data, index * first.data.length))
  return { dims: [(first.dims[0] ?? 1) * tensors.length, ...first.dims.slice(1)], data }
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
