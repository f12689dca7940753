/** The child process of training-webgpu.test.ts: compares providers and tells its parent, since it may crash when it ends. */
import { sample } from 'fast-check'
import { lowerForRuntime } from '../../src/core/autodiff/lower.ts'
import { sgd } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type TrainingStep } from '../../src/core/autodiff/training-step.ts'
import { rebuild } from '../../src/core/onnx/bind.ts'
import { GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { elementCount, type Tensor } from '../../src/core/onnx/tensor.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { GRADIENT_CASES } from '../gradcheck/cases/table.ts'
import { checkedNames, drawFeeds, forwardModel, generator, gradientModel } from '../gradcheck/instance-model.ts'
import { profileModel } from '../support/profile-model.ts'
import { runModel, type Tensors } from '../support/run-model.ts'
import { exampleOf, WEBGPU_DEFECTS, webgpuDefect } from './webgpu-defects.ts'

export type WorkerMessage =
  /** one instance of a gradient case: largest relative difference of value and gradients, operators that WebGPU left to the CPU */
  | { readonly kind: 'case'; readonly name: string; readonly difference: number; readonly onCpu: readonly string[] }
  /** no drawn instance avoids what WebGPU cannot do */
  | { readonly kind: 'defect'; readonly name: string; readonly defect: string }
  /** whether a known defect still shows, also in the form that a training step has */
  | { readonly kind: 'still'; readonly defect: string; readonly wrong: boolean; readonly wrongInSteps: boolean }
  | { readonly kind: 'failed'; readonly name: string; readonly why: string }
  /** one training step of the net that is made of all cases */
  | { readonly kind: 'step'; readonly operators: readonly string[]; readonly loss: number; readonly gradientNorm: number; readonly parameters: number }
  | { readonly kind: 'done' }

const SEED = 20_260_101
/** Instances drawn until one does without what WebGPU cannot do */
const DRAWS = 30
/** A difference that is no rounding */
const WRONG = 1e-2
const WEBGPU = { providers: ['webgpu', 'cpu'] }

const chosen = GRADIENT_CASES.flatMap(({ op, about, instances }, index) => {
  const name = about === undefined ? op : `${op} (${about})`
  const drawn = sample(instances, { seed: SEED + index, numRuns: DRAWS })
  const possible = drawn.filter((each) => webgpuDefect(gradientModel(each)) === undefined)
  // what is computed from a single number may be folded, and would not be part of the training step
  const instance = possible.find(({ inputs }) => Object.values(inputs).every((each) => elementCount(each.dims) > 1)) ?? possible.at(0)
  if (instance !== undefined) return [{ name, op, instance, ...drawFeeds(instance, generator(SEED + index)) }]
  tell({ kind: 'defect', name, defect: webgpuDefect(gradientModel(drawn[0])) ?? '' })
  return []
})

for (const { name, instance, inputs, weights } of chosen) {
  try {
    tell({ kind: 'case', name, ...await compare(gradientModel(instance), { ...inputs, ...weights }) })
  } catch (error) {
    tell({ kind: 'failed', name, why: String(error) })
  }
}
for (const [defect, each] of Object.entries(WEBGPU_DEFECTS)) {
  const { model, feeds } = exampleOf(each)
  const isWrong = (form: Model) => compare(form, feeds).then(({ difference }) => difference > WRONG, () => true)
  tell({ kind: 'still', defect, wrong: await isWrong(model), wrongInSteps: await isWrong(lowerForRuntime(model)) })
}
tell(await compareStep())
tell({ kind: 'done' })

async function compare(model: Model, feeds: Tensors): Promise<{ difference: number; onCpu: readonly string[] }> {
  const [expected, actual] = [await runModel(model, feeds), await runModel(model, feeds, WEBGPU)]
  const placed = await profileModel(model, feeds, WEBGPU)
  const onCpu = placed.filter(({ provider }) => provider === 'CPUExecutionProvider').map(({ opType }) => opType)
  return { difference: largestDifference(actual, expected), onCpu: [...new Set(onCpu)] }
}

/** All cases as one net, whose parameters are the cases' inputs and whose loss is the weighted sum of all their outputs. */
async function compareStep(): Promise<WorkerMessage> {
  const builder = new GraphBuilder()
  const terms = chosen.flatMap(({ instance, inputs, weights }, index): readonly Value[] => {
    const own = forwardModel(instance)
    const parameters = new Map([...own.graph.initializers, ...Object.entries(inputs)])
    const model = prefixed({ ...own, graph: { ...own.graph, inputs: [], initializers: parameters } }, `case${index}.`)
    return Object.values(rebuild(model, { builder }).outputs).map((output, at) =>
      builder.emit('ReduceSum', [builder.emit('Mul', [output, builder.constant(weights[`weight${at}`])])], { keepdims: 0 }))
  })
  builder.output(terms.reduce((sum, term) => builder.emit('Add', [sum, term])), 'weighted_sum')
  const names = new Set(chosen.flatMap(({ instance }, index) => checkedNames(instance).map((name) => `case${index}.${name}`)))
  const net = builder.build()
  const step = compileTrainingStep(net, ({ outputs }) => ({ total: outputs['weighted_sum'] }), sgd(), { trainable: (name) => names.has(name) })
  const [expected, actual] = [await resultOf(step, 'cpu'), await resultOf(step, 'webgpu')]
  const relative = (key: 'loss' | 'gradientNorm') => Math.abs(actual[key] - expected[key]) / Math.abs(expected[key])
  return {
    kind: 'step', operators: [...new Set(net.graph.nodes.map((node) => node.opType))],
    loss: relative('loss'), gradientNorm: relative('gradientNorm'), parameters: largestDifference(actual.moved, expected.moved),
  }
}

async function resultOf(step: TrainingStep, provider: 'cpu' | 'webgpu') {
  const session = await openTraining(step, { provider })
  const { loss, gradientNorm } = await session.step({}, { learningRate: 1e-2 })
  const moved = Object.fromEntries(await session.parameters())
  await session.dispose()
  return { loss, gradientNorm, moved }
}

/** The model with `prefix` before every value's and node's name, so that several can stand in one graph. */
function prefixed(model: Model, prefix: string): Model {
  const named = (name: string) => (name === '' ? '' : prefix + name)
  const { graph } = model
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map((info) => ({ ...info, name: named(info.name) })),
      outputs: graph.outputs.map((info) => ({ ...info, name: named(info.name) })),
      initializers: new Map([...graph.initializers].map(([name, tensor]) => [named(name), tensor])),
      nodes: graph.nodes.map((node) => ({ ...node, name: named(node.name), inputs: node.inputs.map(named), outputs: node.outputs.map(named) })),
    },
  }
}

/** Over all tensors: the largest difference of an element relative to its tensor's largest. */
function largestDifference(actual: Tensors, expected: Tensors): number {
  return Math.max(...Object.keys(expected).map((name) => relativeDifference(actual[name], expected[name])))
}

function relativeDifference(actual: Tensor, expected: Tensor): number {
  const [a, b] = [Array.from(actual.data, Number), Array.from(expected.data, Number)]
  if (a.length !== b.length) return Infinity
  const scale = Math.max(1e-2, ...b.map(Math.abs))
  return Math.max(0, ...b.map((value, index) => (Number.isNaN(a[index]) ? Infinity : Math.abs(a[index] - value) / scale)))
}

function tell(message: WorkerMessage): void {
  process.send?.(message)
}
