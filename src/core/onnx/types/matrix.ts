/** Type rules of matrix products. */
import { intAttribute, stringAttribute, type Dim } from '../model.ts'
import { broadcastShapes, formatShape } from '../dims.ts'
import { ModelError } from '../errors.ts'
import { input, type TypeRule } from './type-rule.ts'

export const matMul: TypeRule = (rule) => {
  const [a, b] = [input(rule, 0), input(rule, 1)]
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape
  const [inner, other] = [left.at(-1), right.at(-2)]
  if (left.length < 2 || right.length < 2 || (typeof inner === 'number' && typeof other === 'number' && inner !== other)) {
    throw new ModelError('shape', `MatMul of "${rule.node.inputs[0]}" ${formatShape(a.shape)} by "${rule.node.inputs[1]}" ${formatShape(b.shape)}: ${inner} against ${other}.`)
  }
  const shape: Dim[] = [...broadcastShapes([left.slice(0, -2), right.slice(0, -2)])]
  if (a.shape.length > 1) shape.push(left[left.length - 2])
  if (b.shape.length > 1) shape.push(right[right.length - 1])
  return [{ elementType: a.elementType, shape }]
}

export const gemm: TypeRule = (rule) => {
  const [a, b] = [input(rule, 0), input(rule, 1)]
  const [rows, inner] = intAttribute(rule.node, 'transA', 0) === 1 ? a.shape.toReversed() : a.shape
  const [other, columns] = intAttribute(rule.node, 'transB', 0) === 1 ? b.shape.toReversed() : b.shape
  if (a.shape.length !== 2 || b.shape.length !== 2 || (typeof inner === 'number' && typeof other === 'number' && inner !== other)) {
    throw new ModelError('shape', `Gemm of "${rule.node.inputs[0]}" ${formatShape(a.shape)} by "${rule.node.inputs[1]}" ${formatShape(b.shape)}: ${inner} against ${other}.`)
  }
  return [{ elementType: a.elementType, shape: [rows, columns] }]
}

/** Einsum of one or two operands with explicit output and no ellipsis. */
export const einsum: TypeRule = (rule) => {
  const [left, output] = stringAttribute(rule.node, 'equation', '').replaceAll(' ', '').split('->')
  if (output === undefined || left.includes('.')) throw new ModelError('unsupported', 'Einsum without an explicit output, or with an ellipsis.')
  const sizes = new Map<string, Dim>()
  for (const [index, labels] of left.split(',').entries()) {
    const { shape } = input(rule, index)
    if (labels.length !== shape.length) throw new ModelError('shape', `Einsum term "${labels}" does not fit "${rule.node.inputs[index]}" ${formatShape(shape)}.`)
    for (const [axis, label] of [...labels].entries()) {
      const known = sizes.get(label)
      if (typeof known === 'number' && typeof shape[axis] === 'number' && known !== shape[axis]) {
        throw new ModelError('shape', `Einsum index "${label}" is ${known} and, in "${rule.node.inputs[index]}" ${formatShape(shape)}, ${shape[axis]}.`)
      }
      sizes.set(label, shape[axis])
    }
  }
  return [{ elementType: input(rule, 0).elementType, shape: [...output].map((label) => sizes.get(label) ?? 1) }]
}
