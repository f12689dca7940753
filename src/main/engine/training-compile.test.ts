import { expect, test } from 'vitest'
import { QUICK } from '../../../test/support/training-panoramas.ts'
import { dims } from '../../core/onnx/graph-builder.ts'
import { rebuild } from '../../core/onnx/bind.ts'
import { compilePrediction, compileStudent, keptVectors, parameterCount } from './training-compile.ts'
import { openStudent } from './training-student.ts'

const SOURCE = { architecture: { kind: 'segformer' as const, size: 'mini' as const }, classes: 19, network: null, weights: null, seed: 1 }

test("a student's step in operators that a GPU's layout keeps right", async () => {
  const step = compileStudent(await openStudent(SOURCE), { task: 'distil', config: QUICK, batch: 1, accumulate: 1 })
  // onnxruntime 1.30 forgets the axes of a Pad when it changes the layout around it for WebGPU
  const padsOfSomeAxes = step.model.graph.nodes.filter(({ opType, inputs }) => opType === 'Pad' && (inputs[3] ?? '') !== '')
  expect(padsOfSomeAxes).toEqual([])
  // as PyTorch counts the parameters of SegformerForSemanticSegmentation, B0, 19 classes
  expect(parameterCount(step)).toBe(3_719_027)
  expect(step.terms).toEqual(['image', 'window', 'confident', 'boundary'])
})

test('a prediction is made with the moving average where there is one, and with the running statistics', async () => {
  const student = await openStudent(SOURCE)
  const step = compileStudent(student, { task: 'distil', config: { ...QUICK, emaDecay: 0.9 }, batch: 1, accumulate: 2 })
  expect(keptVectors(step).map(({ role }) => role).toSorted()).toEqual(['average', 'average', 'statistics'])
  const model = compilePrediction(student, step, { height: 64, width: 128 })
  const { inputs, outputs } = rebuild(model)
  expect(dims(outputs.logits)).toEqual([1, 19, 16, 32])
  expect(Object.keys(inputs).toSorted()).toEqual([...keptVectors(step).map(({ name }) => name), 'pixel_values'].toSorted())
})
