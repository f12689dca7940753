import { expect, test } from 'vitest'
import { jobStateSchema, type Job } from '../../../../contract/schemas.ts'
import { controlWords, failedText, jobControls, jobNumbers, jobPlace, jobStateText } from './job-words.ts'

const job: Job = {
  id: 'j', kind: 'label', title: 'Label berlin', state: 'running', stopping: null, done: 12, failed: 0, total: 40, progress: 0.3, message: '',
  itemsPerMinute: 2.5, etaSeconds: 672, attempts: 1, subjectId: null, error: null, errorCode: null, createdAt: '2026-11-20T10:00:00Z', startedAt: '2026-11-20T10:00:00Z', finishedAt: null,
}

test('a finished job offers nothing but a retry of what failed', () => {
  expect(jobControls({ ...job, state: 'done' })).toEqual({ canPause: false, canResume: false, canCancel: false, canRetry: false })
  expect(jobControls({ ...job, state: 'done', failed: 2 }).canRetry).toBe(true)
})

test('every state that is not final can be cancelled, and every other can not', () => {
  const cancellable = jobStateSchema.options.filter((state) => jobControls({ ...job, state }).canCancel)
  expect(cancellable).toEqual(['queued', 'running', 'paused'])
})

test('a job that is stopping is not asked twice, but a pause may still become a cancel', () => {
  expect(jobControls({ ...job, stopping: 'pause' })).toEqual({ canPause: false, canResume: false, canCancel: true, canRetry: false })
  expect(jobControls({ ...job, stopping: 'cancel' }).canCancel).toBe(false)
  expect(jobStateText({ state: 'running', stopping: 'pause' })).toBe('Pausing')
})

test('numbers', () => {
  expect(jobNumbers(job)).toBe('12 of 40 · 2.5 / min · about 11 min left')
  expect(jobNumbers({ ...job, state: 'done', done: 40, failed: 1, attempts: 2, finishedAt: '2026-11-20T10:16:30Z' })).toBe('40 of 40 · 1 failed · took 16 min 30 s · started 2 times')
})

test('a download counts files, not a rate of them, and leads to the catalogue', () => {
  const download: Job = { ...job, kind: 'download', done: 1, total: 2, subjectId: 'owner/name' }
  expect(jobNumbers(download)).toBe('1 of 2 files · about 11 min left')
  // before the hub has told what there is
  expect(jobNumbers({ ...download, done: 0, total: 0, etaSeconds: null })).toBe('estimating time left')
  expect(jobPlace(download)).toEqual({ href: '/models/catalogue', label: 'Open the catalogue' })
  expect(failedText({ ...download, failed: 1 })).toContain('1 of 2 files')
  expect(controlWords(download).pause).not.toBe(controlWords(job).pause)
})
