import { expect, test } from 'vitest'
import type { Job } from '../../../../contract/schemas.ts'
import { DISTILLATION_DEFAULTS } from '../../../../core/goodsam/distillation-config.ts'
import { formatNumber, formatPace, queuedSentence, runState, runSummary, scoreText } from './distil-words.ts'

const job = (part: Partial<Job>): Job => ({
  id: 'j', kind: 'distil', title: 'Distil street', state: 'running', stopping: null, done: 0, failed: 0, total: 100, progress: 0, message: '',
  itemsPerMinute: null, etaSeconds: null, attempts: 1, subjectId: null, error: null, errorCode: null, createdAt: '2026-11-20T10:00:00Z',
  startedAt: null, finishedAt: null, ...part,
})
const run = { task: 'distil' as const, step: 40, config: { ...DISTILLATION_DEFAULTS, steps: 100 }, actualProvider: 'cpu' as const }

test('a run that waits says behind what', () => {
  const waiting = job({ state: 'queued', createdAt: '2026-11-20T12:00:00Z' })
  const jobs = [waiting, job({ id: 'a', title: 'Label berlin' }), job({ id: 'b', title: 'Label wien', state: 'queued' }), job({ id: 'c', state: 'done' })]
  const state = runState({ ...run, step: 0, actualProvider: null }, waiting, jobs)
  expect(state).toEqual({ kind: 'queued', behind: 'Label berlin', ahead: 1 })
  if (state.kind === 'queued') expect(queuedSentence(state)).toBe('It waits behind "Label berlin" and 1 more job.')
})

test('jobs that were asked for later are not waited for', () => {
  const waiting = job({ state: 'queued' })
  expect(runState(run, waiting, [waiting, job({ id: 'b', state: 'queued', createdAt: '2026-11-20T13:00:00Z' })])).toEqual({ kind: 'queued', behind: null, ahead: 0 })
})

test.each([
  ['before the first step it prepares', { ...run, step: 0, actualProvider: null }, job({ message: 'preparing 3 of 20' }), { kind: 'preparing', message: 'preparing 3 of 20' }],
  ['running', run, job({}), { kind: 'running', message: '' }],
  ['asked to pause', run, job({ stopping: 'pause' }), { kind: 'stopping', to: 'pause' }],
  ['failed', run, job({ state: 'failed', error: 'The disk is full.' }), { kind: 'failed', error: 'The disk is full.' }],
  ['all steps done', { ...run, step: 100 }, job({ state: 'done' }), { kind: 'done' }],
  ['done before its last step: it stopped early', run, job({ state: 'done' }), { kind: 'early' }],
  ['a refined TA is done while its job goes on', { ...run, task: 'refine-ta' as const, step: 100 }, job({}), { kind: 'done' }],
  ['its job is not known yet', run, undefined, { kind: 'unknown' }],
])('%s', (_, record, its, state) => expect(runState(record, its, [])).toEqual(state))

test('numbers of any magnitude', () => {
  expect([1.2345, 0.012345, 0.00006, 0, 12_345].map(formatNumber)).toEqual(['1.23', '0.0123', '6.0e-5', '0', '12\u202f345'])
  expect(formatPace(2)).toBe('2.0 steps / s')
  expect(formatPace(0.25)).toBe('4.0 s / step')
})

test('a batch that memory made smaller is told as it runs', () => {
  const mini = { architecture: { kind: 'segformer' as const, size: 'mini' as const }, config: DISTILLATION_DEFAULTS }
  expect(runSummary({ ...mini, batch: 2, accumulate: 1 })).toBe('Mini, 512 x 1024, batch 2')
  expect(runSummary({ ...mini, batch: 1, accumulate: 2 })).toBe('Mini, 512 x 1024, batch 1 x 2')
})

test('scores', () => {
  expect(scoreText(0.6314, 'miou')).toBe('63.1 % mIoU')
  expect(scoreText(null, 'agreement')).toBe('none yet')
})
