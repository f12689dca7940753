import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LabellingRun, PanoramaResult } from '../../contract/schemas.ts'
import type { Store } from '../store/open-store.ts'
import { listResults } from '../store/panorama-results.ts'

/** Results read in one turn of the event loop: about 5 ms. */
const PAGE = 200

/** Every result of a run, in natural order of the panoramas' names. Read in pages, so the event loop keeps turning. */
export async function allResults(store: Store, run: LabellingRun): Promise<PanoramaResult[]> {
  const results: PanoramaResult[] = []
  for (;;) {
    const page = listResults(store.read, run.id, { sort: 'name', offset: results.length, limit: PAGE })
    results.push(...page.results)
    if (page.results.length === 0 || results.length >= page.total) return results
    await nextTurn()
  }
}

/** Why a panorama has no pseudo-label yet: as a sentence that names it. */
export function unfinishedReason(result: PanoramaResult): { file: string; code: string; message: string } {
  const { name } = result
  return result.status === 'failed'
    ? { file: name, code: 'failed', message: `${name} could not be labelled: ${result.error ?? 'no reason was kept'} Retry the labelling job.` }
    : { file: name, code: 'pending', message: `${name} is not labelled yet. Let the labelling job finish.` }
}
