import { expect, test } from 'vitest'
import { DEFAULT_SETTINGS } from '../../contract/schemas.ts'
import { appendJobLog, JOB_LOG_LINES, listJobLog } from './job-log.ts'
import { addJob, countCrashes, getJob, getJobPayload, listJobs, listJobsInState, nextQueuedJob, removeJobsOf, requireNoActiveJob, updateJob } from './jobs.ts'
import { getSettings, setSettings } from './settings.ts'
import type { TestWorkspace } from './workspace.fixture.ts'
import { makeWorkspace } from './workspace.fixture.ts'

const add = ({ store }: TestWorkspace, title: string, subjectId: string | null = null) =>
  store.transaction((db) => addJob(db, { kind: 'label', title, subjectId, payload: { title }, total: 4 }))
const line = (message: string) => ({ at: '2026-01-01T00:00:00.000Z', level: 'info' as const, message })

test('jobs wait in the order they came', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  expect(nextQueuedJob(store.read)).toBeNull()
  const first = add(workspace, 'first')
  const second = add(workspace, 'second')
  expect(first).toMatchObject({
    kind: 'label', state: 'queued', stopping: null, done: 0, failed: 0, total: 4, progress: 0, message: '', itemsPerMinute: null,
    etaSeconds: null, attempts: 0, subjectId: null, error: null, errorCode: null, startedAt: null, finishedAt: null,
  })
  expect(getJobPayload(store.read, second.id)).toEqual({ title: 'second' })
  expect(nextQueuedJob(store.read)).toEqual(first)
  store.transaction((db) => updateJob(db, first.id, { state: 'paused' }))
  expect(nextQueuedJob(store.read)).toEqual(second)
  store.transaction((db) => updateJob(db, first.id, { state: 'queued' }))
  expect(nextQueuedJob(store.read)).toEqual(first)
  expect(listJobs(store.read)).toEqual([second, first])
  expect(listJobsInState(store.read, 'queued')).toEqual([first, second])
})

test('a patch changes what it names and nothing else', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id, ...rest } = add(workspace, 'job')
  const patched = store.transaction((db) => updateJob(db, id, { state: 'failed', done: 3, failed: 1, error: 'Disk.', errorCode: 'storage', crashes: 2, message: undefined }))
  expect(patched).toEqual({ ...rest, id, state: 'failed', done: 3, failed: 1, error: 'Disk.', errorCode: 'storage', progress: 0.75 })
  expect(countCrashes(store.read, id)).toBe(2)
  expect(store.transaction((db) => updateJob(db, id, { error: null, errorCode: null }))).toMatchObject({ error: null, errorCode: null, done: 3 })
  expect(() => store.transaction((db) => updateJob(db, 'job_x', { done: 1 }))).toThrow(expect.objectContaining({ code: 'not-found' }))
  expect(() => getJob(store.read, 'job_x')).toThrow(expect.objectContaining({ code: 'not-found' }))
})

test('progress of a job that does not run comes from its items', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace, 'job')
  const progress = (patch: Parameters<typeof updateJob>[2]) => store.transaction((db) => updateJob(db, id, patch)).progress
  expect(progress({ done: 1 })).toBe(0.25)
  expect(progress({ done: 4, state: 'done' })).toBe(1)
  expect(progress({ done: 0, total: 0, state: 'done' })).toBe(1)
  expect(progress({ state: 'queued' })).toBe(0)
})

test('a subject is busy while a job on it waits, runs or is paused', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace, 'label it', 'run_1')
  for (const [state, busy] of [['queued', true], ['running', true], ['paused', true], ['done', false], ['failed', false], ['cancelled', false]] as const) {
    store.transaction((db) => updateJob(db, id, { state }))
    const ask = () => requireNoActiveJob(store.read, 'run_1', 'the run')
    if (busy) expect(ask).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining('"label it" works on the run') }))
    else expect(ask()).toBeUndefined()
  }
  store.transaction((db) => removeJobsOf(db, 'run_1'))
  expect(listJobs(store.read)).toEqual([])
})

test('the log of a job keeps its last lines, numbered on', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace, 'job')
  const { id: other } = add(workspace, 'other')
  store.transaction((db) => {
    appendJobLog(db, other, [line('other')])
    appendJobLog(db, id, [line('1'), line('2')])
    appendJobLog(db, id, Array.from({ length: JOB_LOG_LINES }, (_, index) => line(`${index + 3}`)))
  })
  const kept = listJobLog(store.read, id, 0)
  expect(kept).toHaveLength(JOB_LOG_LINES)
  expect(kept[0]).toEqual({ jobId: id, seq: 3, ...line('3') })
  expect(kept.at(-1)).toMatchObject({ seq: JOB_LOG_LINES + 2, message: `${JOB_LOG_LINES + 2}` })
  expect(listJobLog(store.read, id, JOB_LOG_LINES)).toMatchObject([{ seq: JOB_LOG_LINES + 1 }, { seq: JOB_LOG_LINES + 2 }])
  expect(listJobLog(store.read, other, 0)).toMatchObject([{ seq: 1, message: 'other' }])
})

test('settings have their defaults until they are set, and are checked', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  expect(getSettings(store.read)).toEqual(DEFAULT_SETTINGS)
  expect(store.transaction((db) => setSettings(db, { provider: 'cpu', cpuThreads: 3 }))).toEqual({ ...DEFAULT_SETTINGS, provider: 'cpu', cpuThreads: 3 })
  store.transaction((db) => setSettings(db, { cpuThreads: 4 }))
  expect(getSettings(store.read)).toEqual({ ...DEFAULT_SETTINGS, provider: 'cpu', cpuThreads: 4 })
  expect(() => store.transaction((db) => setSettings(db, { cpuThreads: -1 }))).toThrow()
  expect(getSettings(store.read).cpuThreads).toBe(4)
})
