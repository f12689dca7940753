import { expect, test } from 'vitest'
import { gtFinePath, parseLabelFileName, panoramaName } from './cityscapes.ts'

test.each([
  ['aachen_000000_000019_leftImg8bit.png', 'aachen_000000_000019'],
  ['100_.png', '100'],
  ['100.png', '100'],
  ['pass_1027U_0.png', 'pass_1027U_0'],
  ['IMG.2024.JPG', 'IMG.2024'],
  ['no extension', 'no extension'],
  ['_.png', '_'],
  ['.png', '.png'],
  ['Straße_leftImg8bit.webp', 'Straße'],
])('the panorama of %s is %s', (file, name) => {
  expect(panoramaName(file)).toBe(name)
})

test.each([
  ['aachen_000000_000019_gtFine_labelTrainIds.png', 'aachen_000000_000019', 'labelTrainIds'],
  ['aachen_000000_000019_gtFine_labelIds.png', 'aachen_000000_000019', 'labelIds'],
  ['100_labelTrainIds.png', '100', 'labelTrainIds'],
  ['a_labelIds_b_gtFine_color.PNG', 'a_labelIds_b', 'color'],
])('%s labels %s with %s', (file, name, kind) => {
  expect(parseLabelFileName(file)).toEqual({ name, kind })
})

test.each(['100.png', 'x_gtFine_polygons.json', '_labelIds.png', 'x_gtFine_labelIds.jpg'])('%s is no label file', (file) => {
  expect(parseLabelFileName(file)).toBeNull()
})

test('the exported path is read back', () => {
  const path = gtFinePath('val', 'street', 'labelIds')
  expect(path).toBe('gtFine/val/street/street_gtFine_labelIds.png')
  expect(parseLabelFileName(path.split('/')[3])).toEqual({ name: 'street', kind: 'labelIds' })
})
