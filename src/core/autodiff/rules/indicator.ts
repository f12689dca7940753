/** Conditions as numbers, for gradients that pass in some places only. */
import { ELEMENT_TYPES } from '../../onnx/tensor.ts'
import type { Emit, Value } from '../../onnx/graph-builder.ts'

/**
 * 1 where the condition holds, 0 elsewhere, in the element type of `like`. A gradient times it is cut to where the
 * condition holds, in a third of the time of onnxruntime's Where; only Where keeps an infinite gradient out, though.
 */
export function indicator(emit: Emit, condition: Value, like: Value): Value {
  return emit('Cast', [condition], { to: ELEMENT_TYPES[like.elementType].code })
}

/** 1, 0 or -1. The operator Sign is slower than this on the CPU and has no WebGPU kernel. */
export function signOf(emit: Emit, x: Value): Value {
  return emit('Sub', [indicator(emit, emit('Greater', [x, 0]), x), indicator(emit, emit('Less', [x, 0]), x)])
}
