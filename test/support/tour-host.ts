import { join } from 'node:path'
import type { Output } from '../../src/contract/procedures.ts'
import type { Tour } from '../../src/contract/tour-schemas.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { createJobRunner, type JobRunner } from '../../src/main/jobs/job-runner.ts'
import { distilJobHandler } from '../../src/main/pipeline/distil-job.ts'
import { evaluateJobHandler } from '../../src/main/pipeline/evaluate-job.ts'
import { generateJobHandler } from '../../src/main/pipeline/generate-job.ts'
import { labelJobHandler } from '../../src/main/pipeline/label-job.ts'
import { builtinModelServices } from '../../src/main/services/builtin-models.ts'
import { createChangeFeed } from '../../src/main/services/change-feed.ts'
import type { ServiceContext } from '../../src/main/services/context.ts'
import { distillationServices } from '../../src/main/services/distillations.ts'
import { evaluationServices } from '../../src/main/services/evaluations.ts'
import { createFeed } from '../../src/main/services/feed.ts'
import { generateServices } from '../../src/main/services/generate.ts'
import { addModelFiles } from '../../src/main/services/models.ts'
import { runServices } from '../../src/main/services/runs.ts'
import { createTourGuide, type TourGuide } from '../../src/main/services/tour.ts'
import type { TourCalls } from '../../src/main/services/tour-steps.ts'
import { openStore } from '../../src/main/store/open-store.ts'
import { createLabelPool } from '../../src/main/workers/label-pool.ts'
import { createSynthPool } from '../../src/main/workers/synth-pool.ts'
import { startEngine } from '../integration/engine-fixtures.ts'

const CALL = { signal: new AbortController().signal }

/** A host of the tour alone, with the real services, jobs and engine, that can hold a call of the tour's before it is made. */
export interface TourHost {
  readonly jobs: JobRunner
  /** the next call of this name waits; `reached` when it is asked for */
  hold(name: keyof TourCalls): { readonly reached: Promise<void>; release(): void }
  call<Name extends keyof TourGuide['procedures']>(name: Name, input: Parameters<TourGuide['procedures'][Name]>[0]): Promise<Output<Name>>
  /** the tour as soon as it is like that */
  when(isSo: (tour: Tour) => boolean): Promise<Tour>
  close(): Promise<void>
}

export function openTourHost(root: string): TourHost {
  const store = openStore(join(root, 'workspace'), { create: true })
  const artifacts = openArtifactStore(store.paths.artifacts)
  const engine = startEngine()
  const pool = createLabelPool(1)
  const changes = createChangeFeed()
  const training: ServiceContext['training'] = createFeed()
  const learningRates: ServiceContext['learningRates'] = createFeed()
  const version = '1.2.3'
  const jobs = createJobRunner({
    store,
    handlers: {
      generate: generateJobHandler({ store, artifacts, openPool: createSynthPool }),
      label: labelJobHandler({ store, artifacts, engine }, () => {}),
      evaluate: evaluateJobHandler({ store, artifacts, engine, pool }, () => {}),
      distil: distilJobHandler({
        store, artifacts, engine, pool, changes, training, learningRates, version,
        addTa: (file, name) => addModelFiles({ store, engine }, { kind: 'ta', files: [file], name }),
      }),
    },
  })
  jobs.start()
  const context: ServiceContext = { store, artifacts, engine, jobs, changes, training, learningRates, pool, version, enqueue: () => jobs.start() }
  const { calls, hold } = holdable({
    ...generateServices(context), ...builtinModelServices(context), ...runServices(context), ...evaluationServices(context), ...distillationServices(context),
  })
  const guide = createTourGuide(context, calls)
  const call: TourHost['call'] = async (name, input) => guide.procedures[name](input as never, CALL) as never
  return {
    jobs, hold, call,
    when: (isSo) => new Promise((settle, fail) => {
      const listening = new AbortController()
      const look = async (): Promise<void> => {
        const { tour } = await call('tour.get', {})
        if (tour === null || !isSo(tour)) return
        listening.abort()
        settle(tour)
      }
      changes.listen(({ area }) => {
        if (area === 'tour') look().catch(fail)
      }, listening.signal)
      look().catch(fail)
    }),
    async close() {
      await guide.stop()
      await jobs.stop()
      await Promise.all([engine.stop(), pool.close()])
      store.close()
    },
  }
}

function holdable(real: TourCalls): { readonly calls: TourCalls; readonly hold: TourHost['hold'] } {
  const held = new Map<string, () => Promise<void>>()
  const calls = Object.fromEntries(Object.entries(real).map(([name, make]) => [name, async (...request: unknown[]) => {
    await held.get(name)?.()
    return (make as (...request: unknown[]) => unknown)(...request)
  }])) as unknown as TourCalls
  return {
    calls,
    hold(name) {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      held.set(name, () => {
        held.delete(name)
        reached.resolve()
        return released.promise
      })
      return { reached: reached.promise, release: () => released.resolve() }
    },
  }
}
