import { StudioError } from '../../contract/errors.ts'
import type { DistillationRun } from '../../contract/training-schemas.ts'
import type { TrainRequest, TrainResponse } from '../engine/training-protocol.ts'
import type { JobContext } from '../jobs/job-handler.ts'
import { lastCheckpoint } from '../store/checkpoints.ts'
import { getDistillation } from '../store/distillations.ts'
import type { DistilTools } from './distil-tools.ts'
import { createTrainingRecorder } from './training-recorder.ts'

/** A training of the engine that is written down in a row of its own. */
export interface Training {
  readonly run: DistillationRun
  readonly context: JobContext
  /** what is asked of the engine, from the row as it is now: batch and learning-rate factor may have changed */
  requestOf(run: DistillationRun): Omit<TrainRequest, 'resume'>
}

/**
 * Trains until the steps are done, through crashes of the engine: each takes up the last checkpoint again, and only those
 * without a checkpoint in between count, one per wait. Ends at once (by an error that must pass through) when a person
 * pauses, with a checkpoint.
 */
export async function trainToTheEnd(tools: DistilTools, training: Training, backoffMs: readonly number[]): Promise<TrainResponse> {
  const { run, context } = training
  const reached = (): number => lastCheckpoint(tools.store.read, run.id)?.step ?? 0
  let crashes = 0
  for (;;) {
    await context.safePoint()
    const from = reached()
    if (from >= run.config.steps) return { reason: 'finished', step: from }
    try {
      const response = await train(tools, training)
      // a pause ends the job at the next safe point; where it was taken back meanwhile, the training goes on
      if (response.reason !== 'paused') return response
    } catch (error) {
      if (context.signal.aborted) throw error
      if (reached() > from) crashes = 0
      const wait = backoffMs[crashes]
      if (wait === undefined || !(error instanceof StudioError) || error.code !== 'engine') throw error
      crashes++
      context.log('warn', `${error.message} Going on from step ${reached()} in ${wait / 1000} s.`)
      context.progress({ message: 'waiting for the engine' })
      await context.clock.sleep(wait, AbortSignal.any([context.signal, context.stopping])).catch(() => context.safePoint())
    }
  }
}

async function train(tools: DistilTools, { run: { id }, context, requestOf }: Training): Promise<TrainResponse> {
  const { engine, store, learningRates } = tools
  const ended = new AbortController()
  const run = getDistillation(store.read, id)
  const recorder = createTrainingRecorder(tools, { run, context })
  try {
    const response = await engine.train({ ...requestOf(run), resume: lastCheckpoint(store.read, id)?.state ?? null }, {
      signal: context.signal,
      onEvent: (event) => recorder.record(event),
      control: {
        pause: context.stopping,
        onLearningRateFactor(listener) {
          const stop = new AbortController()
          learningRates.listen((change) => change.distillationId === id && listener(change.factor), AbortSignal.any([stop.signal, ended.signal]))
          return () => stop.abort()
        },
      },
    })
    recorder.flush()
    return response
  } finally {
    ended.abort()
    await recorder.close()
  }
}
