import type { PanoramaResult } from '../../../../contract/schemas.ts'

export type StripOrder = 'doubt' | 'name'

function byName(a: PanoramaResult, b: PanoramaResult): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true })
}

/** The review strip's order. By doubt: most doubtful first, what has no doubt yet (pending, failed) last, then by name. */
export function orderResults(results: readonly PanoramaResult[], order: StripOrder): readonly PanoramaResult[] {
  if (order === 'name') return results.toSorted(byName)
  return results.toSorted((a, b) => (b.doubt ?? -1) - (a.doubt ?? -1) || byName(a, b))
}

/**
 * The neighbour of a panorama in the strip, `step` 1 down or -1 up; with `wanted`, the nearest that is. null at the end.
 * Without a present one, the first from that end.
 */
export function neighbour(
  ordered: readonly PanoramaResult[], panoramaId: string | null, step: 1 | -1, wanted: (result: PanoramaResult) => boolean = () => true,
): PanoramaResult | null {
  const at = ordered.findIndex((result) => result.panoramaId === panoramaId)
  const from = at >= 0 ? at + step : step === 1 ? 0 : ordered.length - 1
  for (let index = from; index >= 0 && index < ordered.length; index += step) {
    if (wanted(ordered[index])) return ordered[index]
  }
  return null
}

/** Labelled and not reviewed: what a reviewer still has to look at. */
export function needsReview(result: PanoramaResult): boolean {
  return result.status === 'done' && result.review === null
}

export interface ReviewCounts {
  readonly accepted: number
  readonly rejected: number
  readonly open: number
  readonly pending: number
  readonly failed: number
}

export function countReviews(results: readonly PanoramaResult[]): ReviewCounts {
  const counts = { accepted: 0, rejected: 0, open: 0, pending: 0, failed: 0 }
  for (const { status, review } of results) {
    if (status !== 'done') counts[status] += 1
    else counts[review ?? 'open'] += 1
  }
  return counts
}
