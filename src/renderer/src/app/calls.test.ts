import { expect, test } from 'vitest'
import { procedures } from '../../../contract/procedures.ts'
import { changeSchema } from '../../../contract/schemas.ts'
import { STALE } from './calls.ts'

/** Answers that no change of the workspace can make wrong; files.list is asked anew each time a dialog opens. */
const CONSTANT = ['files.list', 'recipes.list', 'distillations.defaults']
/** Fetched beside the cache, by what listens to the host itself: on.jobs, on.training, the form that asks. */
const LISTENED_FOR = ['jobs.log', 'distillations.curve', 'distillations.estimate']

test('every query is refreshed by some area, so that nothing on screen needs polling', () => {
  const refreshed = new Set<string>(Object.values(STALE).flat())
  const queries = Object.entries(procedures).filter(([, procedure]) => procedure.kind === 'query').map(([name]) => name)
  expect(queries.filter((name) => !refreshed.has(name)).sort()).toEqual([...CONSTANT, ...LISTENED_FOR].sort())
})

test('every area of change has a row', () => {
  expect(Object.keys(STALE).sort()).toEqual([...changeSchema.shape.area.options].sort())
})
