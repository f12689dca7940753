/** Items whose durations count: the last ones, so that the rate follows a change of settings or of the machine's load. */
const WINDOW = 20

export interface ItemRate {
  add(milliseconds: number): void
  /** null until an item was computed */
  itemsPerMinute(): number | null
  /** seconds for so many items more (a fraction for the one in work); null until an item was computed */
  secondsFor(items: number): number | null
}

/** The speed of the last items of this attempt. Items from a cache are not added: they say nothing about the next one. */
export function createItemRate(): ItemRate {
  const durations: number[] = []
  const mean = (): number | null =>
    durations.length === 0 ? null : durations.reduce((sum, duration) => sum + duration, 0) / durations.length
  return {
    add(milliseconds) {
      durations.push(Math.max(1, milliseconds))
      if (durations.length > WINDOW) durations.shift()
    },
    itemsPerMinute() {
      const milliseconds = mean()
      return milliseconds === null ? null : 60_000 / milliseconds
    },
    secondsFor(items) {
      const milliseconds = mean()
      return milliseconds === null ? null : (Math.max(0, items) * milliseconds) / 1000
    },
  }
}
