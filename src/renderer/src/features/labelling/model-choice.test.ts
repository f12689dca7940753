import { expect, test } from 'vitest'
import type { BuiltinModel } from '../../../../contract/generated-schemas.ts'
import { modelLabel, preselected, strangers, type Offered } from './model-choice.ts'

const BUILTIN: Offered['builtin'] = [builtin('sam', 'nano'), builtin('ta', 'street'), builtin('init', 'mit'), { kind: 'sam', modelId: null }]
const REAL = { generated: null }
const GENERATED = { generated: { seed: 1, style: 'target', width: 256, height: 128, vfovDeg: 180 } } as const

const [NANO, STREET, MIT] = [model('nano', 'sam'), model('street', 'ta'), model('mit', 'ta')]
const [SLIM, B0, B5] = [model('slim', 'sam'), model('b0', 'ta'), model('b5', 'ta')]

function builtin(kind: BuiltinModel['kind'], modelId: string): Offered['builtin'][number] {
  return { kind, modelId }
}

function model(id: string, kind: 'sam' | 'ta'): Offered['models'][number] {
  return { id, name: `${id}!`, kind }
}

function choice(models: Offered['models'], dataset: Offered['dataset']): readonly [string | null, string | null] {
  const offered = { models, builtin: BUILTIN, dataset }
  return [preselected(offered, 'sam'), preselected(offered, 'ta')]
}

test('for real streets models that are not built in come first, in the order of the list', () => {
  expect(choice([NANO, MIT, STREET, B0, B5, SLIM], REAL)).toEqual(['slim', 'b0'])
})

test('for generated streets those that know them do', () => {
  expect(choice([SLIM, B0, MIT, STREET, NANO], GENERATED)).toEqual(['nano', 'street'])
})

test('what there is is chosen where nothing fits, first weights last of all', () => {
  expect(choice([MIT, STREET, NANO], REAL)).toEqual(['nano', 'street'])
  expect(choice([MIT, B0, SLIM], GENERATED)).toEqual(['slim', 'b0'])
  expect(choice([MIT], REAL)).toEqual([null, 'mit'])
  expect(choice([MIT, B0], undefined)).toEqual([null, 'b0'])
})

test('built-in models say so where they are chosen', () => {
  expect([NANO, MIT, B0].map((one) => modelLabel(one, BUILTIN))).toEqual(['nano! (built in)', 'mit! (built in, first weights)', 'b0!'])
})

test('who does not know the streets of a dataset is named, if chosen', () => {
  const models = [NANO, MIT, STREET, B0, SLIM]
  expect(strangers({ models, builtin: BUILTIN, dataset: REAL }, ['nano', 'street'])).toEqual(['nano!', 'street!'])
  expect(strangers({ models, builtin: BUILTIN, dataset: REAL }, ['nano', 'b0'])).toEqual(['nano!'])
  expect(strangers({ models, builtin: BUILTIN, dataset: REAL }, ['slim', 'b0'])).toEqual([])
  expect(strangers({ models, builtin: BUILTIN, dataset: GENERATED }, ['nano', 'street'])).toEqual([])
})
