import { expect, test } from 'vitest'
import { compareEvaluations, type Comparable } from './compare-evaluations.ts'

const RESULT: NonNullable<Comparable['result']> = {
  panoramas: 2, skipped: [], miou: 0.5, pixelAccuracy: 0.6, solidAngleMiou: 0.5, latitudeBands: [], boundaryF: null, seamConsistency: null,
  perClass: [{ trainId: 0, name: 'road', iou: 0.5, pixels: 10 }, { trainId: 1, name: 'car', iou: null, pixels: 0 }],
}

function evaluation(name: string, scores: Readonly<Record<string, number | null>>, changes: Partial<Comparable> = {}): Comparable {
  return {
    id: `eval_${name}`, subject: { kind: 'student', id: `student_${name}`, name }, datasetId: 'ds', datasetName: 'streets', truth: null, mode: 'whole', result: RESULT,
    perPanorama: Object.entries(scores).map(([panorama, miou]) => ({ panoramaId: `pano_${panorama}`, name: panorama, miou, pixelAccuracy: miou, prediction: `${name} of ${panorama}` })),
    ...changes,
  }
}

test('panoramas that all scored, the largest difference first; those without a score last', () => {
  const { perPanorama } = compareEvaluations([
    evaluation('one', { a: 0.5, b: 0.2, c: null, d: 0.9, only: 1 }), evaluation('two', { a: 0.5, b: 0.6, c: 0.1, d: 0.8 }), evaluation('three', { d: 0.1, c: 0.3, b: 0.5, a: 0.55 }),
  ])
  expect(perPanorama.map(({ name }) => name)).toEqual(['d', 'b', 'c', 'a'])
  expect(perPanorama[0]).toEqual({ panoramaId: 'pano_d', name: 'd', miou: [0.9, 0.8, 0.1], predictions: ['one of d', 'two of d', 'three of d'] })
})

test('by class, in the order that was asked for', () => {
  const better = { ...RESULT, perClass: RESULT.perClass.map((of) => ({ ...of, iou: 0.75 })) }
  const { perClass, evaluations } = compareEvaluations([evaluation('one', {}), evaluation('two', {}, { result: better, mode: 'sliding' })])
  expect(perClass).toEqual([{ trainId: 0, name: 'road', iou: [0.5, 0.75] }, { trainId: 1, name: 'car', iou: [null, 0.75] }])
  expect(evaluations.map(({ id, mode }) => [id, mode])).toEqual([['eval_one', 'whole'], ['eval_two', 'sliding']])
})

const other = { ...RESULT, perClass: [{ trainId: 0, name: 'floor', iou: 0.5, pixels: 10 }, RESULT.perClass[1]] }
test.each<[string, Partial<Comparable>, RegExp]>([
  ['another dataset', { datasetId: 'ds2', datasetName: 'indoors' }, /"one" on "streets" and "two" on "indoors" cannot be compared: evaluate both on the same dataset/],
  ['another label set', { result: other }, /different label sets/],
  ['other truth', { truth: '/truth' }, /"one" on "streets" was scored against the imported labels, "two" on "streets" against \/truth/],
  ['no result', { result: null }, /"two" on "streets" has no result yet/],
])('refused: %s', (_, changes, message) => {
  expect(() => compareEvaluations([evaluation('one', {}), evaluation('two', {}, changes)])).toThrow(expect.objectContaining({ code: 'bad-input', message: expect.stringMatching(message) }))
})

test('one alone is no comparison', () => {
  expect(() => compareEvaluations([evaluation('one', {})])).toThrow(/at least two/)
})
