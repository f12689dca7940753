/** The net of test/fixtures/training.golden.py: convolution, normalisation, two dense layers on each of 16 places. */
import { readFileSync } from 'node:fs'
import { GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { float32, type Tensor } from '../../src/core/onnx/tensor.ts'
import type { LossScope } from '../../src/core/autodiff/training-step.ts'

interface GoldenRun {
  readonly losses: readonly number[]
  readonly norms: readonly number[]
  readonly final: Readonly<Record<string, readonly number[]>>
}

interface Golden {
  readonly shapes: Readonly<Record<string, readonly number[]>>
  readonly initial: Readonly<Record<string, readonly number[]>>
  readonly x: readonly (readonly number[])[]
  readonly t: readonly (readonly number[])[]
  readonly runs: Readonly<Record<string, GoldenRun>>
}

export const golden = JSON.parse(readFileSync(new URL('../fixtures/training.golden.json', import.meta.url), 'utf8')) as Golden

/** Batch number `index` of the golden runs, in turn. */
export function smallBatch(index: number): Record<string, Tensor> {
  return { x: float32([2, 3, 8, 8], golden.x[index % golden.x.length]), t: float32([2, 16, 2], golden.t[index % golden.t.length]) }
}

export function smallNet(normalization: 'layer' | 'batch' = 'layer'): Model {
  const builder = new GraphBuilder()
  const parameter = (name: string) => builder.initializer(name, float32(golden.shapes[name], golden.initial[name]))
  const { emit } = builder
  const x = builder.input('x', 'float32', ['batch', 3, 8, 8])
  const convolved = emit('Conv', [x, parameter('conv.weight'), parameter('conv.bias')], { strides: [2, 2], pads: [1, 1, 1, 1] })
  const [scale, bias] = [parameter('norm.weight'), parameter('norm.bias')]
  const maps = normalization === 'layer' ? convolved : emit('BatchNormalization', [
    convolved, scale, bias, builder.initializer('norm.running_mean', float32([4], [0, 0, 0, 0])), builder.initializer('norm.running_var', float32([4], [1, 1, 1, 1])),
  ])
  const tokens = emit('Transpose', [emit('Reshape', [maps, [0, 4, 16]])], { perm: [0, 2, 1] })
  const normal = normalization === 'layer' ? emit('LayerNormalization', [tokens, scale, bias]) : tokens
  const dense = (value: Value, name: string) => emit('Add', [emit('MatMul', [value, parameter(`${name}.weight`)]), parameter(`${name}.bias`)])
  builder.output(dense(emit('Tanh', [dense(normal, 'hidden')]), 'head'), 'y')
  return builder.build()
}

/** Mean squared error of `y` from the target `t`. */
export function meanSquare({ builder, outputs, target }: LossScope): { total: Value } {
  const difference = builder.emit('Sub', [outputs.y, target('t', 'float32', outputs.y.shape as readonly number[])])
  return { total: builder.emit('ReduceMean', [builder.emit('Mul', [difference, difference])], { keepdims: 0 }) }
}
