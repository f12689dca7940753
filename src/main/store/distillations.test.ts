import { expect, test } from 'vitest'
import type { DistillationRun, LossPoint } from '../../contract/training-schemas.ts'
import { DISTILLATION_DEFAULTS } from '../../core/goodsam/distillation-config.ts'
import { addCheckpoint, getCheckpoint, lastCheckpoint, listCheckpoints, pruneCheckpoints, removeCheckpointsOf } from './checkpoints.ts'
import type { WriteDb } from './database.ts'
import { removeDataset } from './datasets.ts'
import { listDistillationPanoramas, releaseTrainingData, setTrainingData } from './distillation-panoramas.ts'
import {
  addDistillation, addDistillationWarning, askedLabellingRun, findRefinement, getDistillation, listDistillations, measuredSecondsPerImage, removeDistillation,
  renameDistillation, updateDistillation,
} from './distillations.ts'
import { addJob, updateJob } from './jobs.ts'
import { addLabellingRun, getLabellingRun, removeLabellingRun } from './labelling-runs.ts'
import { addLossPoints, dropLossPointsAfter, lossCurve } from './loss-points.ts'
import type { Store } from './open-store.ts'
import { referencedArtifacts } from './referenced-artifacts.ts'
import { addScorePoint, dropScorePointsAfter, listScorePoints } from './score-points.ts'
import { addStudent, findStudentOf, getStudent, listStudents, removeStudent, renameStudent, setStudentWeights, studentProvenance } from './students.ts'
import { addTrainingSample, dropTrainingSamplesAfter, listTrainingSamples } from './training-samples.ts'
import { addTestRun, hashOf, makeWorkspace, type TestRun } from './workspace.fixture.ts'

const MINI = { kind: 'segformer', size: 'mini' } as const

function addTestDistillation(db: WriteDb, { run, panoramas }: TestRun, name = 'a distillation'): DistillationRun {
  const job = addJob(db, { kind: 'distil', title: `Distil ${name}`, subjectId: null, payload: {}, total: 10_000 })
  const added = addDistillation(db, {
    name, labellingRunId: run.id, labellingRunName: run.name, datasetId: run.datasetId, architecture: MINI, classes: 19, parameters: 3_700_000,
    init: { kind: 'file', weights: hashOf('begin'), name: 'mit-b0.safetensors' }, config: DISTILLATION_DEFAULTS, provider: 'auto',
    jobId: job.id, scoreKind: 'agreement', estimatedPeakBytes: 1e9, warnings: ['Take care.'],
    panoramas: panoramas.map(({ id }, index) => ({ panoramaId: id, heldOut: index === 0, weight: index + 1 })),
  })
  db.run('UPDATE jobs SET subject_id = @subject WHERE id = @id', { id: job.id, subject: added.id })
  return added
}

function withDistillation(store: Store): TestRun & { readonly distillation: DistillationRun } {
  return store.transaction((db) => {
    const made = addTestRun(db, ['p10', 'p9', 'p8'])
    return { ...made, distillation: addTestDistillation(db, made) }
  })
}

const point = (step: number, changes: Partial<LossPoint> = {}): LossPoint => ({
  step, loss: step, terms: { image: 2 * step, window: 0.5 }, learningRate: 1e-4, gradientNorm: 0.25, imagesPerSecond: 4, ...changes,
})

const saved = (distillationId: string, step: number, best = false) => ({
  distillationId, step, best, weights: hashOf(`weights ${step}`), state: hashOf(`state ${step}`), network: hashOf(`network ${step}`),
  bytes: 100, loss: 1 / step, score: best ? 0.5 : null,
})

const student = (distillation: DistillationRun, name: string) => ({
  name, architecture: MINI, labelSetId: 'cityscapes', classes: 19, parameters: 3_700_000, distillationId: distillation.id,
  labellingRunId: distillation.labellingRunId, labellingRunName: distillation.labellingRunName, datasetId: distillation.datasetId,
  init: distillation.init, weights: hashOf('w'), network: hashOf('n'), step: 500, height: 512, width: 1024, score: 0.75,
  scoreKind: 'agreement' as const, provenance: { program: '1.0.0' },
})

test('a distillation comes back as it went in, by id, name or as the last', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { distillation, run } = withDistillation(store)
  expect(distillation).toMatchObject({
    name: 'a distillation', labellingRunId: run.id, architecture: MINI, config: DISTILLATION_DEFAULTS, batch: 2, accumulate: 1,
    provider: 'auto', actualProvider: null, studentId: null, step: 0, panoramas: 2, heldOut: 1, loss: null, bestScore: null,
    scoreKind: 'agreement', learningRateFactor: 1, warnings: ['Take care.'],
  })
  const later = store.transaction((db) => addTestDistillation(db, { run, panoramas: [], dataset: {} as never }, 'later'))
  expect(listDistillations(store.read).map(({ name }) => name)).toEqual(['later', 'a distillation'])
  expect(getDistillation(store.read, 'last')).toEqual(later)
  expect(getDistillation(store.read, 'A Distillation')).toEqual(distillation)
  expect(() => store.transaction((db) => renameDistillation(db, 'later', 'a distillation'))).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(() => store.transaction((db) => renameDistillation(db, 'later', 'last'))).toThrow(expect.objectContaining({ code: 'bad-input' }))
  expect(() => getDistillation(store.read, 'a distilation')).toThrow(expect.objectContaining({ code: 'not-found', message: expect.stringContaining('"a distillation"') }))
})

test('what a run does is kept: batch, speed, warnings, learning-rate factor', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { distillation: { id } } = withDistillation(store)
  store.transaction((db) => {
    updateDistillation(db, id, { step: 12, batch: 1, accumulate: 2, actualProvider: 'cpu', machine: 'here', learningRateFactor: 0.5, imagesPerSecond: 4, waitShare: 0.01 })
    for (const message of ['one', 'one', ...Array.from({ length: 30 }, (_, n) => `more ${n}`)]) addDistillationWarning(db, id, message)
  })
  const now = getDistillation(store.read, id)
  expect(now).toMatchObject({ step: 12, batch: 1, accumulate: 2, actualProvider: 'cpu', learningRateFactor: 0.5, imagesPerSecond: 4, waitShare: 0.01 })
  expect(now.warnings).toHaveLength(20)
  expect(now.warnings.slice(0, 3)).toEqual(['Take care.', 'one', 'more 0'])
  const like = { machine: 'here', architecture: MINI, height: 512, width: 1024, provider: 'cpu' } as const
  expect(measuredSecondsPerImage(store.read, like)).toBe(0.25)
  for (const other of [{ machine: 'there' }, { width: 768 }, { provider: 'webgpu' }, { architecture: { kind: 'segformer', size: 'tiny' } }] as const) {
    expect(measuredSecondsPerImage(store.read, { ...like, ...other })).toBeNull()
  }
  expect(() => store.transaction((db) => updateDistillation(db, 'gone', { step: 1 }))).toThrow(expect.objectContaining({ code: 'not-found' }))
})

test('its panoramas keep their order, and their data while it needs them', async () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { distillation: { id }, panoramas } = withDistillation(store)
  store.transaction((db) => setTrainingData(db, { distillationId: id, panoramaId: panoramas[1]!.id }, hashOf('data')))
  expect(listDistillationPanoramas(store.read, id)).toEqual([
    { panoramaId: panoramas[0]!.id, name: 'p10', cyclic: true, heldOut: true, weight: 1, data: null },
    { panoramaId: panoramas[1]!.id, name: 'p9', cyclic: true, heldOut: false, weight: 2, data: hashOf('data') },
    { panoramaId: panoramas[2]!.id, name: 'p8', cyclic: true, heldOut: false, weight: 3, data: null },
  ])
  expect(await referencedArtifacts(store.read)).toContain(hashOf('data'))
  store.transaction((db) => releaseTrainingData(db, id))
  expect(await referencedArtifacts(store.read)).not.toContain(hashOf('data'))
})

test('a curve is appended, gone back on and thinned by the mean of neighbours', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { distillation: { id } } = withDistillation(store)
  store.transaction((db) => addLossPoints(db, id, Array.from({ length: 10 }, (_, n) => point(n + 1))))
  expect(lossCurve(store.read, id, { afterStep: 0, most: 10 })[9]).toEqual(point(10))
  // steps 3..10 in four points of two neighbours each
  const thinned = lossCurve(store.read, id, { afterStep: 2, most: 4 })
  expect(thinned.map(({ step, loss, terms }) => [step, loss, terms])).toEqual([4, 6, 8, 10].map((step) => [step, step - 0.5, { image: 2 * step - 1, window: 0.5 }]))
  // seven points of at most three neighbours
  expect(lossCurve(store.read, id, { afterStep: 3, most: 3 }).map(({ step, loss }) => [step, loss])).toEqual([[6, 5], [9, 8], [10, 10]])
  store.transaction((db) => dropLossPointsAfter(db, id, 8))
  expect(getDistillation(store.read, id).loss).toBe(8)
  store.transaction((db) => addLossPoints(db, id, [point(8, { loss: 80, terms: { image: 1 } }), point(9)]))
  expect(lossCurve(store.read, id, { afterStep: 7, most: 100 }).map(({ loss, terms }) => [loss, terms])).toEqual([[80, { image: 1 }], [9, { image: 18, window: 0.5 }]])
})

test('a curve of 100,000 points is thinned in less than 100 ms', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { distillation: { id } } = withDistillation(store)
  store.transaction((db) => addLossPoints(db, id, Array.from({ length: 100_000 }, (_, n) => point(n + 1))))
  // of the processor: what else the machine does meanwhile is no part of it
  const milliseconds = Array.from({ length: 5 }, () => {
    const begin = process.cpuUsage()
    expect(lossCurve(store.read, id, { afterStep: 0, most: 1000 })).toHaveLength(1000)
    const { user, system } = process.cpuUsage(begin)
    return (user + system) / 1000
  })
  expect(Math.min(...milliseconds)).toBeLessThan(100)
})

test('scores and pictures are kept by step, and dropped behind a checkpoint', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { distillation: { id }, panoramas } = withDistillation(store)
  const picture = (step: number, panorama: number) => ({
    step, panoramaId: panoramas[panorama]!.id, image: hashOf('i'), pseudoLabel: hashOf('p'), student: hashOf(`s ${step}`), difference: hashOf('d'), agreement: 0.5,
  })
  store.transaction((db) => {
    for (const step of [10, 20, 30]) addScorePoint(db, id, { step, score: step / 40 })
    addScorePoint(db, id, { step: 20, score: 0.9 })
    for (const step of [10, 20]) for (const panorama of [0, 1]) addTrainingSample(db, id, picture(step, panorama))
  })
  expect(getDistillation(store.read, id).bestScore).toBe(0.9)
  expect(listTrainingSamples(store.read, id).map(({ step, name }) => [step, name])).toEqual([[10, 'p9'], [10, 'p10'], [20, 'p9'], [20, 'p10']])
  store.transaction((db) => {
    dropScorePointsAfter(db, id, 15)
    dropTrainingSamplesAfter(db, id, 15)
  })
  expect(listScorePoints(store.read, id, 0)).toEqual([{ step: 10, score: 0.25 }])
  expect(listTrainingSamples(store.read, id)).toHaveLength(2)
})

test('the best checkpoint, the last and some before it are kept; what only the others named is told', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { distillation } = withDistillation(store)
  const { id } = distillation
  const steps = () => listCheckpoints(store.read, id).map(({ step, best }) => (best ? `${step}!` : `${step}`))
  store.transaction((db) => {
    for (const step of [10, 20, 30, 40, 50]) addCheckpoint(db, saved(id, step, step === 10 || step === 20))
    addStudent(db, { ...student(distillation, 'kept'), weights: hashOf('weights 30') })
  })
  expect(steps()).toEqual(['10', '20!', '30', '40', '50'])
  const unnamed = store.transaction((db) => pruneCheckpoints(db, id, 1))
  expect(steps()).toEqual(['20!', '40', '50'])
  expect(unnamed.toSorted()).toEqual(['weights 10', 'state 10', 'network 10', 'state 30', 'network 30'].map(hashOf).toSorted())
  expect(lastCheckpoint(store.read, id)).toMatchObject({ step: 50, network: hashOf('network 50') })
  const [first] = listCheckpoints(store.read, id)
  expect(first).not.toHaveProperty('network')
  expect(getCheckpoint(store.read, id, first!.id).network).toBe(hashOf('network 20'))
  expect(() => getCheckpoint(store.read, id, 'other')).toThrow(expect.objectContaining({ code: 'not-found' }))
  // a step that is computed again
  store.transaction((db) => addCheckpoint(db, saved(id, 50, true)))
  expect(steps()).toEqual(['20', '40', '50!'])
  // the last and the best in one
  store.transaction((db) => pruneCheckpoints(db, id, 1))
  expect(steps()).toEqual(['40', '50!'])
  expect(store.transaction((db) => removeCheckpointsOf(db, id))).toHaveLength(6)
})

test('the refinement of a TA belongs to the run that asked for it, which then distils other labels', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const made = withDistillation(store)
  const { distillation, run } = made
  expect(findRefinement(store.read, distillation.id)).toBeNull()
  const refinement = store.transaction((db) => addDistillation(db, {
    ...distillation, id: undefined, name: 'refinement', task: 'refine-ta', parentId: distillation.id, labellingRunId: run.id, classes: 19, parameters: 5, panoramas: [],
  }))
  expect(findRefinement(store.read, distillation.id)).toEqual(refinement)
  expect(refinement).toMatchObject({ task: 'refine-ta', parentId: distillation.id, refinedTaId: null, jobId: distillation.jobId })
  const relabelled = store.transaction((db) => {
    const again = addLabellingRun(db, { ...run, id: undefined, name: 'again', jobId: distillation.jobId })
    updateDistillation(db, refinement.id, { refinedTaId: 'model_new' })
    updateDistillation(db, distillation.id, { labellingRunId: again.id, labellingRunName: again.name })
    return again
  })
  expect(getDistillation(store.read, distillation.id)).toMatchObject({ labellingRunId: relabelled.id, labellingRunName: 'again' })
  expect(askedLabellingRun(store.read, distillation.id)).toBe(run.id)
  // while their job runs, neither the stage nor the labels it makes can be removed
  for (const remove of [(db: WriteDb) => removeDistillation(db, refinement.id), (db: WriteDb) => removeLabellingRun(db, relabelled.id)]) {
    expect(() => store.transaction(remove)).toThrow(expect.objectContaining({ code: 'conflict' }))
  }
  store.transaction((db) => updateJob(db, distillation.jobId, { state: 'done' }))
  store.transaction((db) => removeDistillation(db, distillation.id))
  expect(listDistillations(store.read)).toEqual([])
  // the labels stay, and with them the job that made them
  expect(getLabellingRun(store.read, 'again').jobId).toBe(distillation.jobId)
  store.transaction((db) => removeLabellingRun(db, 'again'))
})

test('a student outlives its run; its name is its own', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const { distillation, run, dataset } = withDistillation(store)
  const made = store.transaction((db) => addStudent(db, student(distillation, 'mini')))
  expect(getStudent(store.read, 'last')).toEqual(made)
  expect(made).toMatchObject({ labellingRunId: run.id, datasetId: dataset.id, miou: null, score: 0.75 })
  expect(studentProvenance(store.read, made.id)).toEqual({ program: '1.0.0' })
  expect(findStudentOf(store.read, distillation.id)).toEqual(made)
  expect(getDistillation(store.read, distillation.id).studentId).toBe(made.id)
  expect(() => store.transaction((db) => addStudent(db, student(distillation, 'mini')))).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(store.transaction((db) => renameStudent(db, 'mini', 'best')).name).toBe('best')
  expect(store.transaction((db) => setStudentWeights(db, made.id, { weights: hashOf('w2'), network: hashOf('n2'), step: 900, score: 0.8 }))).toMatchObject({ step: 900, score: 0.8 })

  expect(() => store.transaction((db) => removeStudent(db, 'best'))).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining('Distil a distillation') }))
  expect(() => store.transaction((db) => removeDistillation(db, distillation.id))).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(() => store.transaction((db) => removeLabellingRun(db, run.id))).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(() => store.transaction((db) => removeDataset(db, dataset.id))).toThrow(expect.objectContaining({ code: 'conflict' }))
  store.transaction((db) => updateJob(db, distillation.jobId, { state: 'cancelled' }))
  store.transaction((db) => removeLabellingRun(db, run.id))
  expect(getDistillation(store.read, distillation.id)).toMatchObject({ labellingRunId: null, labellingRunName: 'a run' })
  store.transaction((db) => removeDataset(db, dataset.id))
  expect(listDistillations(store.read)).toEqual([])
  expect(getStudent(store.read, 'best')).toMatchObject({ labellingRunId: null, labellingRunName: 'a run', datasetId: null })
  store.transaction((db) => removeStudent(db, 'best'))
  expect(listStudents(store.read)).toEqual([])
})
