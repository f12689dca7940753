import { StudioError, toWireError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { Job } from '../../contract/schemas.ts'
import { DEFAULT_TOUR_SETTINGS, TOUR_STEPS, type Tour, type TourStepName } from '../../contract/tour-schemas.ts'
import { addTour, getTour, lastTour, updateTour, type TourRecord } from '../store/tours.ts'
import type { ServiceContext } from './context.ts'
import { describeTour, isActive, isOver, jobsOf } from './tour-state.ts'
import { BEGIN, whyNotSkipped, type TourCalls } from './tour-steps.ts'

type TourProcedures = 'tour.get' | 'tour.start' | 'tour.skip' | 'tour.stop' | 'tour.goOn'

export interface TourGuide {
  readonly procedures: Pick<Implementation, TourProcedures>
  /** Goes on with a tour that an ended process left. */
  wake(): void
  /** Resolves when nothing is being begun any more. */
  stop(): Promise<void>
}

/**
 * Leads through the whole job: begins a step when the jobs of the one before are done. How far it is follows from the jobs, so
 * that a reloaded window, another window and a restarted host see the same, and pausing or cancelling a job elsewhere is heard.
 */
export function createTourGuide(context: ServiceContext, calls: TourCalls): TourGuide {
  const { store, jobs, changes } = context
  let turn: Promise<void> = Promise.resolve()
  let ended = false

  /** One after the other: two jobs that end at once begin one step. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }
  const change = (id: string, patch: Partial<TourRecord>): TourRecord => {
    const tour = store.transaction((db) => updateTour(db, id, patch))
    changes.emit('tour', id)
    return tour
  }
  /** as it is now, not as it was before something was waited for */
  const reread = (id: string): TourRecord => getTour(store.read, id)

  /** Ends the jobs of a step. A training that is skipped pauses first: so it saves what it has learned, as its student. */
  function leave(tour: TourRecord, step: TourStepName): void {
    for (const job of jobsOf(context, tour, step).filter(isActive)) {
      const saves = job.kind === 'distil' && job.state === 'running' && job.stopping !== 'cancel' && tour.skipped.includes(step)
      if (saves) jobs.pause(job.id)
      else jobs.cancel(job.id)
    }
  }

  async function advance(): Promise<void> {
    const tour = lastTour(store.read)
    if (ended || tour === null) return
    // what paused to save is cancelled now
    for (const step of tour.skipped) leave(tour, step)
    if (tour.state !== 'running') return
    const step = TOUR_STEPS.find((each) => !isOver(context, tour, each))
    if (step === undefined) {
      change(tour.id, { state: 'done', finishedAt: new Date().toISOString() })
      return
    }
    if (tour.jobs[step] !== undefined || tour.skipped.includes(step) || tour.error !== null) return
    try {
      record(tour.id, step, await BEGIN[step]({ context, calls }, tour))
    } catch (error) {
      // what was skipped meanwhile is missed by nobody
      if (!reread(tour.id).skipped.includes(step)) {
        change(tour.id, { error: toWireError(error).message })
        return
      }
    }
    await advance()
  }

  /** Writes down what was begun, and ends it at once where it was stopped or skipped while it was being begun. */
  function record(id: string, step: TourStepName, begun: readonly string[]): void {
    const { jobs: earlier, skipped } = reread(id)
    const tour = change(id, begun.length > 0 ? { jobs: { ...earlier, [step]: [...begun] } } : { skipped: [...new Set([...skipped, step])] })
    if (tour.state !== 'running' || tour.skipped.includes(step)) leave(tour, step)
  }

  /** Makes a job of a tour go on, whatever halted it. One that is being cancelled ends before. */
  async function goOnWith(tourId: string, { id, stopping }: Job): Promise<void> {
    if (stopping === 'cancel') await jobs.settled(id)
    const job = jobs.get(id)
    if (job.state === 'done' || reread(tourId).state !== 'running') return
    if (isActive(job)) jobs.resume(id)
    else jobs.retry(id)
    context.enqueue(id)
  }

  const heard = new Map<string, string>()
  const endListening = jobs.onJob((job) => {
    const tour = lastTour(store.read)
    if (tour === null || tour.state === 'done') return
    const step = TOUR_STEPS.find((each) => tour.jobs[each]?.includes(job.id))
    if (step === undefined) return
    if (step === 'label' && tour.firstLabelAt === null && job.done - job.failed > 0) change(tour.id, { firstLabelAt: new Date().toISOString() })
    const seen = `${job.state}/${job.stopping}`
    if (heard.get(job.id) === seen) return
    heard.set(job.id, seen)
    changes.emit('tour', tour.id)
    if (job.state !== 'queued' && job.state !== 'running') inTurn(advance).catch((error: unknown) => change(tour.id, { error: toWireError(error).message }))
  })

  const latest = (): TourRecord => {
    const tour = lastTour(store.read)
    if (tour === null) throw new StudioError('not-found', 'There is no tour in this workspace. Start one.')
    return tour
  }
  const current = (): Tour => describeTour(context, latest())

  return {
    procedures: {
      'tour.get': () => ({ tour: lastTour(store.read) === null ? null : current() }),
      'tour.start': async (settings) => {
        const before = lastTour(store.read)
        if (before !== null && ['running', 'paused'].includes(current().state)) throw new StudioError('conflict', 'A tour is under way. Stop it first, or let it end.')
        const asked = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
        const tour = store.transaction((db) => addTour(db, { ...DEFAULT_TOUR_SETTINGS, ...asked }))
        changes.emit('tour', tour.id)
        await inTurn(advance)
        return current()
      },
      'tour.skip': async ({ step }) => {
        const tour = latest()
        const own = describeTour(context, tour).steps.find(({ name }) => name === step)
        // it ended while the button was pressed
        if (own?.state === 'done' || own?.state === 'skipped') return current()
        if (own === undefined || !own.canSkip) throw new StudioError('conflict', whyNotSkipped(context, step, tour) ?? 'Only the step that is under way can be skipped.')
        change(tour.id, { skipped: [...tour.skipped, step], state: 'running', error: null })
        await inTurn(advance)
        return current()
      },
      'tour.stop': () => {
        const tour = latest()
        if (tour.state === 'running') {
          change(tour.id, { state: 'stopped' })
          for (const step of TOUR_STEPS) leave(tour, step)
        }
        return current()
      },
      'tour.goOn': async () => {
        const tour = latest()
        if (tour.state === 'done') throw new StudioError('conflict', 'The tour is done. Start another one.')
        change(tour.id, { state: 'running', error: null })
        for (const step of TOUR_STEPS.filter((each) => !tour.skipped.includes(each))) {
          for (const job of jobsOf(context, tour, step)) if (job !== null) await goOnWith(tour.id, job)
        }
        await inTurn(advance)
        return current()
      },
    },
    wake() {
      inTurn(advance).catch(() => {})
    },
    async stop() {
      ended = true
      endListening()
      await turn
    },
  }
}
