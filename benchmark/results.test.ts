import { describe, expect, it } from 'vitest'
import type { Measurement } from './measurement.ts'
import { commandOf, deviationOf, meanOf, toRow } from './results.ts'
import { ROWS } from './rows.ts'
import { SIZES } from './sizes.ts'

const SPEC = ROWS.find(({ name }) => name === 'goodsam')!

function measurement(changes: Partial<Measurement> = {}): Measurement {
  return {
    key: 'k', name: 'goodsam', seed: 1, miou: 0.5, pixelAccuracy: 0.8, solidAngleMiou: 0.45, boundaryF: 0.3, seam: 0.9,
    latitude: [{ fromDeg: -30, toDeg: 0, miou: 0.4 }], perClass: [{ trainId: 0, name: 'road', iou: 0.9 }, { trainId: 16, name: 'train', iou: null }],
    panoramas: 2, parameters: 3_700_000, msPerPanorama: 100, seconds: 10, at: '2026-11-01T00:00:00.000Z', machine: 'two cores', made: {}, ...changes,
  }
}

describe('toRow', () => {
  it('means over the seeds in percent, with the standard deviation of a sample', () => {
    const row = toRow(SPEC, SIZES.full, [
      measurement({ miou: 0.5, boundaryF: null }),
      measurement({ seed: 2, miou: 0.52, perClass: [{ trainId: 0, name: 'road', iou: 0.7 }, { trainId: 16, name: 'train', iou: 0.2 }], msPerPanorama: 120, at: '2026-11-02T00:00:00.000Z' }),
      measurement({ seed: 3, miou: 0.54, boundaryF: 0.5 }),
    ])
    expect(row.miou).toBeCloseTo(52, 10)
    // deviations -2, 0, 2: (4 + 0 + 4) / 2 = 4
    expect(row.spread).toBeCloseTo(2, 10)
    expect(row.boundaryF).toBeCloseTo(40, 10)
    expect(row.perClass.map(({ iou }) => iou)).toEqual([expect.closeTo(83.333, 2), expect.closeTo(20, 10)])
    expect(row.msPerPanorama).toBeCloseTo(320 / 3, 10)
    expect(row).toMatchObject({ at: '2026-11-02T00:00:00.000Z', seconds: 30, on: 'evaluation', seeds: [{ seed: 1 }, { seed: 2 }, { seed: 3 }] })
  })

  it('one seed has no spread', () => {
    expect(toRow(SPEC, SIZES.full, [measurement()]).spread).toBeNull()
  })

  it('what nobody measured is no row', () => {
    expect(() => toRow(SPEC, SIZES.full, [])).toThrow(/goodsam was not measured/)
  })
})

it('the command that makes a row again names its seeds where they are not the size\'s own', () => {
  expect(commandOf(SPEC, SIZES.full, 3)).toBe('npm run -s benchmark -- --size full --only goodsam')
  expect(commandOf(SPEC, SIZES.medium, 3)).toBe('npm run -s benchmark -- --size medium --only goodsam --seeds 3')
})

it('means leave out what is not there', () => {
  expect(meanOf([1, null, 3])).toBe(2)
  expect(meanOf([null])).toBeNull()
  expect(deviationOf([5])).toBeNull()
})
