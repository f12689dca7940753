import { expect, test } from 'vitest'
import { addDataset, findDatasetByName, getDataset, listDatasets, removeDataset, renameDataset } from './datasets.ts'
import { countImportedFiles, forgetRefusedFiles, listRefusedFiles, panoramasByFile, recordImportedFile, settledFiles } from './import-files.ts'
import { getLabelSet } from './label-sets.ts'
import { addJob, getJob, listJobs, updateJob } from './jobs.ts'
import { listLabellingRuns } from './labelling-runs.ts'
import { listModels } from './models.ts'
import {
  addPanoramas, findPanoramaByFile, findPanoramaByName, freePanoramaName, getPanorama, listPanoramas, setProjection, setTruth,
} from './panoramas.ts'
import type { TestWorkspace } from './workspace.fixture.ts'
import { addTestRun, aPanorama, hashOf, makeWorkspace } from './workspace.fixture.ts'

const add = ({ store }: TestWorkspace, name = 'city') =>
  store.transaction((db) => addDataset(db, { name, folder: '/photos', labelSetId: 'cityscapes' }))

test('a dataset counts its panoramas, its truth and its refused files', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id, createdAt } = add(workspace)
  expect(createdAt).toMatch(/^2026-01-01T00:00:\d\d\.000Z$/)
  store.transaction((db) => {
    const [a] = addPanoramas(db, id, [aPanorama('a'), aPanorama('b'), aPanorama('c', { truth: hashOf('t') })])
    setTruth(db, a!.id, hashOf('truth of a'))
    recordImportedFile(db, id, { file: 'a.png', outcome: 'imported', panoramaId: a!.id })
    recordImportedFile(db, id, { file: 'copy of a.png', outcome: 'duplicate', panoramaId: a!.id })
    recordImportedFile(db, id, { file: 'x.png', outcome: 'refused', code: 'bad-file', message: 'x.png is empty.' })
  })
  add(workspace, 'empty')
  expect(listDatasets(store.read)).toEqual([
    { id, name: 'city', folder: '/photos', labelSetId: 'cityscapes', generated: null, panoramas: 3, withTruth: 2, refused: 1, createdAt },
    expect.objectContaining({ name: 'empty', panoramas: 0, withTruth: 0, refused: 0 }),
  ])
  expect(findDatasetByName(store.read, 'city')).toEqual(getDataset(store.read, id))
  expect(findDatasetByName(store.read, 'CITY')).toBeNull()
})

test('the import journal says what is settled, and forgets refusals for a retry', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace)
  const [panorama, withTruth] = store.transaction((db) => addPanoramas(db, id, [aPanorama('a'), aPanorama('e', { truth: hashOf('truth') })]))
  store.transaction((db) => {
    recordImportedFile(db, id, { file: 'a.png', outcome: 'imported', panoramaId: panorama!.id })
    recordImportedFile(db, id, { file: 'e.png', outcome: 'imported', panoramaId: withTruth!.id })
    recordImportedFile(db, id, { file: 'b.png', outcome: 'duplicate', panoramaId: panorama!.id })
    for (const file of ['d.png', 'c.png']) recordImportedFile(db, id, { file, outcome: 'refused', code: 'bad-file', message: `${file} is empty.` })
  })
  expect(settledFiles(store.read, id)).toEqual(new Set(['a.png', 'b.png', 'c.png', 'd.png', 'e.png']))
  expect(countImportedFiles(store.read, id)).toEqual({ imported: 2, duplicates: 1, refused: 2 })
  expect(panoramasByFile(store.read, id)).toEqual(new Map([
    ['a.png', { id: panorama!.id, hasTruth: false }], ['e.png', { id: withTruth!.id, hasTruth: true }],
  ]))
  expect(listRefusedFiles(store.read, id)).toEqual([
    { file: 'c.png', code: 'bad-file', message: 'c.png is empty.' },
    { file: 'd.png', code: 'bad-file', message: 'd.png is empty.' },
  ])
  expect(store.transaction((db) => forgetRefusedFiles(db, id))).toBe(2)
  expect(settledFiles(store.read, id)).toEqual(new Set(['a.png', 'b.png', 'e.png']))
  expect(countImportedFiles(store.read, add(workspace, 'empty').id)).toEqual({ imported: 0, duplicates: 0, refused: 0 })
})

test('panoramas come in pages in natural order', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace)
  const other = add(workspace, 'other')
  store.transaction((db) => {
    addPanoramas(db, id, ['10', '9', 'b 2', 'B 11', '100'].map((name) => aPanorama(name)))
    addPanoramas(db, other.id, [aPanorama('9')])
  })
  const names = (offset: number, limit: number) => {
    const page = listPanoramas(store.read, id, { offset, limit })
    expect(page.total).toBe(5)
    return page.panoramas.map((panorama) => panorama.name)
  }
  expect(names(0, 3)).toEqual(['9', '10', '100'])
  expect(names(3, 3)).toEqual(['b 2', 'B 11'])
  expect(names(5, 3)).toEqual([])
})

test('a panorama comes back as it went in', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace)
  const wanted = aPanorama('straße 1', { split: 'val', truth: hashOf('t'), warnings: ['16 bit were reduced to 8.'] })
  const [added] = store.transaction((db) => addPanoramas(db, id, [wanted]))
  expect(getPanorama(store.read, added!.id)).toEqual({ ...wanted, id: added!.id, datasetId: id })
  expect(findPanoramaByFile(store.read, id, wanted.fileSha256)).toEqual(added)
  expect(findPanoramaByName(store.read, id, 'straße 1')).toEqual(added)
  expect(findPanoramaByFile(store.read, add(workspace, 'other').id, wanted.fileSha256)).toBeNull()
  expect(() => getPanorama(store.read, 'pano_x')).toThrow(expect.objectContaining({ code: 'not-found' }))
})

test('names are unique in a dataset: many are added together or not at all', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace)
  expect(() => store.transaction((db) => addPanoramas(db, id, [aPanorama('a'), aPanorama('b'), aPanorama('a')])))
    .toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining('"a"') }))
  expect(listPanoramas(store.read, id, { offset: 0, limit: 10 }).total).toBe(0)
  expect(freePanoramaName(store.read, id, 'a')).toBe('a')
  store.transaction((db) => addPanoramas(db, id, [aPanorama('a'), aPanorama('a-2')]))
  expect(freePanoramaName(store.read, id, 'a')).toBe('a-3')
})

test('a thousand panoramas are one transaction of a few seconds at most', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace)
  const started = performance.now()
  store.transaction((db) => addPanoramas(db, id, Array.from({ length: 1000 }, (_, index) => aPanorama(`p${index}`))))
  expect(performance.now() - started).toBeLessThan(3000)
  expect(listPanoramas(store.read, id, { offset: 999, limit: 10 }).panoramas).toMatchObject([{ name: 'p999' }])
})

test('a projection that a person gave is kept as theirs, for all or for none', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace)
  const [a, b] = store.transaction((db) => addPanoramas(db, id, [aPanorama('a'), aPanorama('b')]))
  const partial = { kind: 'equirectangular', hfovDeg: 360, vfovDeg: 70, horizonOffsetPx: -12, cyclic: true } as const
  expect(() => store.transaction((db) => setProjection(db, [a!.id, 'pano_x'], partial))).toThrow(expect.objectContaining({ code: 'not-found' }))
  expect(getPanorama(store.read, a!.id).projection).toEqual(a!.projection)
  store.transaction((db) => setProjection(db, [a!.id], partial))
  expect(getPanorama(store.read, a!.id).projection).toEqual({ ...partial, source: 'user' })
  expect(getPanorama(store.read, b!.id).projection).toEqual(b!.projection)
})

test('renaming keeps names unique', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  add(workspace, 'a')
  add(workspace, 'b')
  expect(store.transaction((db) => renameDataset(db, 'a', 'c')).name).toBe('c')
  expect(store.transaction((db) => renameDataset(db, 'c', 'c')).name).toBe('c')
  expect(() => store.transaction((db) => renameDataset(db, 'c', 'b'))).toThrow(expect.objectContaining({ code: 'conflict' }))
})

test('removing a dataset takes its runs, results and jobs along, not its models, and waits for jobs', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const kept = store.transaction((db) => addTestRun(db, ['a'], 'kept'))
  const { dataset, run } = store.transaction((db) => addTestRun(db, ['a', 'b'], 'removed'))
  const job = store.transaction((db) => addJob(db, { kind: 'label', title: 'Label it', subjectId: run.id, payload: null }))
  expect(() => store.transaction((db) => removeDataset(db, dataset.id)))
    .toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining('"Label it"') }))
  store.transaction((db) => updateJob(db, job.id, { state: 'done' }))
  store.transaction((db) => removeDataset(db, dataset.name))
  expect(listDatasets(store.read).map(({ id }) => id)).toEqual([kept.dataset.id])
  expect(listLabellingRuns(store.read).map(({ id }) => id)).toEqual([kept.run.id])
  expect(listModels(store.read)).toHaveLength(4)
  expect(() => getJob(store.read, job.id)).toThrow(expect.objectContaining({ code: 'not-found' }))
  expect(listJobs(store.read).map(({ id }) => id)).toContain(kept.run.jobId)
  expect(store.read.get('SELECT count(*) AS n FROM panorama_results')).toEqual({ n: 1 })
})

test('a record that the program did not write so is damage, not a wrong answer', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { id } = add(workspace)
  const [a] = store.transaction((db) => addPanoramas(db, id, [aPanorama('a')]))
  store.transaction((db) => db.run(`UPDATE panoramas SET projection = '{"kind":"cube"}'`))
  expect(() => getPanorama(store.read, a!.id)).toThrow(expect.objectContaining({ code: 'workspace-damaged', message: expect.stringContaining('projection') }))
  store.transaction((db) => db.run(`UPDATE panoramas SET projection = 'not json'`))
  expect(() => getPanorama(store.read, a!.id)).toThrow(expect.objectContaining({ code: 'workspace-damaged' }))
})

test('a label set that is not there is not found', () => {
  using workspace = makeWorkspace()
  expect(getLabelSet(workspace.store.read, 'cityscapes').classes).toHaveLength(19)
  expect(() => getLabelSet(workspace.store.read, 'x')).toThrow(expect.objectContaining({ code: 'not-found' }))
})

test('a dataset that is drawn says how', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const generated = { seed: 7, style: 'target', width: 1024, height: 512, vfovDeg: 180 } as const
  const { id } = store.transaction((db) => addDataset(db, { name: 'drawn', folder: 'generated', labelSetId: 'cityscapes', generated }))
  expect(getDataset(store.read, id).generated).toEqual(generated)
})
