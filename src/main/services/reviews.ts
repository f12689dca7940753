import type { Implementation } from '../../contract/procedures.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import { getResult } from '../store/panorama-results.ts'
import { appendReview } from '../store/reviews.ts'
import type { ServiceContext } from './context.ts'

export function reviewServices({ store, changes }: ServiceContext): Pick<Implementation, 'reviews.set'> {
  return {
    'reviews.set': ({ run, panoramaId, verdict }) => {
      const { id: runId } = getLabellingRun(store.read, run)
      store.transaction((db) => appendReview(db, { runId, panoramaId }, verdict))
      changes.emit('reviews', runId)
      return getResult(store.read, runId, panoramaId)
    },
  }
}
