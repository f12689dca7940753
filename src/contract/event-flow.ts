/**
 * The events of one subscription on their way to a subscriber that may be slow. At most `window` events are under way
 * unacknowledged; those after them wait, and one that waits is replaced by a newer one with the same key. Memory is
 * therefore bounded by window + number of keys, and the newest event of every key arrives in the end.
 */
export interface EventFlow<E> {
  push(event: E): void
  /** `count` more events were handled by the subscriber */
  acknowledge(count: number): void
  /** events that wait for credit */
  waiting(): number
}

export function createEventFlow<E>(options: {
  readonly window: number
  readonly keyOf: (event: E) => string
  readonly deliver: (event: E) => void
}): EventFlow<E> {
  const { window, keyOf, deliver } = options
  const backlog = new Map<string, E>()
  let underWay = 0

  const send = (event: E): void => {
    underWay++
    deliver(event)
  }
  return {
    push(event) {
      if (underWay < window) return send(event)
      const key = keyOf(event)
      // to the end: what waits is delivered in the order in which it last changed
      backlog.delete(key)
      backlog.set(key, event)
    },
    acknowledge(count) {
      underWay = Math.max(0, underWay - count)
      for (const [key, event] of backlog) {
        if (underWay >= window) break
        backlog.delete(key)
        send(event)
      }
    },
    waiting: () => backlog.size,
  }
}
