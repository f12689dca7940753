import type { TrainEvent } from './training-protocol.ts'

/** At most ten messages a second, however quick the steps are. */
const INTERVAL_MS = 100

export interface EventQueue {
  readonly add: (event: TrainEvent) => void
  /** sends what waits */
  flush(): void
}

/** Points of the curve travel together; whatever else happens is sent at once. Nothing is lost, the order is kept. */
export function createEventQueue(send: (events: readonly TrainEvent[]) => void, intervalMs = INTERVAL_MS): EventQueue {
  let waiting: TrainEvent[] = []
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    const events = waiting
    waiting = []
    send(events)
  }

  return {
    add(event) {
      waiting.push(event)
      if (event.type !== 'point') flush()
      else timer ??= setTimeout(flush, intervalMs)
    },
    flush,
  }
}
