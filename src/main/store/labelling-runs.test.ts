import { expect, test } from 'vitest'
import type { LabelStats } from '../../contract/schemas.ts'
import { RECIPES, SAM_DEFAULTS } from '../../core/goodsam/config.ts'
import { addJob, updateJob } from './jobs.ts'
import { addLabellingRun, addRunWarning, getLabellingRun, listLabellingRuns, removeLabellingRun, renameLabellingRun } from './labelling-runs.ts'
import { addModel, findModelByContent, getModel, listModels, removeModel, renameModel, setSamSettings } from './models.ts'
import { addPanoramas } from './panoramas.ts'
import { countResults, failResult, finishResult, getResult, listResults, pendingPanoramas, resetFailedResults } from './panorama-results.ts'
import { appendReview, listReviews } from './reviews.ts'
import { addTestModel, addTestRun, aPanorama, artifactsOf, makeWorkspace, SOME_STATS } from './workspace.fixture.ts'

const stats = (meanConfidence: number): LabelStats => ({ ...SOME_STATS, meanConfidence })

test('a model comes back as it went in, by id, name or content', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const sam = store.transaction((db) => addTestModel(db, 'sam'))
  const ta = store.transaction((db) => addTestModel(db, 'ta'))
  expect(listModels(store.read)).toEqual([sam, ta])
  expect(getModel(store.read, sam.id)).toEqual(sam)
  expect(getModel(store.read, 'ta')).toEqual(ta)
  expect(findModelByContent(store.read, sam.sha256)).toEqual(sam)
  expect(findModelByContent(store.read, 'f'.repeat(64))).toBeNull()
  expect(() => getModel(store.read, 'tb')).toThrow(expect.objectContaining({ code: 'not-found' }))
  const { id: _, createdAt: __, ...rest } = sam
  expect(() => store.transaction((db) => addModel(db, rest))).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(store.transaction((db) => addModel(db, { ...rest, id: 'model_mine', name: 'again' })).id).toBe('model_mine')
})

test('mask filters belong to SAM models', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  store.transaction((db) => [addTestModel(db, 'sam'), addTestModel(db, 'ta')])
  const settings = { ...SAM_DEFAULTS, predIou: 0.5 }
  expect(store.transaction((db) => setSamSettings(db, 'sam', settings)).samSettings).toEqual(settings)
  expect(getModel(store.read, 'sam').samSettings).toEqual(settings)
  expect(() => store.transaction((db) => setSamSettings(db, 'ta', settings))).toThrow(expect.objectContaining({ code: 'conflict' }))
})

test('a model that made a run stays until the run is removed', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run } = store.transaction((db) => addTestRun(db, ['a']))
  for (const id of [run.samId!, run.taId]) {
    expect(() => store.transaction((db) => removeModel(db, id))).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining('"a run"') }))
  }
  expect(store.transaction((db) => renameModel(db, run.taId, 'teacher assistant')).name).toBe('teacher assistant')
  store.transaction((db) => removeLabellingRun(db, run.id))
  expect(store.transaction((db) => removeModel(db, run.taId)).name).toBe('teacher assistant')
  expect(listModels(store.read).map(({ id }) => id)).toEqual([run.samId])
})

test('a run starts with a pending result for every panorama of its dataset', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run, dataset, panoramas } = store.transaction((db) => addTestRun(db, ['p10', 'p9']))
  expect(run).toMatchObject({
    name: 'a run', datasetId: dataset.id, datasetName: dataset.name, config: RECIPES.goodsam, samSettings: SAM_DEFAULTS, provider: 'auto',
    panoramas: 2, done: 0, failed: 0, accepted: 0, rejected: 0, meanConfidence: null, warnings: [],
  })
  expect(pendingPanoramas(store.read, run.id)).toEqual([
    { panoramaId: panoramas[1]!.id, name: 'p9' },
    { panoramaId: panoramas[0]!.id, name: 'p10' },
  ])
  expect(getResult(store.read, run.id, panoramas[0]!.id)).toEqual({
    runId: run.id, panoramaId: panoramas[0]!.id, name: 'p10', status: 'pending', error: null, artifacts: null, stats: null, doubt: null, review: null,
  })
  // imported later: not of this run, nor of a run that repeats it
  store.transaction((db) => addPanoramas(db, dataset.id, [aPanorama('later')]))
  const again = (panoramasOfRun?: string) => store.transaction((db) => {
    const job = addJob(db, { kind: 'label', title: 'again', subjectId: null, payload: null })
    return addLabellingRun(db, { ...run, id: undefined, name: `again ${panoramasOfRun}`, jobId: job.id, samId: null, samSettings: null, panoramasOfRun })
  })
  expect(again(run.id)).toMatchObject({ panoramas: 2, samId: null, samSettings: null })
  expect(again()).toMatchObject({ panoramas: 3 })
})

test('a run without panoramas, of a taken name or named "last" is refused', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  expect(() => store.transaction((db) => addTestRun(db, []))).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining('Import') }))
  expect(() => getLabellingRun(store.read, 'last')).toThrow(expect.objectContaining({ code: 'not-found' }))
  expect(() => store.transaction((db) => addTestRun(db, ['a'], 'last'))).toThrow(expect.objectContaining({ code: 'bad-input' }))
  const { run } = store.transaction((db) => addTestRun(db, ['a'], 'one'))
  const { run: newest } = store.transaction((db) => addTestRun(db, ['a'], 'two'))
  expect(() => store.transaction((db) => renameLabellingRun(db, 'two', 'one'))).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(() => store.transaction((db) => renameLabellingRun(db, 'two', 'last'))).toThrow(expect.objectContaining({ code: 'bad-input' }))
  expect(getLabellingRun(store.read, 'last')).toEqual(newest)
  expect(listLabellingRuns(store.read)).toEqual([newest, run])
})

test('counts and mean confidence follow the results', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run, panoramas } = store.transaction((db) => addTestRun(db, ['a', 'b', 'c', 'd']))
  const key = (index: number) => ({ runId: run.id, panoramaId: panoramas[index]!.id })
  store.transaction((db) => {
    finishResult(db, key(0), { artifacts: artifactsOf('a'), stats: stats(0.9), doubt: 0.1 })
    finishResult(db, key(1), { artifacts: { ...artifactsOf('b'), masks: null, boundary: null }, stats: stats(0.5), doubt: 0.6 })
    failResult(db, key(2), 'c.png: NaN')
  })
  const now = getLabellingRun(store.read, run.id)
  expect(now).toMatchObject({ panoramas: 4, done: 2, failed: 1 })
  expect(now.meanConfidence).toBeCloseTo(0.7, 12)
  expect(countResults(store.read, run.id)).toEqual({ total: 4, done: 2, failed: 1 })
  expect(getResult(store.read, run.id, panoramas[1]!.id)).toMatchObject({
    status: 'done', artifacts: { ...artifactsOf('b'), masks: null, boundary: null }, stats: stats(0.5), doubt: 0.6,
  })
  expect(getResult(store.read, run.id, panoramas[2]!.id)).toMatchObject({ status: 'failed', error: 'c.png: NaN', artifacts: null, stats: null })

  // a result that fails later loses what it had; a retry makes it pending
  store.transaction((db) => failResult(db, key(0), 'disk'))
  expect(getResult(store.read, run.id, panoramas[0]!.id)).toMatchObject({ status: 'failed', artifacts: null, stats: null, doubt: null })
  expect(store.transaction((db) => resetFailedResults(db, run.id))).toBe(2)
  expect(pendingPanoramas(store.read, run.id).map(({ name }) => name)).toEqual(['a', 'c', 'd'])
  expect(() => store.transaction((db) => failResult(db, { runId: run.id, panoramaId: 'pano_x' }, 'x'))).toThrow(expect.objectContaining({ code: 'not-found' }))
  expect(() => getResult(store.read, run.id, 'pano_x')).toThrow(expect.objectContaining({ code: 'not-found' }))
})

test('results come in pages by name or by doubt, unknown doubt last', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run, panoramas } = store.transaction((db) => addTestRun(db, ['p10', 'p9', 'p1', 'p2']))
  const doubts = [0.3, 0.8, 0.1]
  store.transaction((db) => doubts.forEach((doubt, index) =>
    finishResult(db, { runId: run.id, panoramaId: panoramas[index]!.id }, { artifacts: artifactsOf(`${index}`), stats: SOME_STATS, doubt })))
  const names = (sort: 'name' | 'doubt', offset = 0, limit = 10) => {
    const page = listResults(store.read, run.id, { sort, offset, limit })
    expect(page.total).toBe(4)
    return page.results.map(({ name }) => name)
  }
  expect(names('name')).toEqual(['p1', 'p2', 'p9', 'p10'])
  expect(names('name', 1, 2)).toEqual(['p2', 'p9'])
  expect(names('doubt')).toEqual(['p9', 'p10', 'p1', 'p2'])
  expect(names('doubt', 3, 2)).toEqual(['p2'])
})

test('pages of a large run are read along an index, without sorting', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const plan = (sql: string) => store.read.all(`EXPLAIN QUERY PLAN ${sql}`, { runId: 'run_x', limit: 1, offset: 0 }).map((row) => String(row.detail))
  let asked = ''
  const spy = { ...store.read, all: (sql: string) => { asked = sql; return [] } } as typeof store.read
  for (const sort of ['name', 'doubt'] as const) {
    listResults(spy, 'run_x', { sort, offset: 0, limit: 1 })
    expect(plan(asked).join('\n')).not.toMatch(/SCAN|TEMP B-TREE/)
  }
})

test('reviews are a journal: the last verdict counts, taking it back is history too', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run, panoramas } = store.transaction((db) => addTestRun(db, ['a', 'b', 'c']))
  const review = (index: number, verdict: 'accepted' | 'rejected' | null) =>
    store.transaction((db) => appendReview(db, { runId: run.id, panoramaId: panoramas[index]!.id }, verdict))
  review(0, 'accepted')
  review(1, 'rejected')
  review(0, 'rejected')
  expect(getLabellingRun(store.read, run.id)).toMatchObject({ accepted: 0, rejected: 2 })
  review(0, 'accepted')
  review(1, null)
  expect(getLabellingRun(store.read, run.id)).toMatchObject({ accepted: 1, rejected: 0 })
  expect(listResults(store.read, run.id, { sort: 'name', offset: 0, limit: 10 }).results.map((result) => result.review)).toEqual(['accepted', null, null])
  const history = listReviews(store.read, run.id, panoramas[0]!.id)
  expect(history.map(({ verdict }) => verdict)).toEqual(['accepted', 'rejected', 'accepted'])
  expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).toSorted())
  expect(() => store.transaction((db) => appendReview(db, { runId: run.id, panoramaId: 'pano_x' }, 'accepted'))).toThrow(expect.objectContaining({ code: 'not-found' }))
})

test('warnings of a run are kept once, those of panoramas are counted', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run } = store.transaction((db) => addTestRun(db, ['a']))
  const shared = { did: 'kept almost no masks', remedy: 'Lower the filters.' }
  const add = (message: string, common: typeof shared | null, panorama: string): void =>
    store.transaction((db) => addRunWarning(db, run.id, { message, shared: common, panorama }))
  add('of 7 masks 0 passed.', shared, 'a')
  expect(getLabellingRun(store.read, run.id).warnings).toEqual(['a kept almost no masks. Lower the filters.'])
  add('The CPU is used.', null, 'a')
  add('of 9 masks 1 passed.', shared, 'b')
  add('The CPU is used.', null, 'b')
  add('of 5 masks 1 passed.', shared, 'c')
  const warnings = ['3 panoramas kept almost no masks (first: a). Lower the filters.', 'The CPU is used.']
  expect(getLabellingRun(store.read, run.id).warnings).toEqual(warnings)
})

test('what a run keeps of its warnings is bounded', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run } = store.transaction((db) => addTestRun(db, ['a']))
  const shared = { did: 'kept almost no masks', remedy: 'Lower the filters.' }
  store.transaction((db) => {
    addRunWarning(db, run.id, { message: '', shared, panorama: 'p0' })
    for (let n = 1; n < 1000; n++) addRunWarning(db, run.id, { message: `device lost at ${n}`, shared: n % 2 ? shared : null, panorama: `p${n}` })
  })
  const { warnings } = getLabellingRun(store.read, run.id)
  expect(warnings).toHaveLength(20)
  expect(warnings[0]).toBe('501 panoramas kept almost no masks (first: p0). Lower the filters.')
})

test('warnings that an earlier version kept as texts stay readable', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run } = store.transaction((db) => addTestRun(db, ['a']))
  store.transaction((db) => db.run("UPDATE labelling_runs SET warnings = '[\"a: few masks\"]' WHERE id = @id", { id: run.id }))
  expect(getLabellingRun(store.read, run.id).warnings).toEqual(['a: few masks'])
})

test('a run is removed with its results and reviews, not while its job works', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { run, panoramas } = store.transaction((db) => addTestRun(db, ['a']))
  store.transaction((db) => appendReview(db, { runId: run.id, panoramaId: panoramas[0]!.id }, 'accepted'))
  const job = store.transaction((db) => addJob(db, { kind: 'label', title: 'x', subjectId: run.id, payload: null }))
  for (const state of ['queued', 'running', 'paused'] as const) {
    store.transaction((db) => updateJob(db, job.id, { state }))
    expect(() => store.transaction((db) => removeLabellingRun(db, run.id))).toThrow(expect.objectContaining({ code: 'conflict' }))
  }
  store.transaction((db) => updateJob(db, job.id, { state: 'cancelled' }))
  store.transaction((db) => removeLabellingRun(db, 'last'))
  for (const table of ['labelling_runs', 'panorama_results', 'reviews']) {
    expect(store.read.get(`SELECT count(*) AS n FROM ${table}`)).toEqual({ n: 0 })
  }
  expect(store.read.get('SELECT count(*) AS n FROM panoramas')).toEqual({ n: 1 })
})
