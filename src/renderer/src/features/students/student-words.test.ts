import { expect, test } from 'vitest'
import { architectureName, augmentationText, formatParameters, heldOutText, initText, lossesText, parityProblem, zipName } from './student-words.ts'

test('parameters are told in three figures', () => {
  expect([980, 12_345, 3_715_891, 13_678_000, 245_000_000].map(formatParameters)).toEqual(['980', '12 k', '3.72 M', '13.7 M', '245 M'])
})

test('what a student is and where it comes from, in words', () => {
  expect(architectureName({ kind: 'segformer', size: 'mini' })).toBe('Mini')
  expect(architectureName({ kind: 'onnx', model: '0'.repeat(64), name: 'espnet.onnx' })).toBe('espnet.onnx')
  expect(initText({ kind: 'student', studentId: 's', weights: '0'.repeat(64), name: 'first' })).toBe('student first')
  expect(heldOutText({ score: 0.8421, scoreKind: 'agreement' })).toBe('84.2 % agreement')
  expect(heldOutText({ score: null, scoreKind: null })).toBe('not scored')
})

test('a file that does not agree says by how much', () => {
  expect(parityProblem('a.onnx', { maxDifference: 1e-5, agreement: 1, least: 0.9999, ok: true })).toBeNull()
  expect(parityProblem('model_quantized.onnx', { maxDifference: 3, agreement: 0.9512, least: 0.97, ok: false }))
    .toBe("model_quantized.onnx gives the checkpoint's class on 95.12 % of the pixels; at least 97.00 % are expected. Prefer another file of this export.")
})

test('a zip has a name that every file system takes', () => {
  expect([zipName('mini from street/1'), zipName('..'), zipName('Straße 7')]).toEqual(['mini-from-street-1.zip', 'student.zip', 'Straße-7.zip'])
})

test('losses and augmentation are told as far as they are on', () => {
  const losses = { image: { on: true, weight: 1 }, window: { on: true, weight: 0.5 }, confident: { on: false, weight: 1 }, boundary: { on: true, weight: 1 } }
  expect(lossesText({ losses })).toBe('whole panorama, windows × 0.5, boundary')
  expect(augmentationText({ augmentation: { yaw: true, flip: false, jitter: 0.4, scale: [0.75, 1.5] } })).toBe('roll, colour 0.4, zoom 0.75 to 1.5')
  expect(augmentationText({ augmentation: { yaw: false, flip: false, jitter: 0, scale: [1, 1] } })).toBe('none')
})
