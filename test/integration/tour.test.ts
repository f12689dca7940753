import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../src/contract/procedures.ts'
import type { Tour } from '../../src/contract/tour-schemas.ts'
import { composeStudio, type Studio } from '../../src/main/compose.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeUntrainedModels } from '../support/untrained-models.ts'

/** The tour through the whole job, small, with networks that were never trained: what happens, not how well. */

const SMALL = { panoramas: 3, width: 128, height: 64, seed: 5, trainWidth: 64, trainHeight: 32, steps: 4 } as const

let models: Awaited<ReturnType<typeof temporaryFolder>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let studio: Studio
let client: Client

beforeAll(async () => {
  models = await temporaryFolder()
  process.env['GOODSAM_MODELS'] = await writeUntrainedModels(models.path)
})
afterAll(async () => {
  delete process.env['GOODSAM_MODELS']
  await models?.remove()
})
beforeEach(async () => {
  folder = await temporaryFolder()
  await open()
})
afterEach(async () => {
  await studio?.close()
  await folder?.remove()
})

async function open(): Promise<void> {
  studio = await composeStudio({ workspace: join(folder.path, 'workspace'), create: true, queue: 'all' })
  client = studio.client
  await client.call('settings.set', { provider: 'cpu', cpuThreads: 1 })
}

/** The tour as soon as it is like that. */
async function tourWhen(isSo: (tour: Tour) => boolean): Promise<Tour> {
  return new Promise((settle, fail) => {
    const look = async (): Promise<void> => {
      const { tour } = await client.call('tour.get', {})
      if (tour === null || !isSo(tour)) return
      end()
      settle(tour)
    }
    const end = client.subscribe('on.changes', {}, ({ area }) => {
      if (area === 'tour' || area === 'results' || area === 'datasets') look().catch(fail)
    })
    look().catch(fail)
  })
}

/** Resolves when a training has done a step. */
function stepOf(distillationId: string): Promise<void> {
  return new Promise((settle) => {
    const end = client.subscribe('on.training', {}, (event) => {
      if (event.distillationId !== distillationId || event.point === null) return
      end()
      settle()
    })
  })
}

const states = ({ steps }: Tour) => steps.map(({ state }) => state)
const ended = ({ state }: Tour) => state === 'done' || state === 'failed'

describe('the tour', () => {
  it('draws, labels, scores, distils and scores again, and the truth stays out of it', async () => {
    expect((await client.call('tour.get', {})).tour).toBeNull()
    const begun = await client.call('tour.start', SMALL)
    expect(begun.steps.map(({ name }) => name)).toEqual(['draw', 'label', 'score-teachers', 'distil', 'score-student'])
    await expect(client.call('tour.start', SMALL)).rejects.toMatchObject({ code: 'conflict' })

    const tour = await tourWhen(ended)
    expect(tour.steps.map(({ error }) => error)).toEqual([null, null, null, null, null])
    expect(states(tour)).toEqual(['done', 'done', 'done', 'done', 'done'])
    expect(tour.evaluations.map(({ subject }) => subject).toSorted()).toEqual(['labels', 'source', 'student', 'ta'])
    expect(Date.parse(tour.firstLabelAt!)).toBeLessThan(Date.parse(tour.finishedAt!))

    const [dataset] = await client.call('datasets.list', {})
    expect(dataset).toMatchObject({ id: tour.datasetId, panoramas: 3, withTruth: 0, generated: { seed: 5, style: 'target', width: 128, height: 64, vfovDeg: 180 } })
    const run = await client.call('distillations.get', { distillation: tour.distillationId! })
    expect(run).toMatchObject({ step: 4, scoreKind: null, panoramas: 3, init: { kind: 'file', name: 'mit-b0 (built in)' } })
    for (const { evaluationId } of tour.evaluations) {
      const { status, result, truth, perPanorama } = await client.call('evaluations.get', { evaluationId })
      expect(status).toBe('done')
      expect(truth).toBe(join(folder.path, 'workspace', 'truth', tour.datasetId!))
      expect(result).toMatchObject({ panoramas: 3, skipped: [] })
      expect(perPanorama).toHaveLength(3)
    }
    const { panoramas } = await client.call('panoramas.list', { dataset: tour.datasetId!, offset: 0, limit: 10 })
    expect(panoramas.map(({ name, truth }) => [name, truth])).toEqual([0, 1, 2].map((index) => [`streets_000005_00000${index}`, null]))
    const { map } = await client.call('panoramas.truth', { panoramaId: panoramas[0]!.id })
    expect(await studio.artifacts.open(map!)).not.toBeNull()

    // the streets go, and their truth with them
    await client.call('datasets.remove', { dataset: tour.datasetId! })
    expect(await readdir(join(folder.path, 'workspace', 'truth'))).toEqual([])
    expect((await client.call('tour.get', {})).tour).toMatchObject({ state: 'done', datasetId: null, evaluations: [] })
    // and another tour may begin, with the models that are there
    await client.call('tour.start', SMALL)
    expect(await client.call('models.list', {})).toHaveLength(3)
  })

  it('skips: each step goes on with what the one before has made', async () => {
    await client.call('tour.start', { ...SMALL, panoramas: 40, steps: 1_000_000 })
    await expect(client.call('tour.skip', { step: 'distil' })).rejects.toMatchObject({ code: 'conflict' })
    for (const [index, step] of (['draw', 'label'] as const).entries()) {
      await tourWhen(({ steps }) => steps[index]!.canSkip || steps[index]!.state === 'done')
      await client.call('tour.skip', { step })
    }
    const { distillationId } = await tourWhen(({ steps }) => steps[3]!.state === 'running')
    await stepOf(distillationId!)
    await client.call('tour.skip', { step: 'distil' })
    const tour = await tourWhen(ended)
    expect(states(tour).toSpliced(1, 1)).toEqual(['skipped', 'done', 'skipped', 'done'])
    // long before the first checkpoint that would have been due
    const student = await client.call('students.get', { student: tour.studentId! })
    expect(student.step).toBeGreaterThan(0)
    expect(student.step).toBeLessThan(1000)
    expect(student.miou).not.toBeNull()
    expect(await client.call('jobs.get', { jobId: tour.steps[3]!.jobIds[0]! })).toMatchObject({ state: 'cancelled', done: student.step })
    // the few that were drawn may all be labelled before it is skipped
    expect(['done', 'skipped']).toContain(states(tour)[1])
    const [dataset] = await client.call('datasets.list', {})
    expect(dataset!.panoramas).toBeGreaterThan(0)
    expect(dataset!.panoramas).toBeLessThan(40)
    const run = await client.call('runs.get', { run: tour.runId! })
    expect(run.done).toBeGreaterThan(0)
  })

  it('stops, and goes on where it was, also in another process', async () => {
    await client.call('tour.start', { ...SMALL, panoramas: 6 })
    await tourWhen(({ steps }) => steps[0]!.canSkip)
    await client.call('tour.stop', {})
    const stopped = await tourWhen(({ steps }) => steps.every(({ state }) => state !== 'running'))
    expect(stopped.state).toBe('stopped')
    await studio.close()
    await open()
    expect((await client.call('tour.get', {})).tour).toMatchObject({ state: 'stopped' })
    await client.call('tour.goOn', {})
    await tourWhen(({ steps }) => steps[1]!.state === 'running')
    // a closed program is no stop: it goes on by itself
    await studio.close()
    await open()
    const tour = await tourWhen(ended)
    expect(states(tour)).toEqual(['done', 'done', 'done', 'done', 'done'])
    expect((await client.call('datasets.list', {}))[0]).toMatchObject({ panoramas: 6 })
    // one run of fused labels, and the TA alone that is scored beside it
    expect((await client.call('runs.list', {})).map(({ samId }) => samId === null).toSorted()).toEqual([false, true])
  })

  it('says what is missing, and goes on when it is there', async () => {
    const { path, remove } = await temporaryFolder()
    const whole = process.env['GOODSAM_MODELS']
    process.env['GOODSAM_MODELS'] = join(path, 'nothing')
    try {
      expect((await client.call('models.builtin', {})).map(({ name, bytes, modelId }) => [name, bytes, modelId])).toEqual([
        ['nano-sam', null, null], ['street-ta', null, null], ['mit-b0', null, null],
      ])
      await client.call('tour.start', { ...SMALL, panoramas: 2 })
      const tour = await tourWhen(ended)
      expect(tour.steps[1]).toMatchObject({ state: 'failed', error: expect.stringMatching(/nano-sam is not complete/) })
    } finally {
      process.env['GOODSAM_MODELS'] = whole
      await remove()
    }
    await client.call('tour.goOn', {})
    expect((await tourWhen(ended)).state).toBe('done')
  })
})
