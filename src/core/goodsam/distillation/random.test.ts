import { expect, test } from 'vitest'
import { randomFrom, samplePlan, seededRandom, shuffle } from './random.ts'

test('the generator is xoshiro128++', () => {
  const random = randomFrom([1, 2, 3, 4])
  // the first numbers of the authors' C program for this state, as rand_xoshiro (Rust) tests them too
  const expected = [641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295, 495546011, 621204420]
  expect(expected.map(() => random.next() * 2 ** 32)).toEqual(expected)
})

test('a state goes on where it was taken', () => {
  const random = seededRandom(5, 2, 7)
  for (let i = 0; i < 10; i++) random.next()
  const state = random.state()
  const expected = Array.from({ length: 5 }, () => random.next())
  const again = randomFrom(state)
  expect(expected.map(() => again.next())).toEqual(expected)
  expect(again.state()).toEqual(random.state())
})

test('numbers are spread evenly, and seeds and streams differ', () => {
  const random = seededRandom(1)
  const bins = Array.from({ length: 16 }, () => 0)
  for (let i = 0; i < 16_000; i++) bins[random.below(16)]++
  // chi-squared with 15 degrees of freedom: 37.7 is exceeded once in a thousand
  expect(bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(37.7)
  const firsts = [seededRandom(0), seededRandom(1), seededRandom(2 ** 40), seededRandom(1, 0), seededRandom(1, 1), seededRandom(1, 0, 0)].map((each) => each.next())
  expect(new Set(firsts).size).toBe(firsts.length)
})

test('every order of a shuffle is as likely', () => {
  const counts = new Map<string, number>()
  const random = seededRandom(9)
  for (let i = 0; i < 6000; i++) {
    const values = [0, 1, 2]
    shuffle(values, random)
    counts.set(values.join(), (counts.get(values.join()) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  // five degrees of freedom, once in a thousand
  expect([...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(20.5)
})

test('a plan shows every panorama once per epoch, in new orders, whatever is asked first', () => {
  const plan = samplePlan(3, 10)
  const epochs = [0, 1, 2].map((epoch) => Array.from({ length: 10 }, (_, k) => plan(10 * epoch + k)))
  for (const [epoch, samples] of epochs.entries()) {
    expect(samples.map(({ item }) => item).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(samples.every((sample) => sample.epoch === epoch)).toBe(true)
  }
  const items = epochs.map((samples) => samples.map(({ item }) => item).join())
  expect(new Set(items).size).toBe(3)
  const other = samplePlan(3, 10)
  expect([25, 3, 14].map((index) => other(index).item)).toEqual([25, 3, 14].map((index) => epochs[Math.floor(index / 10)][index % 10].item))
  expect(other(14).random.next()).toBe(samplePlan(3, 10)(14).random.next())
  expect(() => samplePlan(1, 0)).toThrow('no panoramas')
})
