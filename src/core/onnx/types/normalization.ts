/** Type rules of normalisations: the output has the input's type; statistics where the node asks for them. */
import { intAttribute } from '../model.ts'
import { normalizeAxis } from '../dims.ts'
import { input, type TypeRule } from './type-rule.ts'

export const likeFirst: TypeRule = (rule) => [{ elementType: input(rule, 0).elementType, shape: input(rule, 0).shape }]

/** BatchNormalization: in training mode also the running mean and variance. */
export const batchNormalization: TypeRule = (rule) => [...likeFirst(rule), ...[3, 4].map((index) => ({ elementType: input(rule, index).elementType, shape: input(rule, index).shape }))]

/** LayerNormalization: mean and inverse standard deviation keep the normalised axes as 1. */
export const layerNormalization: TypeRule = (rule) => {
  const { shape } = input(rule, 0)
  const axis = normalizeAxis(intAttribute(rule.node, 'axis', -1), shape.length)
  const statistics = { elementType: 'float32', shape: shape.map((dim, at) => (at < axis ? dim : 1)) } as const
  return [...likeFirst(rule), statistics, statistics]
}
