import { StudioError, toWireError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import { DEFAULT_TOUR_SETTINGS, TOUR_STEPS, type Tour } from '../../contract/tour-schemas.ts'
import { addTour, lastTour, updateTour, type TourRecord } from '../store/tours.ts'
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

  async function advance(): Promise<void> {
    const tour = lastTour(store.read)
    if (ended || tour === null || tour.state !== 'running') return
    const step = TOUR_STEPS.find((each) => !isOver(context, tour, each))
    if (step === undefined) {
      change(tour.id, { state: 'done', finishedAt: new Date().toISOString() })
      return
    }
    if (tour.jobs[step] !== undefined || tour.skipped.includes(step) || tour.error !== null) return
    try {
      const begun = await BEGIN[step]({ context, calls }, tour)
      change(tour.id, begun.length > 0 ? { jobs: { ...tour.jobs, [step]: [...begun] } } : { skipped: [...tour.skipped, step] })
    } catch (error) {
      change(tour.id, { error: toWireError(error).message })
      return
    }
    await advance()
  }

  const heard = new Map<string, string>()
  const endListening = jobs.onJob((job) => {
    const tour = lastTour(store.read)
    if (tour === null || tour.state !== 'running') return
    const step = TOUR_STEPS.find((each) => tour.jobs[each]?.includes(job.id))
    if (step === undefined) return
    if (step === 'label' && tour.firstLabelAt === null && job.done - job.failed > 0) change(tour.id, { firstLabelAt: new Date().toISOString() })
    const seen = `${job.state}/${job.stopping}`
    if (heard.get(job.id) === seen) return
    heard.set(job.id, seen)
    changes.emit('tour', tour.id)
    if (!isActive(job)) inTurn(advance).catch((error: unknown) => change(tour.id, { error: toWireError(error).message }))
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
        for (const job of jobsOf(context, tour, step)) if (isActive(job)) jobs.cancel(job.id)
        await inTurn(advance)
        return current()
      },
      'tour.stop': () => {
        const tour = latest()
        if (tour.state === 'running') {
          change(tour.id, { state: 'stopped' })
          for (const step of TOUR_STEPS) for (const job of jobsOf(context, tour, step)) if (isActive(job)) jobs.cancel(job.id)
        }
        return current()
      },
      'tour.goOn': async () => {
        const tour = latest()
        if (tour.state === 'done') throw new StudioError('conflict', 'The tour is done. Start another one.')
        change(tour.id, { state: 'running', error: null })
        for (const step of TOUR_STEPS.filter((each) => !tour.skipped.includes(each))) {
          for (const job of jobsOf(context, tour, step)) {
            if (job === null || job.state === 'done' || job.state === 'queued' || job.state === 'running') continue
            if (job.state === 'paused') jobs.resume(job.id)
            else jobs.retry(job.id)
            context.enqueue(job.id)
          }
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
