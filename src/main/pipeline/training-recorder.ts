import type { DistillationRun, LossPoint, ScorePoint } from '../../contract/training-schemas.ts'
import type { TrainEvent } from '../engine/training-protocol.ts'
import type { JobContext } from '../jobs/job-handler.ts'
import { createThrottle } from '../jobs/throttle.ts'
import { addCheckpoint, pruneCheckpoints } from '../store/checkpoints.ts'
import type { WriteDb } from '../store/database.ts'
import { addDistillationWarning, getDistillation, updateDistillation } from '../store/distillations.ts'
import { addLossPoints, dropLossPointsAfter } from '../store/loss-points.ts'
import { addScorePoint, dropScorePointsAfter } from '../store/score-points.ts'
import { findStudentOf } from '../store/students.ts'
import { addTrainingSample, dropTrainingSamplesAfter } from '../store/training-samples.ts'
import type { DistilTools } from './distil-tools.ts'
import { giveWeights } from './distilled-student.ts'
import { thisMachine } from './this-machine.ts'

/** Writes down what a training tells: rows in the order of its events, and what windows show meanwhile. */
export interface TrainingRecorder {
  /** Throws `storage` where a row cannot be written: the training must end then. */
  record(event: TrainEvent): void
  /** writes the points that wait */
  flush(): void
  /** resolves when nothing is written or removed any more */
  close(): Promise<void>
}

/** Points reach the disk at every score, picture and checkpoint, and at the latest after this. */
const WRITE_EVERY_MS = 500
/** Windows hear of points so often. */
const TELL_EVERY_MS = 100

type Recorded<Type extends TrainEvent['type']> = Extract<TrainEvent, { readonly type: Type }>

export function createTrainingRecorder(tools: DistilTools, { run: { id, config, task }, context }: { readonly run: DistillationRun; readonly context: JobContext }): TrainingRecorder {
  const { store, artifacts, changes, training } = tools
  let waiting: LossPoint[] = []
  let last: { readonly point: LossPoint; readonly waitShare: number } | null = null
  let score: ScorePoint | null = null
  /** images of an update: halving the batch may change it */
  let images = getDistillation(store.read, id).batch * getDistillation(store.read, id).accumulate
  let failure: unknown = null
  let removing: Promise<unknown> = Promise.resolve()

  const writer = createThrottle(WRITE_EVERY_MS, () => {
    try {
      flush()
    } catch (error) {
      // the next event ends the training with it
      failure = error
    }
  })
  const teller = createThrottle(TELL_EVERY_MS, tell)

  function flush(): void {
    // no finished item: only a checkpoint is work that a crash does not undo
    if (waiting.length === 0) return
    store.transaction(writePoints)
    context.checkpoint({ done: last?.point.step })
  }

  function writePoints(db: WriteDb): void {
    addLossPoints(db, id, waiting)
    waiting = []
    if (last === null) return
    updateDistillation(db, id, { step: last.point.step, imagesPerSecond: last.point.imagesPerSecond, waitShare: last.waitShare })
  }

  function tell(): void {
    if (last === null && score === null) return
    training.emit({ distillationId: id, point: last?.point ?? null, score, jobState: 'running', message: last === null ? '' : messageOf(last.point, images), etaSeconds: etaOf(last?.point ?? null) })
  }

  function etaOf(point: LossPoint | null): number | null {
    return point === null || point.imagesPerSecond <= 0 ? null : ((config.steps - point.step) * images) / point.imagesPerSecond
  }

  const handlers: { readonly [Type in TrainEvent['type']]: (event: Recorded<Type>) => void } = {
    started({ provider, parameters, peakBytes, step }) {
      waiting = []
      last = null
      context.checkpoint({ done: step }, (db) => {
        // what was computed behind the checkpoint is computed again
        dropLossPointsAfter(db, id, step)
        dropScorePointsAfter(db, id, step)
        dropTrainingSamplesAfter(db, id, step)
        updateDistillation(db, id, { step, actualProvider: provider, machine: thisMachine(), parameters, estimatedPeakBytes: peakBytes })
      })
      context.progress({ message: task === 'distil' ? 'training' : 'refining the TA' })
      context.log('info', `Training on ${provider} from step ${step}.`)
      changes.emit('distillations', id)
    },
    point({ point, waitShare }) {
      waiting.push(point)
      last = { point, waitShare }
      if (point.imagesPerSecond > 0) context.itemTook((1000 * images) / point.imagesPerSecond)
      context.progress({ message: `${task === 'distil' ? '' : 'refining the TA: '}${messageOf(point, images)}` })
      writer.request()
      teller.request()
    },
    score({ point }) {
      score = point
      store.transaction((db) => {
        writePoints(db)
        addScorePoint(db, id, point)
      })
      teller.request()
      changes.emit('distillations', id)
    },
    sample(event) {
      store.transaction((db) => {
        writePoints(db)
        addTrainingSample(db, id, event)
      })
      changes.emit('distillations', id)
    },
    checkpoint(saved) {
      let unnamed: string[] = []
      context.checkpoint({ done: saved.step }, (db) => {
        writePoints(db)
        const checkpoint = addCheckpoint(db, { ...saved, distillationId: id })
        if (task === 'distil' && (saved.best || findStudentOf(db, id) === null)) giveWeights(db, getDistillation(db, id), checkpoint, tools.version)
        unnamed = pruneCheckpoints(db, id, config.keepCheckpoints)
      })
      // the rows are gone: a file that cannot be removed now is left to the collector
      const remove = async (): Promise<void> => {
        for (const hash of unnamed) await artifacts.remove(hash)
      }
      removing = removing.then(remove).catch((error: unknown) => context.log('warn', String(error)))
      changes.emit('distillations', id)
      const student = findStudentOf(store.read, id)
      if (student !== null) changes.emit('students', student.id)
    },
    batch({ batch, accumulate, message }) {
      images = batch * accumulate
      store.transaction((db) => {
        updateDistillation(db, id, { batch, accumulate })
        addDistillationWarning(db, id, message)
      })
      context.log('warn', message)
      changes.emit('distillations', id)
    },
    warning({ message }) {
      store.transaction((db) => addDistillationWarning(db, id, message))
      context.log('warn', message)
      changes.emit('distillations', id)
    },
  }

  return {
    record(event) {
      if (failure !== null) throw failure
      const handler = handlers[event.type] as (event: TrainEvent) => void
      handler(event)
    },
    flush,
    async close() {
      writer.close()
      teller.close()
      tell()
      await removing
    },
  }
}

function messageOf({ step, loss, imagesPerSecond }: LossPoint, images: number): string {
  return `step ${step}, loss ${loss.toFixed(4)}, ${(imagesPerSecond / images).toPrecision(2)} steps/s`
}
