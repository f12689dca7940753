/** The vocabulary of type rules: from the types of a node's inputs to the types of its outputs. */
import type { Dim, Node, Shape } from '../model.ts'
import type { ElementType } from '../tensor.ts'
import { ModelError } from '../errors.ts'

/**
 * What is known about a value while a graph is built. `contents` are the elements of a small vector or scalar (at most
 * MAX_CONTENTS elements, rank at most 1) where they are known; sizes among them may be symbolic: that is how
 * Shape -> Gather -> Concat -> Reshape keeps its dimensions.
 */
export interface ValueFacts {
  readonly elementType: ElementType
  readonly shape: Shape
  readonly contents?: readonly Dim[]
}

export const MAX_CONTENTS = 1024

export interface TypeRuleInput {
  readonly node: Node
  /** One per input of the node; undefined where an optional input is left out */
  readonly x: readonly (ValueFacts | undefined)[]
}

/** The dimension that an axis of a node's output has where it depends on what the values hold: a name of its own. */
export function unknownDim({ node }: TypeRuleInput, axis: number): Dim {
  return `${node.outputs[0]}.${axis}`
}

/** The sizes that input `index`, a vector, holds; those that are not known get names of their own. */
export function sizesOf(rule: TypeRuleInput, index: number): readonly Dim[] {
  const { contents, shape: [length] } = input(rule, index)
  if (contents !== undefined) return contents
  if (typeof length !== 'number') {
    throw new ModelError('unsupported', `The number of dimensions depends on "${rule.node.inputs[index]}", whose length is not known.`)
  }
  return Array.from({ length }, (_, axis) => unknownDim(rule, axis))
}

/** Facts of each output. Throws ModelError 'shape' where the inputs do not fit together. */
export type TypeRule = (input: TypeRuleInput) => readonly ValueFacts[]

/** Input `index`, which the operator needs. */
export function input({ node, x }: TypeRuleInput, index: number): ValueFacts {
  const facts = x[index]
  if (facts === undefined) throw new ModelError('invalid', `${node.opType} needs an input ${index}.`)
  return facts
}

/** The contents of input `index` as numbers; undefined where the input is left out; an error where they are not known. */
export function numbersOf({ node, x }: TypeRuleInput, index: number): readonly number[] | undefined {
  const facts = x[index]
  if (facts === undefined) return undefined
  if (facts.contents === undefined || !facts.contents.every((value) => typeof value === 'number')) {
    throw new ModelError('unsupported', `${node.opType} needs input ${index} ("${node.inputs[index]}") as a constant.`)
  }
  return facts.contents
}
