/**
 * Trains a built-in model with the project's own compiler: seeded, checkpointed, to be ended and gone on with at any time.
 * A model's program says what a step is and makes the batches; this loop does the rest.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TrainingStep } from '../src/core/autodiff/training-step.ts'
import type { Tensor } from '../src/core/onnx/tensor.ts'
import { openTraining, type TrainingSession } from '../src/main/engine/training-session.ts'
import type { TrainingArguments } from './arguments.ts'
import { type CurvePoint, type Progress, readCheckpoint, type Stretch, writeCheckpoint } from './checkpoint.ts'
import { thisMachine } from './machine.ts'
import { lockWork } from './work-lock.ts'

/** Inputs and targets of a step, by name */
export type Batch = Readonly<Record<string, Tensor>>

/** A part of a training with one size of batch. All phases train the same parameters. */
export interface Phase {
  /** the last step of the phase; the first of the first phase is 1 */
  readonly until: number
  /** called when the phase begins */
  readonly compile: () => TrainingStep
  /** The batch of a step: a function of the step's number alone. Called for some steps ahead: let worker threads make it (batch-workers.ts). */
  readonly batch: (step: number) => Promise<Batch>
}

export interface Training {
  readonly name: string
  /** in order; the last one's end is the training's */
  readonly phases: readonly Phase[]
  /** learning rate of a step, 1 .. the last */
  readonly learningRate: (step: number) => number
  /** what the model begins with where there is no checkpoint; the forward model's own numbers where omitted */
  readonly initial?: ReadonlyMap<string, Tensor>
  /** scores of the weights as they would be written (the moving average where the steps keep one), each `every` steps and at the end */
  readonly evaluate?: { readonly every: number; readonly run: (weights: ReadonlyMap<string, Tensor>, step: number) => Promise<Readonly<Record<string, number>>> }
  /** what it learns from, for training.json */
  readonly data: Readonly<Record<string, unknown>>
  readonly print?: (line: string) => void
}

export interface Trained {
  /** all steps are done */
  readonly finished: boolean
  /** a signal ended it */
  readonly interrupted: boolean
  readonly progress: Progress
  /** the moving average where the steps keep one */
  readonly weights: ReadonlyMap<string, Tensor>
}

/** Batches that are asked for before they are needed */
const AHEAD = 4
const REPORT_EVERY = 20
/** Steps without a finite loss, one after the other, after which the training ends */
const MOST_NOT_FINITE = 5

/**
 * Goes on from the checkpoint in `work` until the steps or the minutes are over, or SIGINT or SIGTERM comes; always leaves
 * a checkpoint. With one thread on the CPU the weights do not depend on where it was interrupted. Throws Error where the
 * loss is not finite several times in a row, and keeps the last checkpoint; where the minutes are over before anything was
 * trained; and where another process trains in `work`.
 */
export async function runTraining(training: Training, options: Pick<TrainingArguments, 'work' | 'minutes' | 'provider' | 'threads' | 'checkpointMinutes'>): Promise<Trained> {
  const lock = await lockWork(options.work)
  const run = new Run(training, options)
  const stop = (): void => run.stop()
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await run.untilDone()
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    lock.release()
  }
}

type RunOptions = Parameters<typeof runTraining>[1]

class Run {
  private readonly training: Training
  private readonly options: RunOptions
  private readonly began = performance.now()
  private readonly steps: number
  private stopped = false
  private progress: Progress = { step: 0, curve: [], scores: [], stretches: [] }
  private secondsBefore = 0
  private firstStep = 0
  private savedAt = performance.now()
  /** of the steps since the last point of the curve */
  private readonly recent: { loss: number; terms: Readonly<Record<string, number>> }[] = []
  private trainedMs = 0
  private waitedMs = 0

  constructor(training: Training, options: RunOptions) {
    this.training = training
    this.options = options
    this.steps = training.phases[training.phases.length - 1]?.until ?? 0
  }

  stop(): void {
    this.say('ends after this step, with a checkpoint')
    this.stopped = true
  }

  async untilDone(): Promise<Trained> {
    const saved = await readCheckpoint(this.options.work)
    if (saved !== null) {
      this.progress = saved.progress
      this.say(`goes on after step ${saved.progress.step}`)
    }
    this.firstStep = this.progress.step
    this.secondsBefore = this.progress.stretches.reduce((sum, { seconds }) => sum + seconds, 0)
    let state = saved?.state
    for (;;) {
      const phase = this.phase()
      const step = phase.compile()
      const session = await openTraining(step, { provider: this.options.provider, threads: this.options.threads, initial: this.training.initial })
      try {
        if (state !== undefined) await session.restore(state)
        await this.train(phase, session)
        state = await session.state()
        if (!this.goesOn()) return await this.end(session)
      } finally {
        await session.dispose()
      }
    }
  }

  /** That of the next step, or the last one. */
  private phase(): Phase {
    const { phases } = this.training
    const phase = phases.find(({ until }) => this.progress.step < until) ?? phases[phases.length - 1]
    if (phase === undefined) throw new RangeError(`The training of ${this.training.name} has no phases.`)
    return phase
  }

  private goesOn(): boolean {
    return !this.stopped && this.progress.step < this.steps && this.elapsed() < this.options.minutes * 60
  }

  /** seconds of this process */
  private elapsed(): number {
    return (performance.now() - this.began) / 1000
  }

  private async train(phase: Phase, session: TrainingSession): Promise<void> {
    const batches = new Map<number, Promise<Batch>>()
    let notFinite = 0
    try {
      while (this.goesOn() && this.progress.step < phase.until) {
        const step = this.progress.step + 1
        for (let ahead = step; ahead < step + AHEAD && ahead <= phase.until; ahead++) {
          if (batches.has(ahead)) continue
          const coming = phase.batch(ahead)
          coming.catch(() => {})
          batches.set(ahead, coming)
        }
        const asked = performance.now()
        const batch = await (batches.get(step) ?? phase.batch(step))
        batches.delete(step)
        const started = performance.now()
        const learningRate = this.training.learningRate(step)
        const result = await session.step(batch, { learningRate })
        this.waitedMs += started - asked
        this.trainedMs += performance.now() - started
        // a step that is not finite changed nothing and counts as done: which batch comes next depends on the step alone
        notFinite = result.finite ? 0 : notFinite + 1
        if (notFinite === MOST_NOT_FINITE) throw new Error(`The loss of ${this.training.name} is not finite for ${notFinite} steps up to ${step}. ${await whereNotFinite(session, batch, learningRate)}Lower the learning rate; the last checkpoint is kept.`)
        this.progress = { ...this.progress, step }
        if (result.finite) this.recent.push(result)
        if (step % REPORT_EVERY === 0 || step === phase.until) this.report(learningRate)
        await this.lookAround(session)
        await nextTurn()
      }
    } finally {
      await Promise.allSettled(batches.values())
    }
  }

  private report(learningRate: number): void {
    if (this.recent.length === 0) return
    const { step } = this.progress
    const names = Object.keys(this.recent[0]?.terms ?? {})
    const terms = Object.fromEntries(names.map((name) => [name, mean(this.recent.map((each) => each.terms[name] ?? 0))]))
    const point: CurvePoint = { step, loss: mean(this.recent.map(({ loss }) => loss)), terms, learningRate, seconds: Math.round(this.secondsBefore + this.elapsed()) }
    this.progress = { ...this.progress, curve: [...this.progress.curve, point] }
    const perStep = (this.trainedMs + this.waitedMs) / this.recent.length / 1000
    const left = Math.min((this.steps - step) * perStep, this.options.minutes * 60 - this.elapsed())
    this.say([
      `step ${step}/${this.steps}`, `loss ${point.loss.toFixed(4)}`, ...names.map((name) => `${name} ${(terms[name] ?? 0).toFixed(4)}`),
      `rate ${learningRate.toExponential(2)}`, `${perStep.toFixed(2)} s/step`, `waited ${Math.round((100 * this.waitedMs) / Math.max(1, this.waitedMs + this.trainedMs))} %`, `${minutes(left)} left`,
    ].join('  '))
    this.recent.length = 0
    this.trainedMs = 0
    this.waitedMs = 0
  }

  private async lookAround(session: TrainingSession): Promise<void> {
    const { evaluate } = this.training
    if (evaluate !== undefined && this.progress.step % evaluate.every === 0 && this.progress.step < this.steps) await this.score(session)
    if (performance.now() - this.savedAt >= this.options.checkpointMinutes * 60_000) await this.save(session)
  }

  private async score(session: TrainingSession): Promise<void> {
    const { evaluate } = this.training
    const { step } = this.progress
    if (evaluate === undefined || this.progress.scores.some((point) => point.step === step)) return
    const scores = await evaluate.run(await weightsOf(session), step)
    this.progress = { ...this.progress, scores: [...this.progress.scores, { step, scores }] }
    this.say(`step ${step}: ${Object.entries(scores).map(([name, value]) => `${name} ${value.toFixed(4)}`).join('  ')}`)
  }

  private async save(session: TrainingSession): Promise<void> {
    const { step } = this.progress
    const state = await session.state()
    if (step > this.firstStep) {
      await writeCheckpoint(this.options.work, { progress: { ...this.progress, stretches: this.stretches() }, state })
      this.say(`step ${step}: checkpoint`)
    }
    this.savedAt = performance.now()
  }

  private stretches(): readonly Stretch[] {
    const { step, stretches } = this.progress
    if (step === this.firstStep) return stretches
    const { provider, threads } = this.options
    return [...stretches, { fromStep: this.firstStep + 1, toStep: step, seconds: Math.round(this.elapsed()), provider, threads, machine: thisMachine(), data: this.training.data }]
  }

  private async end(session: TrainingSession): Promise<Trained> {
    // weights that learned nothing must not take the place of a model that did
    if (this.progress.step === 0 && !this.stopped) throw new Error(`Nothing was trained, and ${this.options.work} holds no checkpoint to go on from: nothing is written. Give it more minutes.`)
    await this.save(session)
    if (!this.stopped) {
      await this.score(session)
      await this.save(session)
    }
    return { finished: this.progress.step >= this.steps, interrupted: this.stopped, progress: { ...this.progress, stretches: this.stretches() }, weights: await weightsOf(session) }
  }

  private say(line: string): void {
    const print = this.training.print ?? ((text: string) => void process.stderr.write(`${text}\n`))
    print(`${new Date().toISOString().slice(11, 19)}  ${this.training.name}  ${line}`)
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The moving average where the step keeps one. */
function weightsOf(session: TrainingSession): Promise<ReadonlyMap<string, Tensor>> {
  return session.averages().catch(() => session.parameters())
}

async function whereNotFinite(session: TrainingSession, batch: Batch, learningRate: number): Promise<string> {
  const found = await session.findNonFinite(batch, { learningRate }).catch(() => undefined)
  return found === undefined ? '' : `First: ${JSON.stringify(found)}. `
}

function minutes(seconds: number): string {
  return Number.isFinite(seconds) ? `${Math.max(0, seconds / 60).toFixed(1)} min` : 'unknown'
}
