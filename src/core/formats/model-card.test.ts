import { expect, test } from 'vitest'
import { modelCard, type CardEvaluation, type CardTeacher, type ModelCard } from './model-card.ts'

const TA: CardTeacher = { role: 'TA', name: 'espnet', sha256: null, licence: 'MIT' }
const SAM: CardTeacher = { role: 'SAM', name: 'sam', sha256: null, licence: 'Apache-2.0' }
const EVALUATION: CardEvaluation = {
  dataset: 'streets', mode: 'as a whole', truth: null, learnedFrom: false, panoramas: 1, miou: 0.5, pixelAccuracy: 0.75,
  solidAngleMiou: 0.25, boundaryF: null, seamConsistency: 1, perClass: [{ name: 'road', iou: 0.5 }, { name: 'sky', iou: null }], at: '2026-01-02T03:04:05Z',
}
const CARD: ModelCard = {
  name: 'mini', architecture: 'SegFormer', transformers: true, parameters: 3_700_000, classes: ['road', 'sky'], labelSet: 'two', height: 64, width: 128,
  step: 40, score: null, weightsSha256: 'a'.repeat(64), dataset: 'streets', labellingRun: 'run', labelling: [], distillation: [], configuration: {},
  teachers: [SAM, TA], evaluations: [], files: [], parityPanoramas: 4, machine: 'a machine', warnings: [], program: '0.1.0',
}

test('masks of a SAM are named where there were some, and only there', () => {
  expect(modelCard(CARD)).toContain('corrected by the masks of a Segment Anything model (SAM)')
  expect(modelCard({ ...CARD, teachers: [TA] })).toContain('a teacher assistant (TA) alone, which no masks of a Segment Anything model (SAM) corrected.')
})

test('a score says on what and against which truth, and whether its panoramas were learned from', () => {
  const strange = modelCard({ ...CARD, evaluations: [EVALUATION] })
  expect(strange).toContain('| "streets", 1 panorama, as a whole, against the truth imported with it, 2026-01-02 | |')
  expect(strange).toContain('| mIoU | 50.0 % |')
  expect(strange).toContain('| boundary F | - |')
  expect(strange).not.toContain('IoU sky')
  expect(strange).not.toContain('It learned from panoramas of')
  const own = modelCard({ ...CARD, evaluations: [{ ...EVALUATION, truth: 'gtFine', learnedFrom: true }] })
  expect(own).toContain('against the label maps in "gtFine"')
  expect(own).toContain('It learned from panoramas of "streets", though not from these label maps: expect less on others.')
})

test('sizes are height x width, as everywhere', () => {
  expect(modelCard(CARD)).toContain('It learned at 64x128.')
})
