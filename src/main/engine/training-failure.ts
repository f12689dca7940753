import { StudioError } from '../../contract/errors.ts'
import type { TrainingFailureKind } from './training-messages.ts'

/** How onnxruntime, its WebGPU provider (Dawn), C++ and V8 say that memory is short. */
const MEMORY = /bad_?\s?alloc|out of memory|outofmemory|fail\w* to (allocate|create buffer|reserve)|allocation (failed|of .* failed)|could not allocate|not enough memory|device (is |was )?lost/i

/** What went wrong in the thread that trains, so that the run can decide how to go on. */
export function failureKind(error: unknown): TrainingFailureKind {
  if (error instanceof StudioError) return 'studio'
  return MEMORY.test(error instanceof Error ? error.message : String(error)) ? 'memory' : 'runtime'
}

/** A step or a session failed for want of memory, or for what the runtime knows alone: the run may go on in another way. */
export class TrainingFailure extends Error {
  override readonly name = 'TrainingFailure'
  readonly kind: 'memory' | 'runtime'

  constructor(kind: 'memory' | 'runtime', message: string) {
    super(message)
    this.kind = kind
  }
}
