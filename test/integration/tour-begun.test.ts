import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Tour } from '../../src/contract/tour-schemas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { openTourHost, type TourHost } from '../support/tour-host.ts'
import { writeUntrainedModels } from '../support/untrained-models.ts'

/** What a person asks for while a step of the tour is being begun, which takes its time where a model is added or measured. */

const SMALL = { panoramas: 2, width: 128, height: 64, seed: 5, trainWidth: 64, trainHeight: 32, steps: 4 } as const

let models: Awaited<ReturnType<typeof temporaryFolder>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let host: TourHost

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
  host = openTourHost(folder.path)
})
afterEach(async () => {
  await host?.close()
  await folder?.remove()
})

const states = ({ steps }: Tour) => steps.map(({ state }) => state)

describe('a step that is being begun', () => {
  it('is stopped, and goes on with the job that was begun', async () => {
    const drawing = host.hold('datasets.generate')
    const started = host.call('tour.start', SMALL)
    await drawing.reached
    expect((await host.call('tour.stop', {})).state).toBe('stopped')
    drawing.release()
    const { id, jobIds } = { ...(await started).steps[0]!, id: (await started).id }
    expect(jobIds).toHaveLength(1)
    const stopped = host.jobs.settled(jobIds[0]!)
    // at once: the job is still being cancelled
    const wentOn = host.call('tour.goOn', {})
    expect((await stopped).state).toBe('cancelled')
    await wentOn
    const tour = await host.when(({ steps }) => steps[0]!.state === 'done')
    expect(tour).toMatchObject({ id, steps: [{ jobIds }, {}, {}, {}, {}] })
    expect(host.jobs.list().filter(({ kind }) => kind === 'generate')).toMatchObject([{ id: jobIds[0], state: 'done', done: 2, attempts: 2 }])
  })

  it('stays stopped, with everything that it had begun', async () => {
    const scoring = host.hold('evaluations.start')
    await host.call('tour.start', SMALL)
    // the TA alone labels already, the first score is not asked for yet
    await scoring.reached
    await host.call('tour.stop', {})
    scoring.release()
    const tour = await host.when(({ steps }) => steps[2]!.state === 'stopped')
    expect(tour.state).toBe('stopped')
    const begun = await Promise.all(tour.steps[2]!.jobIds.map((id) => host.jobs.settled(id)))
    expect(begun.map(({ kind }) => kind)).toEqual(['label', 'evaluate', 'evaluate', 'evaluate'])
    for (const { kind, state } of begun) expect(kind === 'evaluate' ? ['cancelled'] : ['cancelled', 'done']).toContain(state)
  })

  it('is skipped, and its training with it', async () => {
    const estimating = host.hold('distillations.estimate')
    await host.call('tour.start', SMALL)
    await estimating.reached
    const skipped = host.call('tour.skip', { step: 'distil' })
    estimating.release()
    await skipped
    const tour = await host.when(({ state }) => state === 'done' || state === 'failed')
    expect(states(tour)).toEqual(['done', 'done', 'done', 'skipped', 'skipped'])
    expect(host.jobs.list().filter(({ kind }) => kind === 'distil')).toMatchObject([{ id: tour.steps[3]!.jobIds[0], state: 'cancelled', done: 0 }])
    expect(tour.studentId).toBeNull()
  })
})
