import type { Panorama, Projection } from '../../../../contract/schemas.ts'

export type ProjectionEdit = Partial<Omit<Projection, 'source' | 'kind'>>

/** What all of them share; null where they differ. */
export function sharedProjection(panoramas: readonly Panorama[]): { readonly [K in keyof Omit<Projection, 'kind'>]: Projection[K] | null } {
  const shared = <K extends keyof Projection>(key: K): Projection[K] | null => {
    const values = new Set(panoramas.map(({ projection }) => projection[key]))
    const [value] = values
    return values.size === 1 ? value : null
  }
  return {
    hfovDeg: shared('hfovDeg'), vfovDeg: shared('vfovDeg'), horizonOffsetPx: shared('horizonOffsetPx'),
    cyclic: shared('cyclic'), source: shared('source'),
  }
}

export interface ProjectionChange {
  readonly panoramaIds: string[]
  readonly projection: Omit<Projection, 'source'>
}

/** The edit over each panorama's own values, one change for all that end up alike; untouched fields stay their own. */
export function projectionChanges(panoramas: readonly Panorama[], edit: ProjectionEdit): readonly ProjectionChange[] {
  const changes = new Map<string, ProjectionChange>()
  for (const { id, projection } of panoramas) {
    const { source: _, ...own } = projection
    const next = { ...own, ...edit }
    const key = JSON.stringify([next.hfovDeg, next.vfovDeg, next.horizonOffsetPx, next.cyclic])
    const change = changes.get(key)
    if (change === undefined) changes.set(key, { panoramaIds: [id], projection: next })
    else change.panoramaIds.push(id)
  }
  return [...changes.values()]
}

/** A full turn can wrap, less cannot: null when hfov and cyclic fit, else what is wrong. */
export function projectionProblem(projection: { readonly hfovDeg: number | null; readonly cyclic: boolean | null }): string | null {
  if (projection.cyclic === true && projection.hfovDeg !== null && projection.hfovDeg < 359.5) {
    return 'A panorama of less than a full turn has two edges: switch wrapping off, or set 360°.'
  }
  return null
}
