/** Type inference on whole models: every value inside has the shape that onnxruntime gives it. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bindModel, rebuild, symbolicDimensions } from '../../src/core/onnx/bind.ts'
import { evaluateDim, formatShape } from '../../src/core/onnx/dims.ts'
import { GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import type { Model, Shape } from '../../src/core/onnx/model.ts'
import { readModel } from '../../src/core/onnx/read.ts'
import { elementCount, type Tensor, type TensorData, tensorOf } from '../../src/core/onnx/tensor.ts'
import { REAL, warnWithoutRealData } from '../support/real-data.ts'
import { runModel } from '../support/run-model.ts'

const folders = [resolve(import.meta.dirname, '../fixtures/models'), join(dirname(REAL.panoramas), 'models')].filter((folder) => existsSync(folder))
const files = folders.flatMap((folder) => globSync('**/*.onnx', { cwd: folder }).map((file) => join(folder, file))).filter((file) => !file.includes('not-a-model'))
  // the same network as its 512x512 sibling, four times the time
  .filter((file) => !file.includes('2.0-cityscapes-512x1024')).toSorted()
warnWithoutRealData('types of real models')

/** Unlike each other and unlike most sizes in models, so that a mix-up shows. */
const SIZES: Readonly<Record<string, number>> = { batch: 2, height: 72, width: 104, image_height: 40, image_width: 56, point_batch: 3, points: 5, points_per_prompt: 5, num_points: 7 }

function feedsOf(model: Model): Record<string, Tensor> {
  return Object.fromEntries(model.graph.inputs.map(({ name, type }) => {
    if (type?.kind !== 'tensor') throw new Error(name)
    const dims = (type.shape ?? []).map((dim) => evaluateDim(dim, SIZES))
    const elements = Array.from({ length: elementCount(dims) }, (_, index) => (type.elementType === 'int64' ? index % 3 : Math.abs(Math.sin(index * 1.3)) * (name === 'orig_im_size' ? 0 : 1)))
    return [name, tensorOf(type.elementType, dims, name === 'orig_im_size' ? [24, 40] : elements)]
  }))
}

/** Every value as an output, by its name in the file. */
function withAllOutputs(model: Model): { model: Model; values: ReadonlyMap<string, Value> } {
  const { builder, values } = rebuild(model)
  for (const node of builder.nodes) for (const name of node.outputs) if (name !== '') builder.output(builder.value(name))
  return { model: builder.build(), values }
}

const bindings = (model: Model) => Object.fromEntries(symbolicDimensions(model).map((name) => [name, SIZES[name]]))

describe.each(files.map((file) => [`${basename(dirname(file))}/${basename(file)}`, file] as const))('%s', (_title, file) => {
  const model = readModel(readFileSync(file))

  it('has inferred the shapes and element types that onnxruntime gives, with names and with numbers', async () => {
    const symbolic = withAllOutputs(model)
    const results = await runModel(symbolic.model, feedsOf(model), { optimization: 'disabled', threads: 2 })
    const bound = rebuild(model, { bindings: bindings(model) }).values
    const wrong: string[] = []
    for (const { name, type } of symbolic.model.graph.outputs) {
      const actual = results[name]
      const check = (what: string, shape: Shape | undefined) => {
        const inferred = shape?.map((dim) => evaluated(dim))
        if (inferred?.some((dim, axis) => dim !== undefined && dim !== actual.dims[axis]) !== false || inferred.length !== actual.dims.length) {
          wrong.push(`${name}, ${what}: ${formatShape(shape)} instead of ${formatShape(actual.dims)}`)
        }
      }
      if (type?.kind !== 'tensor' || type.elementType !== actual.elementType) wrong.push(`${name}: ${actual.elementType}`)
      else check('with names', type.shape)
      // values that only the upgrade made have no counterpart
      if (bound.has(name)) check('with numbers', bound.get(name)?.shape)
    }
    expect(wrong).toEqual([])
    expect(symbolic.model.graph.outputs.length).toBe(symbolic.model.graph.nodes.flatMap((node) => node.outputs.filter((name) => name !== '')).length)
  })

  it('gives the same results after it was emitted again, with names and with numbers', async () => {
    const feeds = feedsOf(model)
    const before = await runModel(model, feeds)
    for (const again of [bindModel(model, {}), bindModel(model, bindings(model))]) {
      const after = await runModel(again, feeds)
      expect(Object.keys(after)).toEqual(Object.keys(before))
      for (const [name, { data, dims }] of Object.entries(before)) {
        expect(after[name].dims).toEqual(dims)
        // AveragePool rounds otherwise from opset 19 on (onnx-upgrade.test.ts)
        const tolerance = model.graph.nodes.some((node) => node.opType === 'AveragePool') ? 1e-5 : 0
        expect(differences(data, after[name].data, tolerance)).toBe(0)
      }
    }
  })
})

describe('pools with ceil_mode', () => {
  it.each([
    { kernel_shape: [2, 5], strides: [3, 2], pads: [0, 1, 1, 2], dilations: [1, 2] },
    { kernel_shape: [1, 1], strides: [2, 2] },
    { kernel_shape: [3, 3], strides: [2, 2] },
    { kernel_shape: [2, 2], strides: [3, 5], pads: [0, 0, 1, 1] },
  ])('have no window that starts in the padding: %o', async (attributes) => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [1, 1, 17, 22])
    const outputs = ['MaxPool', 'AveragePool'].map((op) => builder.output(builder.emit(op, [x], { ...attributes, ceil_mode: 1 })))
    const results = await runModel(builder.build(), { x: tensorOf('float32', [1, 1, 17, 22], Array.from({ length: 17 * 22 }, Math.sin)) })
    expect(outputs.map((output) => output.shape)).toEqual(outputs.map((output) => results[output.name].dims))
  })
})

/** Elements that differ by more than the tolerance times the largest; not a number is the same as itself. */
function differences(expected: TensorData, actual: TensorData, tolerance: number): number {
  const numbers = Array.from<unknown, number>(expected, Number)
  const bound = tolerance * numbers.reduce((largest, value) => Math.max(largest, Math.abs(value) || 0), 0)
  return numbers.filter((value, index) => !Object.is(value, Number(actual[index])) && !(Math.abs(value - Number(actual[index])) <= bound)).length
}

/** undefined: a size that depends on what the inputs hold */
function evaluated(dim: Shape[number]): number | undefined {
  const names = String(dim).match(/[a-z_]\w*\.\d+/gi)
  return names === null ? evaluateDim(dim, SIZES) : undefined
}
