/** Type rules of quantisation: linear, with a scale and a zero point. */
import { input, type TypeRule } from './type-rule.ts'

/** QuantizeLinear: the integers are of the zero point's type, uint8 without one. */
export const quantize: TypeRule = (rule) => [{ elementType: rule.x[2]?.elementType ?? 'uint8', shape: input(rule, 0).shape }]

/** DequantizeLinear: the floats are of the scale's type. */
export const dequantize: TypeRule = (rule) => [{ elementType: input(rule, 1).elementType, shape: input(rule, 0).shape }]
