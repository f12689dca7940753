import { createListeners } from './listeners.ts'
import type { ViewerState, ViewerTimings } from './types.ts'

/** The viewer's state, told once per turn of the event loop however often it changed in it. */
export interface StateStore {
  get(): ViewerState
  set(change: Partial<Omit<ViewerState, 'timings'>> & { timings?: Partial<ViewerTimings> }): void
  /** called at once too */
  listen(listener: (state: ViewerState) => void): () => void
}

const START: ViewerState = {
  image: 'empty', imageProgress: 1, artifacts: 'empty', fusion: 'empty', gpu: 'ready', error: null,
  timings: { imageMs: null, prepareMs: null, fuseMs: null, uploadMs: null, fusionLatencyMs: null },
}

export function createStateStore(): StateStore {
  const listeners = createListeners<ViewerState>()
  let state = START
  let telling = false
  return {
    get: () => state,
    set(change) {
      // the same object while nothing was timed: listeners may compare
      const timings = change.timings ? { ...state.timings, ...change.timings } : state.timings
      state = { ...state, ...change, timings }
      if (telling) return
      telling = true
      queueMicrotask(() => {
        telling = false
        listeners.tell(state)
      })
    },
    listen(listener) {
      const end = listeners.add(listener)
      listener(state)
      return end
    },
  }
}
