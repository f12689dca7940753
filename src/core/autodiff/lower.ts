/**
 * Makes a model fit for the inference runtime: nodes that differentiation reads as one operation, but that no kernel runs
 * (or only a slow or a wrong one), become others. The last step before a training step is written.
 */
import { type Attribute, floatAttribute, intAttribute, type Model, type Node } from '../onnx/model.ts'
import { rebuild } from '../onnx/bind.ts'
import { dims, type GraphBuilder, type Value } from '../onnx/graph-builder.ts'
import { groupsOf, momentsOf } from './group-moments.ts'
import { hasOneSidedPads, lowerOneSidedPads, lowerReversedPart, lowerSumOfInputs, reversesPart, sumsInputsOfGroups } from './webgpu-forms.ts'

/** Emits what replaces a node; one value per output of the node. */
type Lowering = (node: Node, x: readonly Value[], builder: GraphBuilder) => readonly Value[]

const LOWERINGS: Readonly<Record<string, { readonly when: (node: Node, x: readonly Value[]) => boolean; readonly lower: Lowering }>> = {
  BatchNormalization: { when: isTraining, lower: lowerBatchNormalization },
  GroupNormalization: { when: () => true, lower: lowerGroupNormalization },
  Sum: { when: () => true, lower: lowerSum },
  Mean: { when: () => true, lower: lowerMean },
  Conv: { when: hasOneSidedPads, lower: lowerOneSidedPads },
  ConvTranspose: { when: sumsInputsOfGroups, lower: lowerSumOfInputs },
  Slice: { when: reversesPart, lower: lowerReversedPart },
}

/** The same model in operators that the runtime has kernels for. Throws ModelError 'shape' where a lowered node's dimensions are symbolic. */
export function lowerForRuntime(model: Model): Model {
  if (!model.graph.nodes.some(({ opType }) => Object.hasOwn(LOWERINGS, opType))) return model
  const { builder, outputs } = rebuild(model, { replace: lowered })
  for (const [name, value] of Object.entries(outputs)) builder.output(value, name)
  return { ...model, graph: builder.build(model.graph.name).graph }
}

/** What replaces a node; undefined: it stays. */
function lowered(node: Node, builder: GraphBuilder, operands: readonly (Value | undefined)[]): readonly Value[] | undefined {
  const x = operands as readonly Value[]
  const lowering = Object.hasOwn(LOWERINGS, node.opType) ? LOWERINGS[node.opType] : undefined
  if (lowering === undefined || !lowering.when(node, x)) return undefined
  return builder.scope(`lowered.${node.name || node.outputs[0]}`, () => lowering.lower(node, x, builder))
}

/**
 * A BatchNormalization node as a training step wants it: normalising by the batch, with the running mean and variance
 * after this batch as further outputs. ONNX momentum is the share that stays (0.9 where PyTorch says 0.1), and ONNX
 * keeps the biased variance where PyTorch keeps the unbiased one: n / (n - 1) apart.
 */
export function toTrainingBatchNormalization(node: Node): Node {
  const [output] = node.outputs
  const attributes = new Map<string, Attribute>([...node.attributes, ['training_mode', { kind: 'int', value: 1n }]])
  return { ...node, outputs: [output, `${output}.running_mean`, `${output}.running_variance`], attributes }
}

function isTraining(node: Node): boolean {
  return intAttribute(node, 'training_mode', 0) === 1
}

/** The batch's own moments given to the inference form, which is one pass; they are also mixed into the running ones. */
function lowerBatchNormalization(node: Node, [x, scale, bias, runningMean, runningVariance]: readonly Value[], { emit }: GraphBuilder): readonly Value[] {
  const moments = momentsOf(emit, x, groupsOf(x, 'batch'))
  const [mean, variance] = [moments.mean, moments.variance].map((value) => emit('Reshape', [value, dims(scale)]))
  const momentum = floatAttribute(node, 'momentum', 0.9)
  const mixed = (running: Value, batch: Value) => emit('Add', [emit('Mul', [running, momentum]), emit('Mul', [batch, 1 - momentum])])
  const y = emit('BatchNormalization', [x, scale, bias, mean, variance], { epsilon: floatAttribute(node, 'epsilon', 1e-5) })
  return [y, mixed(runningMean, mean), mixed(runningVariance, variance)]
}

/** Each image's channels as channels of one image that BatchNormalization normalises with their group's moments: one pass after the moments. */
function lowerGroupNormalization(node: Node, [x, scale, bias]: readonly Value[], { emit }: GraphBuilder): readonly Value[] {
  const grouping = groupsOf(x, intAttribute(node, 'num_groups', 1))
  const [images, groups, channels, size] = grouping.view
  const moments = momentsOf(emit, x, grouping)
  const rows = images * groups * channels
  const perRow = (value: Value) => emit('Reshape', [emit('Expand', [value, [images, groups, channels, 1]]), [rows]])
  const perChannel = (value: Value) => perRow(emit('Reshape', [value, grouping.perChannel]))
  const y = emit('BatchNormalization', [emit('Reshape', [x, [1, rows, size]]), perChannel(scale), perChannel(bias), perRow(moments.mean), perRow(moments.variance)], { epsilon: floatAttribute(node, 'epsilon', 1e-5) })
  return [emit('Reshape', [y, dims(x)])]
}

/** Not every device has a kernel for sums of more than two. */
function lowerSum(_: Node, x: readonly Value[], { emit }: GraphBuilder): readonly Value[] {
  return [x.reduce((sum, each) => emit('Add', [sum, each]))]
}

function lowerMean(node: Node, x: readonly Value[], builder: GraphBuilder): readonly Value[] {
  return [builder.emit('Mul', [...lowerSum(node, x, builder), 1 / x.length])]
}
