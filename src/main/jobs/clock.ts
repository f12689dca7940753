import { setTimeout as wait } from 'node:timers/promises'

/** Time as the runner sees it; a test gives its own. */
export interface Clock {
  /** milliseconds since 1970 */
  now(): number
  /** resolves after so many milliseconds; rejects with the signal's reason when it aborts */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const REAL_CLOCK: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal) {
    try {
      await wait(milliseconds, undefined, { signal })
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  },
}
