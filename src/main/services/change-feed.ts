import type { Change } from '../../contract/schemas.ts'
import { createFeed, type Feed } from './feed.ts'

/** Tells the windows which queries are stale. */
export interface ChangeFeed {
  emit(area: Change['area'], id?: string | null): void
  readonly listen: Feed<Change>['listen']
}

export function createChangeFeed(): ChangeFeed {
  const feed = createFeed<Change>()
  return { emit: (area, id = null) => feed.emit({ area, id }), listen: feed.listen }
}
