/** Changes of shape that the rules of matrix products, convolutions and pools share; what would change nothing emits nothing. */
import { dims, type Emit, type Value } from '../../onnx/graph-builder.ts'
import { sameShape } from '../../onnx/dims.ts'

/** The same elements in another shape. */
export function reshaped(emit: Emit, value: Value, shape: readonly number[]): Value {
  return sameShape(value.shape, shape) ? value : emit('Reshape', [value, shape])
}

/** The axes in the order `perm`; where only axes of size 1 move, the elements stay where they are. */
export function transposed(emit: Emit, value: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => dims(value)[axis])
  const moving = perm.filter((axis) => dims(value)[axis] !== 1)
  return moving.every((axis, index) => index === 0 || axis > moving[index - 1]) ? reshaped(emit, value, shape) : emit('Transpose', [value], { perm })
}

/** Each matrix of a batch transposed. */
export function swapLast(emit: Emit, value: Value): Value {
  const axes = dims(value).map((_, axis) => axis)
  return emit('Transpose', [value], { perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] })
}

/** The first elements of each axis, as many as `shape` says. */
export function cropped(emit: Emit, value: Value, shape: readonly number[]): Value {
  const axes = shape.flatMap((dim, axis) => (dim < dims(value)[axis] ? [axis] : []))
  return axes.length === 0 ? value : emit('Slice', [value, axes.map(() => 0), axes.map((axis) => shape[axis]), axes])
}
