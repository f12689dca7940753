import { describe, expect, test } from 'vitest'
import {
  baseName, folderOf, formatBytes, formatCount, formatDuration, formatEta, formatRate, formatShape, formatShare,
  formatWhen, plural,
} from './format.ts'

describe('bytes', () => {
  test.each([
    [0, '0 B'], [1023, '1023 B'], [1024, '1.0 KiB'], [1536, '1.5 KiB'], [102_400, '100 KiB'],
    [1_048_063, '1023 KiB'], [1_048_500, '1.0 MiB'], [5 * 1024 ** 3, '5.0 GiB'], [3000 * 1024 ** 4, '3000 TiB'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
})

describe('durations', () => {
  test.each([
    [0.04, '0.0 s'], [4.25, '4.3 s'], [9.96, '10 s'], [59.4, '59 s'], [59.6, '1 min'], [192.4, '3 min 12 s'],
    [3599.7, '1 h'], [5430, '1 h 31 min'], [86_399, '1 d'], [100_000, '1 d 4 h'],
  ])('%d s is %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))
})

describe('time left', () => {
  test.each([
    [null, 'estimating time left'], [Number.POSITIVE_INFINITY, 'estimating time left'], [4, 'a few seconds left'],
    [31, 'about 40 s left'], [55, 'about 1 min left'], [480, 'about 8 min left'], [5300, 'about 1 h 30 min left'],
    [200_000, 'about 2 d 8 h left'],
  ])('%s', (seconds, text) => expect(formatEta(seconds)).toBe(text))
})

test('a rate below one a minute is told per hour', () => {
  expect(formatRate(12.44)).toBe('12.4 / min')
  expect(formatRate(0.25)).toBe('15.0 / h')
  expect(formatRate(240)).toBe('240 / min')
  expect(formatRate(null)).toBe('')
})

test('a share that rounds to nothing is not shown as zero', () => {
  expect(formatShare(0)).toBe('0.0 %')
  expect(formatShare(0.0002)).toBe('< 0.1 %')
  expect(formatShare(0.8312)).toBe('83.1 %')
  expect(formatShare(1, 0)).toBe('100 %')
})

test('counts are grouped by thousands', () => {
  expect(formatCount(999)).toBe('999')
  expect(formatCount(1_234_567)).toBe('1\u202f234\u202f567')
  expect(plural(1, 'panorama')).toBe('1 panorama')
  expect(plural(2, 'class', 'classes')).toBe('2 classes')
})

const at = (...parts: [number, number, number, number, number]): string => new Date(...parts).toISOString()

test('a time is told relative to now, then by day', () => {
  const now = new Date(2026, 10, 20, 15, 30)
  expect(formatWhen(new Date(now.getTime() - 20_000).toISOString(), now)).toBe('just now')
  expect(formatWhen(at(2026, 10, 20, 15, 18), now)).toBe('12 min ago')
  expect(formatWhen(at(2026, 10, 20, 0, 5), now)).toBe('today 00:05')
  expect(formatWhen(at(2026, 10, 19, 9, 10), now)).toBe('yesterday 09:10')
  expect(formatWhen(at(2026, 10, 18, 23, 59), now)).toBe('18 Nov 2026')
})

test('shapes and paths', () => {
  expect(formatShape(['batch', 3, 512, 512])).toBe('[batch, 3, 512, 512]')
  expect(baseName('/data/streets/')).toBe('streets')
  expect(baseName('C:\\data\\a.onnx')).toBe('a.onnx')
  expect(folderOf('/data/a.jpg')).toBe('/data')
  expect(folderOf('/a.jpg')).toBe('/')
  expect(folderOf('C:\\a.jpg')).toBe('C:\\')
})
