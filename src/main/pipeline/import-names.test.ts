import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pathText, safeName, uniqueNames, type NameSource } from './import-names.ts'

function source(path: string): NameSource {
  const parts = path.split('/')
  return { path: Buffer.from(path), fileName: parts.at(-1)!, folders: parts.slice(0, -1) }
}
const names = (...paths: string[]) => uniqueNames(paths.map(source))

describe('uniqueNames', () => {
  it('takes the stem, without the endings of Cityscapes and DensePASS', () => {
    expect(names('street.jpg', 'val/frankfurt_000000_leftImg8bit.png', 'val/cs/100_.png')).toEqual(['street', 'frankfurt_000000', '100'])
  })

  it('puts parent folders in front where stems clash, as many as are needed', () => {
    expect(names('train/a/1.jpg', 'train/b/1.jpg')).toEqual(['a_1', 'b_1'])
    expect(names('train/a/1.jpg', 'val/a/1.jpg', 'val/a/2.jpg')).toEqual(['train_a_1', 'val_a_1', '2'])
  })

  it('adds the extension where folders do not tell files apart', () => {
    expect(names('a/1.jpg', 'a/1.png')).toEqual(['a_1_jpg', 'a_1_png'])
  })

  it('takes names that differ in letter case alone for the same: file systems disagree about them', () => {
    expect(names('a/X.jpg', 'b/x.jpg')).toEqual(['a_X', 'b_x'])
  })

  it('falls back on a hash of the path when nothing else tells files apart', () => {
    const [first, second] = names('1:2.jpg', '1*2.jpg')
    expect(first).toMatch(/^1_2_jpg-[0-9a-f]{8}$/)
    expect(second).toMatch(/^1_2_jpg-[0-9a-f]{8}$/)
    expect(first).not.toBe(second)
  })

  it('is unique, safe on every file system and independent of the order, whatever the paths are', () => {
    const segment = fc.string({ unit: fc.constantFrom('a', 'A', 'é', 'é', '1', '.', ' ', ':', '\\', '\u0000', '😀', '_'), minLength: 1, maxLength: 4 })
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `${segments.join('/')}.png`)
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 12 }), (paths) => {
        const given = uniqueNames(paths.map(source))
        expect(new Set(given.map((name) => name.toLowerCase())).size).toBe(paths.length)
        for (const name of given) {
          expect(name).toMatch(/^[^\p{C}\p{Z}/\\:*?"<>|]+$/u)
          expect(name).not.toMatch(/^\.|\.$/)
        }
        const turned = uniqueNames(paths.toReversed().map(source)).toReversed()
        expect(turned).toEqual(given)
      }),
    )
  })
})

describe('safeName', () => {
  it('keeps letters of every script and normalises how they are composed', () => {
    expect(safeName('Straße_東京')).toBe('Straße_東京')
    expect(safeName('cafe\u0301')).toBe('caf\u00E9')
  })

  it('shortens to at most 120 bytes and a hash, so that the longest exported file name stays below 255', () => {
    const long = safeName('東'.repeat(200))
    expect(long).toMatch(/^東{40}-[0-9a-f]{8}$/)
    expect(Buffer.byteLength(`${long}_gtFine_labelTrainIds.png`)).toBeLessThan(255)
    expect(safeName('東'.repeat(201))).not.toBe(long)
    expect(safeName('a'.repeat(120))).toBe('a'.repeat(120))
  })

  it('leaves no name empty and no name hidden', () => {
    expect(safeName('')).toBe('_')
    expect(safeName('...')).toBe('_')
    expect(safeName('.hidden')).toBe('_hidden')
  })
})

describe('pathText', () => {
  it('is the text of a path in UTF-8', () => {
    expect(pathText(Buffer.from('/a/Straße.jpg'))).toBe('/a/Straße.jpg')
  })

  it('shows the bytes of a path that is not', () => {
    expect(pathText(Buffer.from('caf\u00E9.jpg', 'latin1'))).toBe('caf\\xe9.jpg')
    expect(pathText(Buffer.from('caf\u00E8.jpg', 'latin1'))).not.toBe(pathText(Buffer.from('caf\u00E9.jpg', 'latin1')))
  })
})
