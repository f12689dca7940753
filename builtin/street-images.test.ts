import { mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { LEVEL_STREETS, streetCache, streetRequest, type StreetSplit } from './street-images.ts'

const folder = mkdtempSync(join(tmpdir(), 'goodsam-streets-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const small: StreetSplit = { ...LEVEL_STREETS, width: 64, height: 32 }

it('fields of view, pitches and carriers each go round by themselves', () => {
  const split: StreetSplit = { ...small, fovsDeg: [90, 60], pitchesDeg: [0, 30, -30], carriers: ['car', 'walker', 'walker', 'car', 'walker'] }
  const requests = Array.from({ length: 6 }, (_, index) => streetRequest(split, index))
  expect(requests.map(({ fovDeg, pitchDeg, carrier }) => [fovDeg, pitchDeg, carrier])).toEqual([
    [90, 0, 'car'], [60, 30, 'walker'], [90, -30, 'walker'], [60, 0, 'car'], [90, 30, 'walker'], [60, -30, 'car'],
  ])
})

it('the same street seen from the lane and from the pavement are two images, each drawn once', () => {
  const [driven, walked] = [streetCache(folder, small), streetCache(folder, { ...small, carriers: ['walker'] })]
  const images = [driven(0), walked(0)]
  expect(images[0].rgb).not.toEqual(images[1].rgb)
  expect(readdirSync(folder)).toHaveLength(2)
  expect([driven(0).rgb, walked(0).rgb].map((rgb) => Array.from(rgb))).toEqual(images.map(({ rgb }) => Array.from(rgb)))
})
