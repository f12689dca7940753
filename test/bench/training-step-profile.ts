/**
 * Where the time of a training step of Mini goes: `node test/bench/training-step-profile.ts [forward|step] [RUNS]` prints
 * onnxruntime's own times by operator and by node.
 */
import { availableParallelism } from 'node:os'
import { initialState } from '../../src/core/autodiff/training-step.ts'
import { float32, type Tensor } from '../../src/core/onnx/tensor.ts'
import { type ProfiledNode, profileModel } from '../support/profile-model.ts'
import { exampleBatch, miniStep } from './training-step-process.ts'

const LISTED = 60

const [what = 'step', runs = '7'] = process.argv.slice(2)
const { forward, step } = miniStep()
const { pixel_values, labels } = exampleBatch()
const state = Object.fromEntries(step.state.map((each): [string, Tensor] => [each.name, float32([each.vector.length], initialState(step, each))]))
const [model, feeds] = what === 'forward'
  ? [forward, { pixel_values }]
  : [step.model, { pixel_values, labels, ...state, learning_rate: float32([], [1e-4]), step: float32([], [1]) }]
const nodes = await profileModel(model, feeds, { threads: availableParallelism(), runs: Number(runs) })

console.log(`${what}: ${total(nodes).toFixed(0)} ms in ${nodes.length} nodes`)
const operators = [...Map.groupBy(nodes, (node) => node.opType)].map(([opType, all]) => ({ opType, count: all.length, ms: total(all) }))
for (const { opType, count, ms } of operators.toSorted((a, b) => b.ms - a.ms)) {
  console.log(`${ms.toFixed(1).padStart(9)} ms ${String(count).padStart(5)} x ${opType}`)
}
console.log()
for (const { ms, opType, name, inputs } of nodes.toSorted((a, b) => b.ms - a.ms).slice(0, LISTED)) {
  console.log(`${ms.toFixed(1).padStart(9)} ms  ${opType.padEnd(16)} ${name} ${inputs}`)
}

function total(all: readonly ProfiledNode[]): number {
  return all.reduce((sum, { ms }) => sum + ms, 0)
}
