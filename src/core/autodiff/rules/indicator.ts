import { ELEMENT_TYPES } from '../../onnx/tensor.ts'
import type { Emit, Value } from '../../onnx/graph-builder.ts'

/**
 * 1 where the condition holds, 0 elsewhere, in the element type of `like`. A gradient times it is cut to where the
 * condition holds, in a third of the time of onnxruntime's Where; only Where keeps an infinite gradient out, though.
 */
export function indicator(emit: Emit, condition: Value, like: Value): Value {
  return emit('Cast', [condition], { to: ELEMENT_TYPES[like.elementType].code })
}
