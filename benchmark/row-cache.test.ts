import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { completeConfig } from '../src/main/pipeline/distillation-defaults.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { trainingConfig } from './measure.ts'
import type { Measurement } from './measurement.ts'
import { keyOf, lineOf, openRowCache, type Making } from './row-cache.ts'
import { ROWS } from './rows.ts'
import { SIZES } from './sizes.ts'
import { ROWS_VERSION } from './stage-versions.ts'

const FOUND: Omit<Measurement, 'key' | 'name'> = {
  seed: null, miou: 0.5, pixelAccuracy: 0.8, solidAngleMiou: 0.45, boundaryF: null, seam: null, latitude: [], perClass: [], panoramas: 2,
  parameters: null, msPerPanorama: null, seconds: 1, at: '2026-11-01T00:00:00.000Z', machine: 'two cores', made: { a: 1 },
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let path: string
beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'work', 'rows.jsonl')
})
afterEach(() => folder.remove())

describe('openRowCache', () => {
  it('what was added is there when it is opened again; of one key the newest', async () => {
    const cache = await openRowCache(path)
    expect(cache.all()).toEqual([])
    await cache.add({ ...FOUND, key: 'a', name: 'one' })
    await cache.add({ ...FOUND, key: 'b', name: 'two' })
    await cache.add({ ...FOUND, key: 'a', name: 'one', miou: 0.6 })
    const again = await openRowCache(path)
    expect(again.all().map(({ key, miou }) => [key, miou])).toEqual([['a', 0.6], ['b', 0.5]])
    expect(again.find('c')).toBeNull()
  })

  it('a line that a killed process cut off is left out, and does not swallow the next', async () => {
    const cache = await openRowCache(path)
    await cache.add({ ...FOUND, key: 'a', name: 'one' })
    await appendFile(path, '{"key":"b","name":"tw')
    const again = await openRowCache(path)
    await again.add({ ...FOUND, key: 'c', name: 'three' })
    expect((await openRowCache(path)).all().map(({ key }) => key)).toEqual(['a', 'c'])
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(4)
  })

  it('measurements of other files are found, too, and stay where they are; its own count more', async () => {
    const other = join(folder.path, 'other.jsonl')
    await writeFile(other, [{ ...FOUND, key: 'a', name: 'one', miou: 0.1 }, { ...FOUND, key: 'b', name: 'two' }].map(lineOf).join(''))
    await (await openRowCache(path)).add({ ...FOUND, key: 'a', name: 'one' })
    const cache = await openRowCache(path, [other, join(folder.path, 'missing.jsonl')])
    expect([cache.find('a')?.miou, cache.find('b')?.miou]).toEqual([0.5, 0.5])
    expect((await openRowCache(path)).find('b')).toBeNull()
  })

  it('lines of another layout are left out', async () => {
    await openRowCache(path)
    await writeFile(path, '{"key":"a"}\nnull\n[]\n')
    expect((await openRowCache(path)).all()).toEqual([])
  })
})

function making(name: string, changes: Partial<Making> = {}): Making {
  return {
    subject: ROWS.find((row) => row.name === name)!.subject, size: SIZES.quick, world: 'w', models: { sam: 's', ta: 't', source: 'o' }, seed: 1, ...changes,
  }
}

function differs(name: string, changes: Partial<Making>): boolean {
  return keyOf(making(name, changes)) !== keyOf(making(name))
}

describe('keyOf', () => {
  it('is the same for the same', () => {
    expect(keyOf(making('goodsam'))).toBe(keyOf(structuredClone(making('goodsam'))))
    expect(keyOf(making('mka-image'))).toBe(keyOf(making('self-training')))
  })

  it('no two rows share one, but for the row that is another', () => {
    const keys = ROWS.filter(({ name }) => name !== 'mka-image').map(({ name }) => keyOf(making(name)))
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('changes with what makes the row, and with nothing else', () => {
    const models = { sam: 's', ta: 't', source: 'o' }
    const steps = { ...SIZES.quick, student: { ...SIZES.quick.student, steps: 41 } }
    expect(['world', 'sam', 'ta', 'source', 'seed', 'steps'].map((what) => ['goodsam', 'self-training', 'labels-goodsam', 'ta-direct', 'source-only', 'supervised'].filter((name) => differs(name, {
      world: { world: 'v' }, sam: { models: { ...models, sam: 'x' } }, ta: { models: { ...models, ta: 'x' } }, source: { models: { ...models, source: 'x' } },
      seed: { seed: 2 }, steps: { size: steps },
    }[what] ?? {})))).toEqual([
      ['goodsam', 'self-training', 'labels-goodsam', 'ta-direct', 'source-only', 'supervised'],
      ['goodsam', 'labels-goodsam'],
      ['goodsam', 'self-training', 'labels-goodsam', 'ta-direct'],
      ['goodsam', 'self-training', 'source-only', 'supervised'],
      ['goodsam', 'self-training', 'supervised'],
      ['goodsam', 'self-training', 'supervised'],
    ])
  })

  it('changes with the recipe that the labels are made by', () => {
    const kept = ROWS.filter(({ subject }) => {
      const other = structuredClone(subject)
      const labels = 'of' in other ? other.of.labels : 'labels' in other ? other.labels : 'truth'
      if (typeof labels !== 'string') Object.assign(labels.config, { contextWeight: 0.123 })
      return keyOf(making('goodsam', { subject: other })) === keyOf(making('goodsam', { subject }))
    })
    expect(new Set(kept.map(({ subject }) => (subject.kind === 'student' ? subject.labels : subject.kind)))).toEqual(new Set(['truth', 'perfect-masks', 'source', 'ta']))
  })

  it('rests on these defaults of the product: whoever changes one raises ROWS_VERSION, since no key says it', () => {
    const { subject } = making('goodsam')
    if (subject.kind !== 'student') throw new Error('The row "goodsam" is no student.')
    const asked = trainingConfig(subject, SIZES.large, 1) ?? {}
    const config = completeConfig({ steps: SIZES.large.student.steps }, { panorama: SIZES.large, init: 'file' })
    expect({ version: ROWS_VERSION, ...Object.fromEntries(Object.entries(config).filter(([name]) => !(name in asked))) }).toEqual({
      version: 1, accumulate: 1, weightDecay: 1e-4, warmupSteps: 120, schedule: 'polynomial', clipNorm: 1, emaDecay: null, acceptedWeight: 2,
      augmentation: { yaw: true, flip: true, jitter: 0.3, scale: [1, 1.5] }, windowsPerSample: null, patience: null, taRefinement: null,
    })
  })
})
