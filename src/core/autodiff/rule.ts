/**
 * The vocabulary of gradient rules. A rule sees one node of the forward graph and the gradients of its outputs and
 * emits the gradients of its inputs in standard ONNX operators. Un-broadcasting and the sum over several uses of a value
 * are the walker's work (differentiate.ts).
 */
import type { Node } from '../onnx/model.ts'
import type { Emit, GraphBuilder, Value } from '../onnx/graph-builder.ts'

/** This input has no gradient: an index, a shape, a size. */
export const NO_GRADIENT = 'no-gradient'
/** This operator's outputs do not depend differentiably on its inputs: the walk stops here. */
export const STOP = 'stop'

export type Gradient = Value | typeof NO_GRADIENT

export interface RuleInput {
  readonly node: Node
  /** Inputs; optional ones that are left out are undefined. Every shape is made of numbers (`dims`). */
  readonly x: readonly Value[]
  /** Outputs */
  readonly y: readonly Value[]
  /** Gradient of each output in that output's shape; undefined where nothing depends on it. At least one is defined. */
  readonly dy: readonly Value[]
  /** Whether input i needs a gradient; a rule may skip the others with NO_GRADIENT */
  readonly needed: readonly boolean[]
  readonly emit: Emit
  /** For what emit cannot do: nodes of several outputs, tensors as constants */
  readonly builder: GraphBuilder
}

/**
 * One gradient per input, in the input's shape; an operator that broadcasts may return it in the output's shape.
 */
export type Rule = (input: RuleInput) => readonly Gradient[]
