import { resolve } from 'node:path'
import type { Command } from 'commander'
import { unsupportedOperators } from '../../core/autodiff/differentiate.ts'
import { rebuild } from '../../core/onnx/bind.ts'
import { ModelError } from '../../core/onnx/errors.ts'
import { inlineFunctions } from '../../core/onnx/functions.ts'
import type { Model, Node, ValueInfo } from '../../core/onnx/model.ts'
import { graphSize, printModel, printType } from '../../core/onnx/print.ts'
import { isFloat } from '../../core/onnx/tensor.ts'
import { nodesOf } from '../../core/onnx/topological-order.ts'
import { readModelFile } from '../models/onnx-file.ts'
import { printResult, type OutputOptions } from './output.ts'

/** models show */
export function addModelsShowCommand(models: Command): void {
  models
    .command('show <file>')
    .description('print what an ONNX file holds, and whether it can be trained')
    .option('--json', 'print one JSON document: {file, irVersion, opsets, nodes, parameters, bytes, inputs, outputs, operators, withoutGradient, problem}')
    .action(async (file: string, options: OutputOptions) => {
      const model = await readModelFile(resolve(file))
      const { types, withoutGradient, problem } = trainability(model)
      printResult({ file, ...summarise(model), withoutGradient, problem }, options, () =>
        `${printModel(model, { types })}\n${verdict(withoutGradient, problem)}`)
    })
}

interface Trainability {
  /** value -> inferred type */
  readonly types: ReadonlyMap<string, string>
  /** operators between the parameters and the outputs that have no gradient rule */
  readonly withoutGradient: readonly { readonly operator: string; readonly nodes: readonly string[] }[]
  /** why types could not be inferred */
  readonly problem: string | null
}

function trainability(model: Model): Trainability {
  try {
    const { builder, outputs, values } = rebuild(model)
    const parameters = [...model.graph.initializers].flatMap(([name, tensor]) =>
      (isFloat(tensor.elementType) ? [values.get(name)?.name ?? name] : []))
    const nodes = new Set(Object.values(outputs).flatMap((output) => unsupportedOperators(builder, output, parameters)))
    return {
      types: new Map([...values].map(([name, { elementType, shape }]) => [name, printType({ kind: 'tensor', elementType, shape })])),
      withoutGradient: [...byOperator(nodes)].map(([operator, each]) => ({ operator, nodes: each.map((node) => node.name || node.outputs[0]) })),
      problem: null,
    }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    return { types: new Map(), withoutGradient: [], problem: error.message }
  }
}

function verdict(withoutGradient: Trainability['withoutGradient'], problem: string | null): string {
  if (problem !== null) return `Cannot be trained. ${problem}`
  if (withoutGradient.length === 0) return 'Can be trained: every operator between the parameters and the outputs has a gradient rule.'
  return `Cannot be trained: no gradient rule for ${withoutGradient.map(({ operator, nodes }) => `${operator} (${nodes.join(', ')})`).join('; ')}.`
}

function summarise(model: Model) {
  return {
    irVersion: model.irVersion,
    opsets: Object.fromEntries([...model.opsets].map(([domain, version]) => [domain || 'ai.onnx', version])),
    ...graphSize(model.graph),
    inputs: model.graph.inputs.map(described),
    outputs: model.graph.outputs.map(described),
    operators: Object.fromEntries([...byOperator(nodesOf(inlineFunctions(model).graph))].map(([operator, nodes]) => [operator, nodes.length])),
  }
}

function described({ name, type }: ValueInfo): { name: string; type: string | null } {
  return { name, type: type === undefined ? null : printType(type) }
}

/** Operators in alphabetical order, with their nodes. */
function byOperator(nodes: Iterable<Node>): ReadonlyMap<string, readonly Node[]> {
  const groups = new Map<string, Node[]>()
  for (const node of nodes) {
    const operator = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`
    const group = groups.get(operator)
    if (group === undefined) groups.set(operator, [node])
    else group.push(node)
  }
  return new Map([...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
