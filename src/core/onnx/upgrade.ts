/**
 * Brings nodes of older and newer opsets to the form of the working opset, so that type rules and gradient rules see one
 * form only. What changed is in the operators' histories (https://onnx.ai/onnx/operators/); an operator that is not named
 * here has only gained element types and attributes with defaults since opset 11.
 */
import { type Attribute, intAttribute, intsAttribute, type Node, stringAttribute } from './model.ts'
import { tensorOf } from './tensor.ts'
import type { GraphBuilder, Value } from './graph-builder.ts'
import { normalizeAxis } from './dims.ts'
import { ModelError } from './errors.ts'

interface Context {
  readonly builder: GraphBuilder
  /** undefined: left out */
  readonly x: readonly (Value | undefined)[]
}

/** The node in its new form. What it needs besides is emitted before it; its outputs keep their names. */
type Upgrade = (node: Node, context: Context) => Node

interface Change {
  /** the first opset with the new form: nodes of older ones are upgraded */
  readonly since: number
  readonly upgrade: Upgrade
}

const REDUCTION: readonly Change[] = [{ since: 18, upgrade: attributeToInput('axes', 1) }]
const SOFTMAX: readonly Change[] = [{ since: 13, upgrade: softmaxOfOneAxis }]

const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  ReduceSum: [{ since: 13, upgrade: attributeToInput('axes', 1) }],
  ReduceMean: REDUCTION, ReduceMax: REDUCTION, ReduceMin: REDUCTION, ReduceProd: REDUCTION, ReduceSumSquare: REDUCTION,
  ReduceL1: REDUCTION, ReduceL2: REDUCTION, ReduceLogSumExp: REDUCTION,
  Squeeze: [{ since: 13, upgrade: attributeToInput('axes', 1) }],
  Unsqueeze: [{ since: 13, upgrade: attributeToInput('axes', 1) }],
  Split: [{ since: 13, upgrade: attributeToInput('split', 1) }, { since: 18, upgrade: statedParts }],
  Softmax: SOFTMAX, LogSoftmax: SOFTMAX,
  Dropout: [{ since: 12, upgrade: ratioAsInput }],
  BatchNormalization: [{ since: 14, upgrade: inferenceOnly }],
  GroupNormalization: [{ since: 21, upgrade: scalePerChannel }],
  Resize: [{ since: 13, upgrade: knownCoordinates }, { since: 18, upgrade: emptyInputsLeftOut }],
}

/** Attributes that the working opset does not have, with the value that changes nothing. */
const NEWER_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = { Cast: ['round_mode'], Range: ['stash_type'] }

/**
 * The node, written for `opset`, in the form of the working opset. Throws ModelError 'unsupported' where it has none.
 */
export function upgradeNode(node: Node, opset: number, builder: GraphBuilder): Node {
  const changes = Object.hasOwn(CHANGES, node.opType) ? CHANGES[node.opType].filter(({ since }) => opset < since) : []
  const upgraded = builder.scope(node.name || node.outputs[0], () => changes.reduce((current, { upgrade }) => {
    const x = current.inputs.map((name) => (name === '' ? undefined : builder.value(name)))
    return upgrade(current, { builder, x })
  }, node))
  return Object.hasOwn(NEWER_ATTRIBUTES, node.opType) ? without(upgraded, NEWER_ATTRIBUTES[node.opType]) : upgraded
}

function without(node: Node, names: readonly string[]): Node {
  if (!names.some((name) => node.attributes.has(name))) return node
  return { ...node, attributes: new Map([...node.attributes].filter(([name]) => !names.includes(name))) }
}

/** A list of integers that became an input. */
function attributeToInput(attribute: string, index: number): Upgrade {
  return (node, { builder }) => {
    const list = intsAttribute(node, attribute)
    if (list === undefined) return node
    const { name } = builder.constant(tensorOf('int64', [list.length], list))
    const inputs = Array.from({ length: Math.max(node.inputs.length, index + 1) }, (_, at) => (at === index ? name : (node.inputs[at] ?? '')))
    return without({ ...node, inputs }, [attribute])
  }
}

/** Split: sizes or the number of parts must be stated, even where the number of outputs says it. */
function statedParts(node: Node, { x }: Context): Node {
  if (x[1] !== undefined || node.attributes.has('num_outputs')) return node
  const whole = x[0]?.shape[normalizeAxis(intAttribute(node, 'axis', 0), x[0].shape.length)]
  if (typeof whole === 'number' && whole % node.outputs.length !== 0) {
    throw new ModelError('shape', `Split of "${node.inputs[0]}" into ${node.outputs.length} equal parts: ${whole} does not divide.`)
  }
  return { ...node, attributes: new Map<string, Attribute>([...node.attributes, ['num_outputs', { kind: 'int', value: BigInt(node.outputs.length) }]]) }
}

/** Softmax before opset 13 is over all axes from `axis` on: the value as a matrix, and back. */
function softmaxOfOneAxis(node: Node, { builder, x: [value] }: Context): Node {
  const rank = value?.shape.length ?? 0
  const axis = normalizeAxis(intAttribute(node, 'axis', 1), rank)
  const last: Attribute = { kind: 'int', value: -1n }
  if (value === undefined || axis === rank - 1) return { ...node, attributes: new Map([['axis', last]]) }
  const matrix = builder.emit(node.opType, [builder.emit('Flatten', [value], { axis })], { axis: -1 })
  return { ...node, opType: 'Reshape', inputs: [matrix.name, builder.emit('Shape', [value]).name], attributes: new Map() }
}

function ratioAsInput(node: Node, { builder, x: [value] }: Context): Node {
  const ratio = node.attributes.get('ratio')
  const { name } = builder.constant(tensorOf(value?.elementType ?? 'float32', [], [ratio?.kind === 'float' ? ratio.value : 0.5]))
  return without({ ...node, inputs: [node.inputs[0], name] }, ['ratio'])
}

/** BatchNormalization before opset 14 trains where it has more outputs than one, of which some are now gone. */
function inferenceOnly(node: Node): Node {
  if (node.outputs.slice(1).some((name) => name !== '')) {
    throw new ModelError('unsupported', `BatchNormalization node "${node.name || node.outputs[0]}" gives batch statistics in the form before opset 14: export the model for inference.`)
  }
  return { ...node, outputs: node.outputs.slice(0, 1) }
}

/** GroupNormalization before opset 21 has a scale and a bias per group. */
function scalePerChannel(node: Node, { builder, x }: Context): Node {
  const groups = intAttribute(node, 'num_groups', 1)
  const channels = x[0]?.shape[1]
  if (typeof channels !== 'number') throw new ModelError('unsupported', `GroupNormalization of "${node.inputs[0]}" with an unknown number of channels.`)
  const perChannel = (value: Value | undefined) => {
    const expanded = builder.emit('Expand', [builder.emit('Reshape', [value, [groups, 1]]), [groups, channels / groups]])
    return builder.emit('Reshape', [expanded, [channels]]).name
  }
  return { ...node, inputs: [node.inputs[0], perChannel(x[1]), perChannel(x[2])] }
}

function knownCoordinates(node: Node): Node {
  if (stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_half_pixel_for_nn') {
    throw new ModelError('unsupported', `Resize node "${node.name || node.outputs[0]}" uses tf_half_pixel_for_nn, which opset 13 removed: export the model with half_pixel.`)
  }
  return node
}

/** Resize: scales that give way to sizes, and a region that is not used, were empty tensors. */
function emptyInputsLeftOut(node: Node, { x }: Context): Node {
  return { ...node, inputs: node.inputs.map((name, index) => (index > 0 && x[index]?.shape[0] === 0 ? '' : name)) }
}
