import { expect, test } from 'vitest'
import { procedures } from '../../../../contract/procedures.ts'
import { DISTILLATION_DEFAULTS } from '../../../../core/goodsam/distillation-config.ts'
import { emptyDraft, fieldErrors, readDraft, shownNumber, storedNumber } from './distil-form.ts'

const draft = emptyDraft('run-1', null)

test('an untouched form leaves everything to the host, and the host understands it', () => {
  const read = readDraft(draft)
  expect(read).toEqual({ kind: 'request', request: { run: 'run-1', student: 'mini', init: 'random', config: {}, name: null, provider: null } })
  if (read.kind === 'request') expect(procedures['distillations.start'].input.safeParse(read.request).success).toBe(true)
})

test.each([
  ['run', { run: null }, /labelling run/],
  ['ONNX file', { student: 'onnx' as const }, /ONNX file/],
  ['weights', { init: 'file' as const }, /safetensors/],
  ['student that the built-in weights fit', { init: 'builtin' as const, student: 'tiny' as const }, /those of a Mini/],
  ['earlier student', { init: 'student' as const }, /student to begin with/],
])('says that the %s is missing', (_, part, what) => {
  const read = readDraft({ ...draft, ...part })
  expect(read.kind === 'missing' && read.what).toMatch(what)
})

test('files and students are named in the request', () => {
  const read = readDraft({ ...draft, student: 'onnx', onnx: '/m/net.onnx', init: 'file', file: '/m/w.safetensors', name: ' first ' })
  expect(read).toMatchObject({ request: { student: { onnx: '/m/net.onnx' }, init: { file: '/m/w.safetensors' }, name: 'first' } })
  expect(readDraft(emptyDraft('run-1', 'student-7'))).toMatchObject({ request: { init: { student: 'student-7' } } })
})

test('the defaults are without fault', () => {
  expect(fieldErrors(DISTILLATION_DEFAULTS).size).toBe(0)
})

test('what is wrong is said at its field', () => {
  const errors = fieldErrors({
    height: 500, width: 16, steps: 0, learningRate: 0, batch: 1.5, heldOut: 0.7,
    losses: { ...DISTILLATION_DEFAULTS.losses, image: { on: true, weight: -1 } },
    augmentation: { ...DISTILLATION_DEFAULTS.augmentation, scale: [2, 1] },
  })
  expect(Object.fromEntries(errors)).toEqual({
    height: 'A multiple of 32: 480 or 512',
    width: 'At least 32',
    steps: 'At least 1',
    learningRate: 'Above 0',
    batch: 'A whole number',
    heldOut: 'At most 0.5',
    'losses.image.weight': 'At least 0',
    'augmentation.scale.0': 'Not above the largest',
  })
})

test('an emptied field is told from a wrong one', () => {
  expect(fieldErrors({ steps: Number.NaN }).get('steps')).toBe('A number is missing')
})

test('percentages are shown without the noise of floating point', () => {
  expect(shownNumber({ percent: true }, 0.07)).toBe(7)
  expect(storedNumber({ percent: true }, 7)).toBe(0.07)
  expect(shownNumber({}, null)).toBe('')
})
