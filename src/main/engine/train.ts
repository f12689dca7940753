import { StudioError } from '../../contract/errors.ts'
import type { Provider } from '../../contract/schemas.ts'
import { learningRateAt } from '../../core/goodsam/distillation/schedule.ts'
import type { TrainingPool } from '../workers/training-pool.ts'
import type { TrainingClient } from './training-client.ts'
import { TrainingFailure } from './training-failure.ts'
import type { OpenedTraining, SavedCheckpoint, StepOutcome, StepRequest, TrainingProgress } from './training-messages.ts'
import type { SettledTrainRequest } from './messages.ts'
import type { TrainEvent, TrainResponse } from './training-protocol.ts'
import { createDataCache, type SampleQueue, startSampleQueue } from './training-samples.ts'
import { scoreHeldOut, takePictures, type Viewer } from './training-score.ts'
import { createPace } from './training-pace.ts'

export interface TrainParts {
  readonly startThread: () => TrainingClient
  readonly pool: TrainingPool
  /** memory that a step on the CPU can have */
  readonly availableBytes: () => number
  /** for decoded panoramas */
  readonly cacheBytes: number
  /** providers that failed in this process, and how */
  readonly failedProviders: Partial<Record<Provider, string>>
}

export interface TrainCall {
  readonly signal: AbortSignal
  readonly pause: AbortSignal
  readonly onEvent: (event: TrainEvent) => void
  /** set by a person while it runs */
  readonly learningRateFactor: () => number
}

const START: TrainingProgress = { step: 0, cursor: 0, best: null, scoresSinceBest: 0 }

/** Steps that are not finite, one after the other, after which nobody hopes any more. */
const MOST_NOT_FINITE = 3
/** Votes for a third class of a pixel do not count; where they are more than this, someone should know. */
const MANY_DROPPED_VOTES = 0.05

/**
 * Multi-level Knowledge Adaptation (METHOD section 5): updates of the student's weights until the steps are done, nothing
 * gets better any more, or a person pauses. Rejects with `cancelled` between two steps. The curve is a function of the
 * request alone (on the CPU with one thread bit for bit), whatever interruptions there were.
 */
export async function train(parts: TrainParts, request: SettledTrainRequest, call: TrainCall): Promise<TrainResponse> {
  const run = new Run(parts, request, call)
  try {
    await run.open()
    return await run.untilDone()
  } finally {
    await run.close()
  }
}

class Run {
  private readonly parts: TrainParts
  private readonly request: SettledTrainRequest
  private readonly call: TrainCall
  private readonly thread: TrainingClient
  private readonly viewer: Viewer
  private readonly pace = createPace()
  private samples: SampleQueue | null = null
  private provider: Provider
  private batch: number
  private accumulate: number
  /** artifact of the newest state */
  private saved: string | null
  /** the step of `saved` */
  private savedStep: number | null = null
  private progress = START
  private loss: number | null = null

  constructor(parts: TrainParts, request: SettledTrainRequest, call: TrainCall) {
    this.parts = parts
    this.request = request
    this.call = call
    this.provider = request.provider
    this.batch = request.batch
    this.accumulate = request.accumulate
    this.saved = request.resume
    this.thread = parts.startThread()
    const { pool } = parts
    const { artifactsRoot: root, config, task = 'distil' } = request
    this.viewer = {
      pool, root,
      request,
      cache: createDataCache((hash) => pool.run('load', { root, hash, task, config }), parts.cacheBytes),
      predict: (pixels) => this.thread.ask('predict', { pixels }),
      signal: call.signal,
    }
  }

  /** Compiles the step and opens it, with less at once where memory is short, on the CPU where the provider fails. */
  async open(): Promise<void> {
    const failed = this.parts.failedProviders[this.provider]
    if (failed !== undefined) this.fallBack(failed)
    for (;;) {
      this.call.signal.throwIfAborted()
      try {
        const opened = await this.openOnce()
        this.goOnFrom(opened)
        if (!this.fits(opened)) continue
        const { parameters, peakBytes } = opened
        this.call.onEvent({ type: 'started', provider: this.provider, parameters, peakBytes, step: this.progress.step })
        return
      } catch (error) {
        this.recover(error)
      }
    }
  }

  private openOnce(): Promise<OpenedTraining> {
    const { architecture, classes, network, weights, config, threads, artifactsRoot, task = 'distil' } = this.request
    return this.thread.ask('open', {
      source: { architecture, classes, network, weights, seed: config.seed },
      task, config, threads, artifactsRoot, batch: this.batch, accumulate: this.accumulate, provider: this.provider, resume: this.saved,
    })
  }

  /** Whether the machine has the memory; if not, the batch is halved as far as that goes. */
  private fits({ peakBytes }: OpenedTraining): boolean {
    const available = this.parts.availableBytes()
    if (this.provider !== 'cpu' || peakBytes <= available || this.batch === 1) return true
    this.halve(`A step needs about ${gigabytes(peakBytes)} and ${gigabytes(available)} are free`)
    return false
  }

  private goOnFrom({ from, progress }: OpenedTraining): void {
    if (from === 'checkpoint' && progress !== null) {
      this.progress = progress
      this.savedStep = progress.step
    }
    // what was lost with a device is done again
    if (from === 'start') this.progress = START
  }

  async untilDone(): Promise<TrainResponse> {
    const { config } = this.request
    while (this.progress.step < config.steps) {
      if (this.call.pause.aborted) {
        if (this.progress.step > 0) await this.save(null, false)
        return { reason: 'paused', step: this.progress.step }
      }
      if (await this.update() && await this.lookAtStudent()) return { reason: 'early', step: this.progress.step }
    }
    return { reason: 'finished', step: this.progress.step }
  }

  /** One update of the weights; false where it has to be begun anew. */
  private async update(): Promise<boolean> {
    try {
      await this.microBatches()
      return true
    } catch (error) {
      this.recover(error)
      await this.samples?.close()
      this.samples = null
      await this.open()
      return false
    }
  }

  private async microBatches(): Promise<void> {
    const step = this.progress.step + 1
    const learningRate = learningRateAt(step, this.request.config) * this.call.learningRateFactor()
    const outcomes: StepOutcome[] = []
    let { cursor } = this.progress
    let notFinite = 0
    while (outcomes.length < this.accumulate) {
      this.call.signal.throwIfAborted()
      const sample = await this.queue().next()
      this.pace.waited(sample.waitedMs)
      this.call.signal.throwIfAborted()
      const settings = { batch: sample.buffer, learningRate, apply: outcomes.length === this.accumulate - 1 }
      const outcome = await this.thread.ask('step', settings)
      cursor = sample.cursor
      // it changed nothing: another batch takes its place
      if (outcome.finite) outcomes.push(outcome)
      else if (++notFinite === MOST_NOT_FINITE) throw await this.notFinite(step, settings)
    }
    this.progress = { ...this.progress, step, cursor }
    this.pace.updated(this.batch * this.accumulate)
    this.report(outcomes, learningRate)
  }

  private queue(): SampleQueue {
    const { pool, cache } = this.viewer
    const { panoramas, config, task = 'distil' } = this.request
    this.samples ??= startSampleQueue({ task, pool, cache, panoramas, config, batch: this.batch, cursor: this.progress.cursor })
    return this.samples
  }

  private report(outcomes: readonly StepOutcome[], learningRate: number): void {
    const mean = (of: (outcome: StepOutcome) => number): number => outcomes.reduce((sum, outcome) => sum + of(outcome), 0) / outcomes.length
    const last = outcomes[outcomes.length - 1]
    this.loss = mean(({ loss }) => loss)
    const terms = Object.fromEntries(Object.keys(last.terms).map((name) => [name, mean((outcome) => outcome.terms[name])]))
    const { imagesPerSecond, waitShare } = this.pace.now()
    this.call.onEvent({
      type: 'point', waitShare,
      point: { step: this.progress.step, loss: this.loss, terms, learningRate, gradientNorm: last.gradientNorm, imagesPerSecond },
    })
  }

  private async notFinite(step: number, settings: StepRequest): Promise<StudioError> {
    const why = await this.thread.ask('explain', settings).catch(() => null)
    const kept = this.savedStep === null ? 'There is no checkpoint yet.' : `The checkpoint of step ${this.savedStep} is kept.`
    const remedy = step === 1 ? 'Check the weights it starts from.' : 'Lower the learning rate or the largest gradient norm.'
    return new StudioError('bad-model', `Training stopped at step ${step}: the loss or its gradients are not finite, ${MOST_NOT_FINITE} times in a row. ${why ?? ''} ${kept} ${remedy}`.replace(/ {2,}/g, ' '))
  }

  /** Score, pictures, checkpoint, as they fall due; true where nothing has got better for too long. */
  private async lookAtStudent(): Promise<boolean> {
    const { config, scoreKind, pictured } = this.request
    const { step } = this.progress
    const last = step === config.steps
    const due = (every: number): boolean => last || step % every === 0
    const scoring = scoreKind !== null && this.request.heldOut.length > 0 && due(config.validateEvery)
    const score = scoring ? await this.apart(() => scoreHeldOut(this.viewer, scoreKind)) : null
    const better = score !== null && (this.progress.best === null || score > this.progress.best)
    if (score !== null) {
      this.progress = { ...this.progress, best: better ? score : this.progress.best, scoresSinceBest: better ? 0 : this.progress.scoresSinceBest + 1 }
      this.call.onEvent({ type: 'score', point: { step, score } })
    }
    const early = score !== null && config.patience !== null && this.progress.scoresSinceBest >= config.patience
    if (pictured.length > 0 && due(config.sampleEvery)) await this.apart(() => takePictures(this.viewer, step, this.call.onEvent))
    if (better || early || due(config.checkpointEvery)) await this.save(score, better)
    if (last) this.warnOfDroppedVotes()
    return early && !last
  }

  private async save(score: number | null, better: boolean): Promise<void> {
    const { step } = this.progress
    if (this.savedStep === step) return
    const { artifactsRoot } = this.request
    const checkpoint: SavedCheckpoint = await this.apart(() => this.thread.ask('save', { artifactsRoot, progress: this.progress }))
    this.saved = checkpoint.state
    this.savedStep = step
    // without scores the newest is the best
    const best = better || this.request.scoreKind === null || this.request.heldOut.length === 0
    this.call.onEvent({ type: 'checkpoint', step, ...checkpoint, loss: this.loss, score, best })
  }

  /** Work that is no training: its time counts neither as speed nor as waiting. */
  private async apart<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = await this.pace.apart(work)
    this.call.signal.throwIfAborted()
    return result
  }

  /** Arranges for another try, or throws what cannot be helped. */
  private recover(error: unknown): void {
    if (!(error instanceof TrainingFailure)) throw error
    if (error.kind === 'memory' && this.batch > 1) this.halve(`Memory was short (${error.message})`)
    else if (this.provider !== 'cpu') {
      this.parts.failedProviders[this.provider] = error.message
      this.fallBack(error.message)
    } else throw this.hopeless(error)
  }

  private halve(why: string): void {
    const before = this.batch
    this.batch = Math.floor(before / 2)
    this.accumulate = Math.ceil((before * this.accumulate) / this.batch)
    const { batch, accumulate } = this
    const message = `${why}: it goes on with batches of ${batch}, ${accumulate} of which make an update.`
    this.call.onEvent({ type: 'batch', batch, accumulate, message })
  }

  private fallBack(why: string): void {
    this.call.onEvent({ type: 'warning', message: `${this.provider} failed and the CPU took over: ${why}` })
    this.provider = 'cpu'
  }

  private hopeless({ kind, message }: TrainingFailure): StudioError {
    const { config: { height, width }, architecture } = this.request
    const student = architecture.kind === 'onnx' ? architecture.name : architecture.size
    if (kind === 'runtime') return new StudioError('bad-model', `onnxruntime cannot train ${student}: ${message}`)
    return new StudioError('bad-input', `One panorama of ${height}x${width} at a time is too much for the memory of this machine when ${student} is trained (${message}). Choose a smaller training size or a smaller student.`)
  }

  private warnOfDroppedVotes(): void {
    const share = this.samples?.droppedVotes() ?? 0
    if (share < MANY_DROPPED_VOTES) return
    this.call.onEvent({ type: 'warning', message: `${Math.round(100 * share)} % of the windows' votes were for a third class of their pixel and did not count.` })
  }

  async close(): Promise<void> {
    await this.samples?.close()
    await this.thread.ask('close', null).catch(() => {})
    await this.thread.end()
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GB`
}
