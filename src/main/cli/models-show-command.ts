import { resolve } from 'node:path'
import type { Command } from 'commander'
import { GRADIENTS } from '../../core/autodiff/registry.ts'
import { inlineFunctions } from '../../core/onnx/functions.ts'
import type { Model, Node, ValueInfo } from '../../core/onnx/model.ts'
import { graphSize, printModel, printType } from '../../core/onnx/print.ts'
import { nodesOf } from '../../core/onnx/topological-order.ts'
import { readModelFile } from '../models/onnx-file.ts'
import { printResult, type OutputOptions } from './output.ts'

/** models show */
export function addModelsShowCommand(models: Command): void {
  models
    .command('show <file>')
    .description('print what an ONNX file holds, and which of its operators cannot be trained')
    .option('--json', 'print one JSON document: {file, irVersion, opsets, nodes, parameters, bytes, inputs, outputs, operators, withoutGradient}')
    .action(async (file: string, options: OutputOptions) => {
      const model = await readModelFile(resolve(file))
      const summary = { file, ...summarise(model) }
      printResult(summary, options, () => `${printModel(model)}\n${trainability(summary.withoutGradient)}`)
    })
}

function summarise(model: Model) {
  const operators = new Map<string, Node[]>()
  for (const node of nodesOf(inlineFunctions(model).graph)) {
    const name = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`
    const nodes = operators.get(name)
    if (nodes === undefined) operators.set(name, [node])
    else nodes.push(node)
  }
  const sorted = [...operators].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    irVersion: model.irVersion,
    opsets: Object.fromEntries([...model.opsets].map(([domain, version]) => [domain || 'ai.onnx', version])),
    ...graphSize(model.graph),
    inputs: model.graph.inputs.map(described),
    outputs: model.graph.outputs.map(described),
    operators: Object.fromEntries(sorted.map(([name, nodes]) => [name, nodes.length])),
    withoutGradient: sorted
      .filter(([name]) => !Object.hasOwn(GRADIENTS, name))
      .map(([operator, nodes]) => ({ operator, nodes: nodes.map((node) => node.name || node.outputs[0]) })),
  }
}

function described({ name, type }: ValueInfo): { name: string; type: string | null } {
  return { name, type: type === undefined ? null : printType(type) }
}

function trainability(withoutGradient: readonly { readonly operator: string; readonly nodes: readonly string[] }[]): string {
  if (withoutGradient.length === 0) return 'Every operator has a gradient rule or needs none.'
  return `No gradient rule: ${withoutGradient.map(({ operator, nodes }) => `${operator} (${nodes.length})`).join(', ')}.`
}
