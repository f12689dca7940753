import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { Model } from '../../src/core/onnx/model.ts'
import type { Tensor } from '../../src/core/onnx/tensor.ts'
import { writeModel } from '../../src/core/onnx/write.ts'

export interface RunOptions {
  /** execution providers in order; ['cpu'] where omitted */
  readonly providers?: readonly string[]
  /** 'disabled' runs the graph as written */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all'
  readonly threads?: number
}

export type Tensors = Readonly<Record<string, Tensor>>

/** A model made ready in onnxruntime. Release it, or use `runModel` for one run. */
export async function openModel(model: Model | Uint8Array, options: RunOptions = {}) {
  const bytes = model instanceof Uint8Array ? model : writeModel(model)
  const session = await InferenceSession.create(bytes, sessionOptions(options))
  return {
    session,
    async run(feeds: Tensors): Promise<Record<string, Tensor>> {
      const results = await session.run(toOrtFeeds(feeds))
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromOrt(value)]))
    },
    release: () => session.release(),
  }
}

/** Runs a model once through onnxruntime. */
export async function runModel(model: Model | Uint8Array, feeds: Tensors, options: RunOptions = {}): Promise<Record<string, Tensor>> {
  const opened = await openModel(model, options)
  try {
    return await opened.run(feeds)
  } finally {
    await opened.release()
  }
}

export function sessionOptions(options: RunOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [...(options.providers ?? ['cpu'])],
    graphOptimizationLevel: options.optimization ?? 'all',
    intraOpNumThreads: options.threads ?? 1,
    logSeverityLevel: 3,
  }
}

export function toOrtFeeds(feeds: Tensors): Record<string, OrtTensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)]))
}

function toOrt(tensor: Tensor): OrtTensor {
  return new OrtTensor(tensor.elementType as 'float32', tensor.data as Float32Array, tensor.dims)
}

function fromOrt(tensor: OrtTensor): Tensor {
  return { elementType: tensor.type as Tensor['elementType'], dims: tensor.dims, data: tensor.data as Float32Array }
}
