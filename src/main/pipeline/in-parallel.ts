/**
 * Works through the items, `limit` at a time, starting them in order. After a failure no new item is started; it is
 * thrown once the others have ended, so nothing of the batch still runs when this returns.
 */
export async function inParallel<Item>(items: Iterable<Item>, limit: number, work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]()
  let failed = false
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
      try {
        await work(next.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.max(1, limit) }, lane))
  const failure = lanes.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
}
