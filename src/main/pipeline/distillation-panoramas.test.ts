import { expect, test } from 'vitest'
import { addPanoramas } from '../store/panoramas.ts'
import { addDataset } from '../store/datasets.ts'
import { addJob } from '../store/jobs.ts'
import { addLabellingRun } from '../store/labelling-runs.ts'
import { failResult, finishResult } from '../store/panorama-results.ts'
import { appendReview } from '../store/reviews.ts'
import { addTestModel, aPanorama, artifactsOf, hashOf, makeWorkspace, SOME_STATS } from '../store/workspace.fixture.ts'
import { RECIPES, SAM_DEFAULTS } from '../../core/goodsam/config.ts'
import type { Store } from '../store/open-store.ts'
import type { LabellingRun } from '../../contract/schemas.ts'
import { choosePanoramas } from './distillation-panoramas.ts'

/** A labelling run of ten panoramas p0..p9, all labelled; those named have truth. */
function labelled(store: Store, withTruth: readonly string[] = []): LabellingRun & { readonly idOf: (name: string) => string } {
  return store.transaction((db) => {
    const dataset = addDataset(db, { name: 'streets', folder: '/photos', labelSetId: 'cityscapes' })
    const names = Array.from({ length: 10 }, (_, n) => `p${n}`)
    const panoramas = addPanoramas(db, dataset.id, names.map((name) => aPanorama(name, withTruth.includes(name) ? { truth: hashOf(name) } : {})))
    const [sam, ta] = [addTestModel(db, 'sam'), addTestModel(db, 'ta')]
    const job = addJob(db, { kind: 'label', title: 'Label', subjectId: null, payload: null })
    const run = addLabellingRun(db, { name: 'labels', datasetId: dataset.id, samId: sam.id, taId: ta.id, config: RECIPES.goodsam, samSettings: SAM_DEFAULTS, provider: 'auto', jobId: job.id })
    for (const { id } of panoramas) finishResult(db, { runId: run.id, panoramaId: id }, { artifacts: artifactsOf(id), stats: SOME_STATS, doubt: 0.1 })
    return { ...run, idOf: (name: string) => panoramas.find((panorama) => panorama.name === name)!.id }
  })
}

const CONFIG = { heldOut: 0.2, seed: 1, acceptedWeight: 2 }

test('rejected, failed and pending panoramas teach nothing; accepted ones weigh more', async () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const run = labelled(store)
  const at = (name: string) => ({ runId: run.id, panoramaId: run.idOf(name) })
  store.transaction((db) => {
    appendReview(db, at('p0'), 'rejected')
    appendReview(db, at('p1'), 'accepted')
    failResult(db, at('p2'), 'damaged')
    db.run(`UPDATE panorama_results SET status = 'pending' WHERE panorama_id = @id`, { id: run.idOf('p3') })
  })
  const set = await choosePanoramas(store, run, { ...CONFIG, heldOut: 0 })
  expect(set.panoramas).toEqual(['p1', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9'].map((name) => ({ panoramaId: run.idOf(name), heldOut: false, weight: name === 'p1' ? 2 : 1 })))
  expect(set).toMatchObject({ heldOut: 0, scoreKind: null })
  expect(set.leftOut).toEqual([
    { reason: 'rejected in the review', count: 1 }, { reason: 'could not be labelled', count: 1 }, { reason: 'not labelled yet', count: 1 },
  ])
})

test('held out is drawn by the seed, from those with truth where they are enough', async () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const run = labelled(store, ['p4', 'p7', 'p8'])
  const held = async (config: Partial<typeof CONFIG>) => {
    const set = await choosePanoramas(store, run, { ...CONFIG, ...config })
    return { ids: set.panoramas.filter(({ heldOut }) => heldOut).map(({ panoramaId }) => panoramaId).toSorted(), scoreKind: set.scoreKind, all: set.panoramas.length }
  }
  const first = await held({})
  expect(first).toMatchObject({ scoreKind: 'miou', all: 10 })
  expect(first.ids).toHaveLength(2)
  for (const id of first.ids) expect(['p4', 'p7', 'p8'].map(run.idOf)).toContain(id)
  expect(await held({})).toEqual(first)
  const draws = await Promise.all(Array.from({ length: 8 }, (_, seed) => held({ seed })))
  expect(new Set(draws.map(({ ids }) => ids.join())).size).toBe(3)
  expect(await held({ heldOut: 0.4 })).toMatchObject({ scoreKind: 'agreement', all: 10 })
})

test('a share that leaves none to train on is refused', async () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const run = labelled(store)
  store.transaction((db) => {
    for (let n = 1; n < 10; n++) appendReview(db, { runId: run.id, panoramaId: run.idOf(`p${n}`) }, 'rejected')
  })
  await expect(choosePanoramas(store, run, { ...CONFIG, heldOut: 0.5 })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/1 usable panorama; holding out 50 %.*smaller share/) })
  store.transaction((db) => appendReview(db, { runId: run.id, panoramaId: run.idOf('p0') }, 'rejected'))
  await expect(choosePanoramas(store, run, CONFIG)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('10 rejected in the review') })
})
