import { expect, test } from 'vitest'
import type { CatalogueEntry } from '../../../../contract/catalogue-schemas.ts'
import type { Job } from '../../../../contract/schemas.ts'
import { activeDownloads, entryStage, foldedEntries } from './catalogue-entries.ts'

function entry(repo: string, there: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return { repo, kind: 'ta', summary: '', licence: '', page: '', files: [], modelId: null, weightsFile: null, ...there }
}

function job(repo: string, state: Job['state'], createdAt = '2026-11-20T10:00:00Z'): Job {
  return {
    id: `${repo} ${createdAt}`, kind: 'download', title: `Download ${repo}`, state, stopping: null, done: 0, failed: 0, total: 2, progress: 0.3, message: '', itemsPerMinute: null,
    etaSeconds: null, attempts: 1, subjectId: repo, error: null, errorCode: null, createdAt, startedAt: createdAt, finishedAt: null,
  }
}

test('an entry is offered until somebody asks for it, and again after a cancelled download', () => {
  expect(entryStage(entry('a/b'), []).kind).toBe('offered')
  expect(entryStage(entry('a/b'), [job('a/c', 'running'), { ...job('a/b', 'running'), kind: 'import' }]).kind).toBe('offered')
  expect(entryStage(entry('a/b'), [job('a/b', 'cancelled')]).kind).toBe('offered')
})

test('of several jobs the newest counts, however they are listed', () => {
  const [failed, running] = [job('a/b', 'failed'), job('a/b', 'paused', '2026-11-20T11:00:00Z')]
  for (const jobs of [[failed, running], [running, failed]]) expect(entryStage(entry('a/b'), jobs)).toEqual({ kind: 'active', job: running })
})

test('what is there is there, whatever became of its job; without it the model was removed and is offered again', () => {
  for (const there of [{ modelId: 'model-1' }, { weightsFile: '/w/weights/a--b.safetensors' }]) {
    for (const state of ['done', 'failed', 'cancelled'] as const) expect(entryStage(entry('a/b', there), [job('a/b', state)]).kind).toBe('there')
  }
  expect(entryStage(entry('a/b'), [job('a/b', 'done')]).kind).toBe('offered')
  expect(entryStage(entry('a/b'), [job('a/b', 'failed')]).kind).toBe('failed')
  const done = job('a/b', 'done')
  expect(entryStage(entry('a/b'), [done], done.id).kind).toBe('active')
  expect(entryStage(entry('a/b'), [done], 'another').kind).toBe('offered')
})

test('little room shows the first two and what somebody asked for, and folds no single line away', () => {
  const entries = ['a', 'b', 'c', 'd', 'e'].map((name) => entry(`x/${name}`))
  const { first, rest } = foldedEntries(entries, [job('x/d', 'running')])
  expect(first.map(({ repo }) => repo)).toEqual(['x/a', 'x/b', 'x/d'])
  expect(rest.map(({ repo }) => repo)).toEqual(['x/c', 'x/e'])
  expect(foldedEntries(entries.slice(0, 3), [])).toEqual({ first: entries.slice(0, 3), rest: [] })
})

test('downloads that are under way', () => {
  expect(activeDownloads([job('a/a', 'queued'), job('a/b', 'running'), job('a/c', 'paused'), job('a/d', 'done'), { ...job('a/e', 'running'), kind: 'label' }]).map(({ subjectId }) => subjectId)).toEqual(['a/a', 'a/b', 'a/c'])
})
