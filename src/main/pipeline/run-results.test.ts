import { expect, test } from 'vitest'
import { addTestRun, makeWorkspace } from '../store/workspace.fixture.ts'
import { allResults } from './run-results.ts'

test('all results of a run come in natural order of the names, and the event loop turns between the pages', async () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const names = Array.from({ length: 450 }, (_, i) => `p${i}`)
  const { run } = store.transaction((db) => addTestRun(db, names.toReversed()))
  let turns = 0
  const turn = (): void => {
    turns++
    pending = setImmediate(turn)
  }
  let pending = setImmediate(turn)
  const results = await allResults(store, run)
  clearImmediate(pending)
  expect(results.map(({ name }) => name)).toEqual(names)
  expect(turns).toBeGreaterThanOrEqual(2)
})
