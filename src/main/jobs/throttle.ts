export interface Throttle {
  /** calls soon (never inside the caller's transaction), or at the end of the current interval: the last state is always told */
  request(): void
  /** no call after this */
  close(): void
}

/** Limits the calls of `work` to one per interval (milliseconds). */
export function createThrottle(interval: number, work: () => void): Throttle {
  let timer: NodeJS.Timeout | null = null
  let asked = false
  let closed = false

  function pass(): void {
    asked = false
    timer = setTimeout(() => {
      timer = null
      if (asked) pass()
    }, interval)
    // progress alone keeps no process alive
    timer.unref()
    queueMicrotask(() => {
      if (!closed) work()
    })
  }

  return {
    request() {
      if (closed) return
      if (timer === null) pass()
      else asked = true
    },
    close() {
      closed = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}
