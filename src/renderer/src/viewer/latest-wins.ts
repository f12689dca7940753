/**
 * One request under way, at most one waiting: the newest. What a dragged slider needs, since answers to positions it has
 * left already are worth nothing.
 */
export interface LatestWins<Request> {
  /** starts at once when idle, otherwise takes the place of whatever waits */
  ask(request: Request): void
  /** the request under way is answered: starts the waiting one, if any */
  finished(): void
  /** forgets the waiting request; the one under way still has to finish */
  clear(): void
  /** something is under way or waiting */
  busy(): boolean
}

export function latestWins<Request>(start: (request: Request) => void): LatestWins<Request> {
  let underWay = false
  let waiting: { request: Request } | null = null
  return {
    ask(request) {
      if (underWay) {
        waiting = { request }
        return
      }
      underWay = true
      start(request)
    },
    finished() {
      underWay = false
      if (!waiting) return
      const { request } = waiting
      waiting = null
      underWay = true
      start(request)
    },
    clear() {
      waiting = null
    },
    busy: () => underWay || waiting !== null,
  }
}
