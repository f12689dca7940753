import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { StudioError } from '../src/contract/errors.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import type { Finding } from './measurement.ts'
import { openRowCache } from './row-cache.ts'
import { chooseRows, type RowSpec } from './rows.ts'
import { runRows, type RunOptions } from './run-rows.ts'
import { SIZES } from './sizes.ts'

const FINDING: Finding = {
  miou: 0.5, pixelAccuracy: 0.8, solidAngleMiou: 0.4, boundaryF: null, seam: null, latitude: [], perClass: [], panoramas: 2, parameters: null, msPerPanorama: null,
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
/** "name/seed" of what was measured */
let measured: string[]
beforeEach(async () => {
  folder = await temporaryFolder()
  measured = []
})
afterEach(() => folder.remove())

async function options(changes: Partial<RunOptions> = {}): Promise<RunOptions> {
  return {
    size: SIZES.quick, seeds: 2, world: 'w', models: { sam: 's', ta: 't', source: 'o' }, cache: await openRowCache(join(folder.path, 'rows.jsonl')),
    signal: new AbortController().signal,
    measure: async ({ name }: RowSpec, seed: number) => {
      measured.push(`${name}/${seed}`)
      return { ...FINDING, miou: 0.5 + seed / 100 }
    },
    ...changes,
  }
}
const specs = chooseRows(['ta-direct', 'self-training', 'mka-image', 'goodsam'])

it('a seed of every row before the next; only trainings have several; what is shared is measured once', async () => {
  const { rows, measurements, failed } = await runRows(specs, await options())
  expect(measured).toEqual(['ta-direct/1', 'self-training/1', 'goodsam/1', 'self-training/2', 'goodsam/2'])
  expect(failed).toEqual([])
  expect(rows.map(({ name, seeds }) => [name, seeds.map(({ seed }) => seed)])).toEqual([['ta-direct', [1]], ['self-training', [1, 2]], ['goodsam', [1, 2]], ['mka-image', [1, 2]]])
  expect(rows[1].miou).toBeCloseTo(51.5, 10)
  expect(measurements.map(({ name, seed }) => [name, seed])).toEqual([['ta-direct', null], ['self-training', 1], ['self-training', 2], ['goodsam', 1], ['goodsam', 2]])
})

it('a run that was stopped goes on with what is missing', async () => {
  const ending = new AbortController()
  const before = await options({ signal: ending.signal })
  await expect(runRows(specs, {
    ...before,
    measure: async (spec, seed) => {
      const found = await before.measure(spec, seed)
      if (spec.name === 'self-training') ending.abort(new Error('Stopped.'))
      return found
    },
  })).rejects.toThrow('Stopped.')
  measured = []
  await runRows(specs, await options())
  expect(measured).toEqual(['goodsam/1', 'self-training/2', 'goodsam/2'])
})

it('a row that fails is named, and the others go on, but for those that share its measurement; a paused job ends the run', async () => {
  const base = await options()
  const { rows, failed } = await runRows(specs, {
    ...base,
    measure: async (spec, seed) => {
      if (spec.name === 'self-training') throw new Error('the disk is full')
      return base.measure(spec, seed)
    },
  })
  expect(failed).toMatchObject([1, 2].map((seed) => ({ name: 'self-training', seed, message: 'the disk is full' })))
  expect(rows.map(({ name }) => name)).toEqual(['ta-direct', 'goodsam'])
  const paused = await options({ world: 'other', measure: () => Promise.reject(new StudioError('cancelled', 'Paused.')) })
  await expect(runRows(specs, paused)).rejects.toThrow('Paused.')
})
