import { expect, test } from 'vitest'
import type { Panorama, Projection } from '../../../../contract/schemas.ts'
import { projectionChanges, projectionProblem, sharedProjection } from './projection.ts'

const panorama = (id: string, projection: Partial<Projection>): Panorama => ({
  id, datasetId: 'd', name: id, split: 'default', width: 2048, height: 1024, fileSha256: '', image: '', imageBytes: 0,
  mediaType: 'image/jpeg', truth: null, warnings: [],
  projection: { kind: 'equirectangular', hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0, cyclic: true, source: 'aspect', ...projection },
})

test('what differs is null', () => {
  const shared = sharedProjection([panorama('a', {}), panorama('b', { vfovDeg: 70, source: 'user' })])
  expect(shared).toEqual({ hfovDeg: 360, vfovDeg: null, horizonOffsetPx: 0, cyclic: true, source: null })
})

test('an edit of one field leaves the others as they were, in as few changes as possible', () => {
  const three = [panorama('a', { vfovDeg: 70 }), panorama('b', { vfovDeg: 90 }), panorama('c', { vfovDeg: 70, source: 'user' })]
  const changes = projectionChanges(three, { horizonOffsetPx: 12 })
  expect(changes.map(({ panoramaIds, projection }) => [panoramaIds, projection.vfovDeg, projection.horizonOffsetPx])).toEqual([
    [['a', 'c'], 70, 12], [['b'], 90, 12],
  ])
  expect(changes[0].projection).not.toHaveProperty('source')
})

test('part of a turn cannot wrap', () => {
  expect(projectionProblem({ hfovDeg: 220, cyclic: true })).toMatch(/full turn/)
  expect(projectionProblem({ hfovDeg: 220, cyclic: false })).toBeNull()
  expect(projectionProblem({ hfovDeg: null, cyclic: true })).toBeNull()
  expect(projectionProblem({ hfovDeg: 360, cyclic: true })).toBeNull()
})
