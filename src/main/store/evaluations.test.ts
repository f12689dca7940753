import { expect, test } from 'vitest'
import { emptyBoundaryCounts } from '../../core/metrics/boundary-f.ts'
import { emptyConfusion } from '../../core/metrics/confusion.ts'
import type { PanoramaScores } from '../../core/metrics/panorama-scores.ts'
import { addDataset } from './datasets.ts'
import { getScores, measuredMilliseconds, recordScores, scoredPanoramas, unscoredPanoramas } from './evaluation-panoramas.ts'
import {
  addEvaluation, failEvaluation, finishEvaluation, getEvaluation, listEvaluations, removeEvaluation, reopenEvaluation, type EvaluationSummary, type NewEvaluation,
} from './evaluations.ts'
import { addJob, updateJob } from './jobs.ts'
import { addPanoramas } from './panoramas.ts'
import { referencedArtifacts } from './referenced-artifacts.ts'
import { addStudent, getStudent, removeStudent, renameStudent } from './students.ts'
import { aPanorama, hashOf, makeWorkspace, type TestWorkspace } from './workspace.fixture.ts'

interface Scene {
  readonly datasetId: string
  readonly panoramas: readonly string[]
  readonly studentId: string
}

function makeScene({ store }: TestWorkspace, names = ['p10', 'p2']): Scene {
  return store.transaction((db) => {
    const { id: datasetId } = addDataset(db, { name: 'streets', folder: '/streets', labelSetId: 'cityscapes' })
    const panoramas = addPanoramas(db, datasetId, names.map((name) => aPanorama(name))).map(({ id }) => id)
    const student = addStudent(db, {
      name: 'mini', architecture: { kind: 'segformer', size: 'mini' }, labelSetId: 'cityscapes', classes: 19, parameters: 1, distillationId: 'distil_1',
      labellingRunId: null, labellingRunName: null, datasetId, init: { kind: 'random' }, weights: hashOf('weights'), network: hashOf('network'),
      step: 1, height: 256, width: 512, score: null, scoreKind: null, provenance: {},
    })
    return { datasetId, panoramas, studentId: student.id }
  })
}

function add({ store }: TestWorkspace, { datasetId, studentId }: Scene, changes: Partial<NewEvaluation> = {}): EvaluationSummary {
  return store.transaction((db) => {
    const job = addJob(db, { kind: 'evaluate', title: 'Evaluate', subjectId: changes.id ?? null, payload: null })
    return addEvaluation(db, {
      subject: { kind: 'student', id: studentId, name: 'mini' }, datasetId, truth: null, mode: 'whole', provider: 'cpu', jobId: job.id,
      hashes: { network: hashOf('network') }, ...changes,
    })
  })
}

function scoresOf(seed: number): PanoramaScores {
  const matrix = () => {
    const confusion = emptyConfusion(3)
    confusion.counts.forEach((_, i) => (confusion.counts[i] = Math.sin(seed + i) ** 2 / 3))
    return confusion
  }
  const boundary = emptyBoundaryCounts(3)
  boundary.truth.set([1, 2, 3])
  return { confusion: matrix(), solidAngle: matrix(), bands: [{ fromDeg: -30, toDeg: 0, confusion: matrix() }], boundary, seam: 1 / 3 }
}

const result = (miou: number) => ({
  panoramas: 1, skipped: [], miou, pixelAccuracy: 1, solidAngleMiou: 1, perClass: [], latitudeBands: [], boundaryF: null, seamConsistency: null,
})

function finish({ store }: TestWorkspace, { id, hashes }: EvaluationSummary, miou: number): void {
  store.transaction((db) => finishEvaluation(db, id, { result: result(miou), confusion: [[1]], hashes, millisecondsPerPanorama: 12.5 }))
}

test('scores come back to the last bit, in natural order of the names', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const scene = makeScene(workspace)
  const { id } = add(workspace, scene)
  const [ten, two] = scene.panoramas
  expect(unscoredPanoramas(store.read, id).map(({ name }) => name)).toEqual(['p2', 'p10'])
  const record = (panoramaId: string, seed: number) => store.transaction((db) =>
    recordScores(db, id, { panoramaId, prediction: hashOf(`prediction ${seed}`), truth: hashOf('truth'), scores: scoresOf(seed), milliseconds: seed }))
  record(ten, 7)
  expect(unscoredPanoramas(store.read, id).map(({ name }) => name)).toEqual(['p2'])
  record(two, 8)
  expect(scoredPanoramas(store.read, id)).toEqual([two, ten])
  expect(getScores(store.read, id, ten)).toEqual({ panoramaId: ten, prediction: hashOf('prediction 7'), truth: hashOf('truth'), scores: scoresOf(7), milliseconds: 7 })
  expect(getEvaluation(store.read, id).perPanorama.map(({ name, prediction }) => [name, prediction])).toEqual([['p2', hashOf('prediction 8')], ['p10', hashOf('prediction 7')]])
  expect(measuredMilliseconds(store.read, hashOf('prediction 8'), hashOf('network'))).toBe(8)
  expect(measuredMilliseconds(store.read, hashOf('prediction 8'), hashOf('another network'))).toBeNull()
})

test('pending, failed, pending again, done', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const evaluation = add(workspace, makeScene(workspace))
  expect(evaluation).toMatchObject({ status: 'pending', result: null, datasetName: 'streets', mode: 'whole' })
  store.transaction((db) => failEvaluation(db, evaluation.id, 'The truth is missing.'))
  expect(getEvaluation(store.read, evaluation.id)).toMatchObject({ status: 'failed', error: 'The truth is missing.' })
  store.transaction((db) => reopenEvaluation(db, evaluation.id))
  expect(getEvaluation(store.read, evaluation.id)).toMatchObject({ status: 'pending', error: null })
  finish(workspace, evaluation, 0.5)
  expect(getEvaluation(store.read, evaluation.id)).toMatchObject({ status: 'done', result: { miou: 0.5 }, confusion: [[1]], millisecondsPerPanorama: 12.5 })
})

test('the subject has its present name, or its last one when it is gone; the newest evaluation comes first', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const scene = makeScene(workspace)
  const [older, newer] = [add(workspace, scene), add(workspace, scene)]
  for (const { jobId } of [older, newer]) store.transaction((db) => updateJob(db, jobId, { state: 'done' }))
  store.transaction((db) => renameStudent(db, scene.studentId, 'small'))
  expect(listEvaluations(store.read).map(({ id, subject }) => [id, subject.name])).toEqual([[newer.id, 'small'], [older.id, 'small']])
  store.transaction((db) => removeStudent(db, scene.studentId))
  expect(listEvaluations(store.read).map(({ subject }) => subject.name)).toEqual(['mini', 'mini'])
})

test("a student's mIoU: of its present weights, on its own dataset first, the newest", () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const scene = makeScene(workspace)
  const elsewhere = store.transaction((db) => addDataset(db, { name: 'other', folder: '/other', labelSetId: 'cityscapes' })).id
  const miou = () => getStudent(store.read, scene.studentId).miou
  const evaluated = (score: number, changes: Partial<NewEvaluation> = {}) => finish(workspace, add(workspace, scene, changes), score)
  add(workspace, scene)
  expect(miou()).toBeNull()
  evaluated(0.1, { hashes: { network: hashOf('earlier weights') } })
  expect(miou()).toBeNull()
  evaluated(0.2, { datasetId: elsewhere })
  expect(miou()).toBe(0.2)
  evaluated(0.3)
  evaluated(0.4)
  evaluated(0.5, { datasetId: elsewhere })
  evaluated(0.6, { subject: { kind: 'ta', id: scene.studentId, name: 'mini' } })
  expect(miou()).toBe(0.4)
})

test('it is removed with its job, but not while that works; its predictions are no orphans before', async () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const scene = makeScene(workspace)
  const { id, jobId } = add(workspace, scene, { id: 'eval_1' })
  store.transaction((db) =>
    recordScores(db, id, { panoramaId: scene.panoramas[0], prediction: hashOf('map'), truth: hashOf('truth'), scores: scoresOf(1), milliseconds: null }))
  expect(await referencedArtifacts(store.read)).toContain(hashOf('map'))
  const remove = () => store.transaction((db) => removeEvaluation(db, id))
  expect(remove).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringMatching(/"Evaluate" works on the evaluation of "mini"/) }))
  store.transaction((db) => updateJob(db, jobId, { state: 'done' }))
  remove()
  expect(await referencedArtifacts(store.read)).not.toContain(hashOf('map'))
  expect(store.read.all('SELECT id FROM jobs')).toEqual([])
  expect(remove).toThrow(expect.objectContaining({ code: 'not-found' }))
})
