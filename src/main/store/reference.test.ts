import { expect, test } from 'vitest'
import { addDataset, getDataset } from './datasets.ts'
import { newId } from './ids.ts'
import { naturalKey } from './natural-key.ts'
import { editDistance, freeName, nearNames } from './reference.ts'
import { makeWorkspace } from './workspace.fixture.ts'

test('ids are short, prefixed and do not repeat', () => {
  const ids = Array.from({ length: 10_000 }, () => newId('run'))
  expect(new Set(ids).size).toBe(10_000)
  for (const id of ids) expect(id).toMatch(/^run_[0-9a-hjkmnp-tv-z]{12}$/)
  // 120 000 random letters of 32: each is expected 3750 times, with a deviation of 60
  const letters = Map.groupBy(ids.join('').replaceAll('run_', ''), (letter) => letter)
  expect(letters.size).toBe(32)
  for (const uses of letters.values()) expect(Math.abs(uses.length - 3750)).toBeLessThan(400)
})

test("edit distances are Levenshtein's", () => {
  // textbook pairs
  expect(editDistance('kitten', 'sitting')).toBe(3)
  expect(editDistance('saturday', 'sunday')).toBe(3)
  expect(editDistance('flaw', 'lawn')).toBe(2)
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('same', 'same')).toBe(0)
})

test('near names: slips and forgotten parts, nearest first, three at most', () => {
  expect(nearNames('hamburk', ['homburg', 'bremen', 'hamburg'])).toEqual(['hamburg', 'homburg'])
  expect(nearNames('Segformer', ['segformer-b0', 'nano-sam'])).toEqual(['segformer-b0'])
  expect(nearNames('xyz', ['hamburg'])).toEqual([])
  expect(nearNames('run', ['run 1', 'run 2', 'run 3', 'run 4'])).toHaveLength(3)
})

test('a record is found by id, by name, and by its name in other case when that is one', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const add = (name: string, id?: string) =>
    store.transaction((db) => addDataset(db, { id, name, folder: '/f', labelSetId: 'cityscapes' }))
  const lower = add('hamburg')
  expect(getDataset(store.read, lower.id)).toEqual(lower)
  expect(getDataset(store.read, 'hamburg')).toEqual(lower)
  expect(getDataset(store.read, 'HAMBURG')).toEqual(lower)
  const upper = add('Hamburg')
  expect(getDataset(store.read, 'Hamburg')).toEqual(upper)
  expect(() => getDataset(store.read, 'HAMBURG')).toThrow('Did you mean')
  // an id wins over a name
  add(lower.id)
  expect(getDataset(store.read, lower.id)).toEqual(lower)
})

test('what is not found names what comes near, or what there is', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const missing = (reference: string) => {
    try {
      getDataset(store.read, reference)
      return null
    } catch (error) {
      return error
    }
  }
  expect(missing('x')).toMatchObject({ code: 'not-found', message: 'There is no dataset "x" in this workspace. It has no datasets yet.' })
  store.transaction((db) => {
    for (const name of ['hamburg', 'bremen', 'one', 'two', 'three', 'four']) addDataset(db, { name, folder: '/f', labelSetId: 'cityscapes' })
  })
  expect(missing('hambrug')).toMatchObject({ message: 'There is no dataset "hambrug" in this workspace. Did you mean "hamburg"?' })
  expect(missing('zzzzzz')).toMatchObject({
    message: 'There is no dataset "zzzzzz" in this workspace. It has "hamburg", "bremen", "one", "two", "three" and 1 more.',
  })
})

test('a name is taken once; the next free one is numbered', () => {
  using workspace = makeWorkspace()
  const { store } = workspace
  const add = (name: string) => store.transaction((db) => addDataset(db, { name, folder: '/f', labelSetId: 'cityscapes' }))
  expect(freeName(store.read, 'datasets', 'city')).toBe('city')
  add('city')
  expect(() => add('city')).toThrow(expect.objectContaining({ code: 'conflict' }))
  expect(freeName(store.read, 'datasets', 'city')).toBe('city 2')
  add('city 2')
  expect(freeName(store.read, 'datasets', 'city')).toBe('city 3')
})

test('names sort as people count', () => {
  const names = ['Frame 10', 'frame 9', 'frame 1', 'café 2', 'cafe\u0301 1', '100_', '20_']
  const sorted = names.toSorted((a, b) => (naturalKey(a) < naturalKey(b) ? -1 : 1))
  expect(sorted).toEqual(['20_', '100_', 'cafe\u0301 1', 'café 2', 'frame 1', 'frame 9', 'Frame 10'])
})
