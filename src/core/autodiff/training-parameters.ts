/** Which tensors of a model a training step changes, in which groups, and which it keeps as running statistics. */
import { describeNode, type Graph, type Model } from '../onnx/model.ts'
import type { Tensor } from '../onnx/tensor.ts'
import { ModelError } from '../onnx/errors.ts'
import { type LayoutVector, layOut, type ParameterLayout } from './parameter-layout.ts'

/** Chooses tensors of the model by name and contents. */
export type ParameterFilter = (name: string, tensor: Tensor) => boolean

export interface ParameterGroup {
  readonly name: string
  /** Its parameters, of those that no earlier group has */
  readonly includes: ParameterFilter
  /** Times the step's learning rate; 1 where omitted */
  readonly learningRateFactor?: number
  /** For all its parameters; where omitted the optimiser's, and none for norms and biases (vectors) */
  readonly weightDecay?: number
}

export interface GroupSettings {
  readonly learningRateFactor: number
  readonly weightDecay: number
}

export interface PlannedParameters {
  readonly layout: ParameterLayout
  readonly settingsOf: (vector: LayoutVector) => GroupSettings
}

export interface PlanOptions {
  /** Which parameters are trained, by a filter or by their names; where omitted all but matrices that resample */
  readonly trainable?: ParameterFilter | readonly string[]
  readonly groups?: readonly ParameterGroup[]
  /** For groups that do not say otherwise */
  readonly weightDecay: number
}

/**
 * Float inputs by position that are settings, not weights: an operator needs them as constants, or batch normalisation
 * keeps them itself.
 */
const SETTINGS: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2], Pad: [2], Clip: [1, 2], OneHot: [2], BatchNormalization: [3, 4] }

/** Lays out the parameters by group. Throws ModelError 'invalid' where a name is no parameter or none is left. */
export function planParameters({ graph }: Model, { trainable, groups = [], weightDecay }: PlanOptions): PlannedParameters {
  const chosen = chooseParameters(graph, trainable)
  const all: ParameterGroup = { name: 'main', includes: () => true }
  const settings = new Map<string, GroupSettings>()
  const members = Array.from(chosen, ([name, tensor]) => {
    const group = groups.find(({ includes }) => includes(name, tensor)) ?? all
    const plain = group.weightDecay === undefined && tensor.dims.length <= 1
    const key = plain ? `${group.name}.undecayed` : group.name
    settings.set(key, { learningRateFactor: group.learningRateFactor ?? 1, weightDecay: plain ? 0 : (group.weightDecay ?? weightDecay) })
    return { name, tensor, group: key }
  })
  return { layout: layOut(members), settingsOf: ({ group }) => settings.get(group) ?? { learningRateFactor: 1, weightDecay } }
}

function chooseParameters(graph: Graph, trainable: PlanOptions['trainable']): ReadonlyMap<string, Tensor> {
  const parameters = parametersOf(graph)
  if (typeof trainable === 'object') {
    const wrong = trainable.filter((name) => !parameters.has(name))
    if (wrong.length > 0) throw new ModelError('invalid', `The model has no float32 parameter ${wrong.map((name) => `"${name}"`).join(', ')} to train.`)
  }
  const includes = typeof trainable === 'object' ? among(trainable) : (trainable ?? isWeight)
  const chosen = new Map([...parameters].filter(([name, tensor]) => includes(name, tensor)))
  if (chosen.size === 0) throw new ModelError('invalid', `None of the model's ${parameters.size} parameters is to be trained.`)
  return chosen
}

function among(names: readonly string[]): ParameterFilter {
  const chosen = new Set(names)
  return (name) => chosen.has(name)
}

/**
 * Exported networks hold pooling and interpolation as constant matrices (ESPNetv2's adaptive pooling), which nothing but
 * their contents tells from weights: the elements of every row, or of every column, are shares of a mean.
 */
function isWeight(_: string, { dims, data }: Tensor): boolean {
  const [rows, columns] = dims
  if (dims.length !== 2 || rows === columns || !(data instanceof Float32Array)) return true
  const [byRow, byColumn] = [new Float64Array(rows), new Float64Array(columns)]
  let zeros = 0
  for (const [index, value] of data.entries()) {
    if (!(value >= 0)) return true
    if (value === 0) zeros++
    byRow[Math.floor(index / columns)] += value
    byColumn[index % columns] += value
  }
  return 2 * zeros < data.length || !(byRow.every(isWhole) || byColumn.every(isWhole))
}

const SHARE_ROUNDING = 1e-4

function isWhole(shares: number): boolean {
  return Math.abs(shares - 1) < SHARE_ROUNDING
}

/** What may be trained, in order of use: every float32 tensor of the model that has an axis and is no operator's setting. */
function parametersOf({ nodes, initializers }: Graph): ReadonlyMap<string, Tensor> {
  const settings = new Set(nodes.flatMap(({ opType, inputs }) => (SETTINGS[opType] ?? []).map((index) => inputs[index])))
  const used = new Set(nodes.flatMap(({ inputs }) => inputs))
  return new Map([...used].flatMap((name) => {
    const tensor = initializers.get(name)
    return tensor?.elementType === 'float32' && tensor.dims.length > 0 && !settings.has(name) ? [[name, tensor] as const] : []
  }))
}

/**
 * The running means and variances of the model's batch normalisations, as one vector (none: no vector).
 * Throws ModelError 'unsupported' where they are computed, or shared by two nodes: there would be two new values.
 */
export function planStatistics({ graph }: Model): ParameterLayout {
  const statistics = new Map<string, Tensor>()
  for (const node of graph.nodes) {
    if (node.opType !== 'BatchNormalization') continue
    for (const name of node.inputs.slice(3, 5)) {
      const tensor = graph.initializers.get(name)
      if (tensor === undefined || statistics.has(name)) {
        throw new ModelError('unsupported', `${describeNode(node)} has running statistics "${name}" that are ${tensor === undefined ? 'computed by other nodes' : 'those of another node too'}: train with frozen batch normalisation.`)
      }
      statistics.set(name, tensor)
    }
  }
  return layOut(Array.from(statistics, ([name, tensor]) => ({ name, tensor, group: 'batch-normalization' })))
}
