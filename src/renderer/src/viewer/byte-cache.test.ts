import { expect, it } from 'vitest'
import { byteCache } from './byte-cache.ts'

it('drops the least recently used beyond its bound', () => {
  const dropped: string[] = []
  const cache = byteCache<string>(10, (value) => dropped.push(value))
  cache.put('a', 'A', 4)
  cache.put('b', 'B', 4)
  expect(cache.get('a')).toBe('A')
  cache.put('c', 'C', 4)
  expect(dropped).toEqual(['B'])
  expect(cache.bytes()).toBe(8)
  cache.put('a', 'A2', 1)
  expect(dropped).toEqual(['B', 'A'])
  expect(cache.bytes()).toBe(5)
})

it('does not keep what is larger than all of it', () => {
  const dropped: string[] = []
  const cache = byteCache<string>(10, (value) => dropped.push(value))
  cache.put('small', 'S', 1)
  cache.put('huge', 'H', 11)
  expect(cache.has('huge')).toBe(false)
  expect(cache.bytes()).toBe(0)
  expect(dropped).toEqual(['S', 'H'])
})
