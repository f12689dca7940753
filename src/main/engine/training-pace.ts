/** How quick a training is, and how much of its time it waited for samples. */
export interface Pace {
  waited(milliseconds: number): void
  /** so many images went into the weights */
  updated(images: number): void
  /** does something else meanwhile: its time does not count */
  apart<Result>(work: () => Promise<Result>): Promise<Result>
  /** `imagesPerSecond`: of the last updates; `waitShare`: of all but the first, for which nothing could be prepared */
  now(): { readonly imagesPerSecond: number; readonly waitShare: number }
}

/** Updates that the speed is the mean of. */
const RECENT = 20

export function createPace(clock: () => number = () => performance.now()): Pace {
  const started = clock()
  /** milliseconds of other work so far */
  let elsewhere = 0
  const time = (): number => clock() - started - elsewhere
  const recent: { readonly at: number; readonly images: number }[] = [{ at: 0, images: 0 }]
  let waiting = 0
  let first: { readonly at: number; readonly waiting: number } | null = null
  return {
    waited(milliseconds) {
      waiting += milliseconds
    },
    updated(images) {
      recent.push({ at: time(), images })
      if (recent.length > RECENT + 1) recent.shift()
      first ??= { at: time(), waiting }
    },
    async apart(work) {
      const begun = clock()
      try {
        return await work()
      } finally {
        elsewhere += clock() - begun
      }
    },
    now() {
      const span = recent[recent.length - 1].at - recent[0].at
      const images = recent.slice(1).reduce((sum, update) => sum + update.images, 0)
      const sinceFirst = first === null ? 0 : time() - first.at
      return {
        imagesPerSecond: span > 0 ? (1000 * images) / span : 0,
        waitShare: first !== null && sinceFirst > 0 ? Math.min(1, (waiting - first.waiting) / sinceFirst) : 0,
      }
    },
  }
}
