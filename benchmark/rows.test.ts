import { expect, it } from 'vitest'
import { RECIPES } from '../src/core/goodsam/config.ts'
import { layoutWindows } from '../src/core/goodsam/windows.ts'
import { trainingConfig } from './measure.ts'
import { chooseRows, effectiveLosses, isStartable, labelsAt, ROWS, settingsRead } from './rows.ts'
import { SIZES } from './sizes.ts'

const named = (name: string) => ROWS.find((row) => row.name === name)!
const labelsOf = (name: string) => {
  const { subject } = named(name)
  if (subject.kind !== 'labels') throw new Error(`${name} is no row of labels`)
  return subject.labels
}
const read = (name: string) => settingsRead(labelsOf(name))

it('every row has a name of its own', () => {
  expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length)
})

it('rows are chosen by name, by group and by parameter, in the table\'s order', () => {
  expect(chooseRows(['theta', 'goodsam', 'check']).map(({ name }) => name)).toEqual(['truth', 'goodsam', ...ROWS.filter(({ name }) => name.startsWith('theta=')).map(({ name }) => name)])
  expect(chooseRows(['baselines']).map(({ name }) => name)).toEqual(['source-only', 'ta-direct', 'ta-windows'])
  expect(() => chooseRows(['goodsam', 'nonsense'])).toThrow(/"nonsense".*Groups: check/s)
})

it('each term of the adaptation is added in turn; the image term alone is self-training', () => {
  const terms = (name: string) => {
    const { subject } = named(name)
    if (subject.kind !== 'student') throw new Error(`${name} is no student`)
    return Object.entries(effectiveLosses(subject)).filter(([, { on }]) => on).map(([term]) => term)
  }
  expect(named('mka-image').subject).toEqual(named('self-training').subject)
  expect(['mka-image', 'mka-window', 'mka-confident', 'goodsam'].map(terms)).toEqual([['image'], ['image', 'window'], ['image', 'window', 'confident'], ['image', 'window', 'confident', 'boundary']])
  expect(terms('supervised')).toEqual(['image'])
  // what is off is no part of a key: a default of the boundary changes nothing for self-training
  expect(named('self-training').subject).toMatchObject({ losses: { boundary: { on: false, weight: 1 } } })
})

it('the TA is refined in the row that says so, as long as the size says, and in no other', () => {
  const refinements = ROWS.flatMap(({ name, subject }) => (subject.kind === 'student' ? [[name, trainingConfig(subject, SIZES.medium, 1).taRefinement] as const] : []))
  expect(refinements.filter(([, refinement]) => refinement !== undefined)).toEqual([['goodsam-refined', { steps: SIZES.medium.refinementSteps, learningRate: 6e-5 }]])
})

it('theta and SAM settings are started by recipe; windows, weights and radii are not', () => {
  expect(['labels-goodsam', 'labels-goodsam++', 'labels-gnomonic', 'labels=ta', 'theta=0.3', 'points=8'].map((name) => isStartable(labelsOf(name)))).toEqual([true, true, true, true, true, true])
  expect(['below=ignore', 'context=0', 'window=0.125', 'stride=1'].map((name) => isStartable(labelsOf(name)))).toEqual([false, false, false, false])
})

it('every window layout that is tried covers a panorama', () => {
  for (const { subject } of ROWS) {
    if (subject.kind !== 'labels') continue
    const windows = layoutWindows({ widthPx: 1024, heightPx: 512, cyclic: true, projection: { hfovDeg: 360, vfovDeg: 180, horizonOffsetPx: 0 } }, subject.labels.config.windows)
    expect(windows.length).toBeGreaterThanOrEqual(4)
  }
})

it('the ablations leave the default as it is everywhere else', () => {
  expect(labelsOf('theta=0.9').config).toEqual({ ...RECIPES.goodsam, fusion: { ...RECIPES.goodsam.fusion, theta: 0.9 } })
  expect(labelsOf('context=1').config).toEqual({ ...RECIPES.goodsam, contextWeight: 1 })
})

it('what means what it always did, and what is not read, is no part of a key', () => {
  expect(read('shares=window')).not.toHaveProperty('config.fusion.shares')
  expect(read('labels=goodsam')).toHaveProperty('config.fusion.shares', 'panorama')
  expect(read('labels=goodsam')).not.toHaveProperty('config.fusion.uncovered')
  expect(read('uncovered=ignore')).toHaveProperty('config.fusion.uncovered', 'ignore')
  for (const part of ['shares', 'uncovered']) expect(read('labels=ta')).not.toHaveProperty(`config.fusion.${part}`)
})

it('what a size says of prompts holds where the row says nothing', () => {
  const size = { samSettings: { pointsPerSide: 6 } }
  expect(labelsAt(size, labelsOf('labels-goodsam')).samSettings).toEqual({ pointsPerSide: 6 })
  expect(labelsAt(size, labelsOf('points=16')).samSettings).toEqual({ pointsPerSide: 16 })
  expect(labelsAt(size, labelsOf('labels=ta')).samSettings).toEqual({})
})

it('every size names rows that there are', () => {
  for (const { rows } of Object.values(SIZES)) expect(chooseRows(rows).length).toBeGreaterThan(5)
})
