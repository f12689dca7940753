import { expect, test } from 'vitest'
import { CITYSCAPES } from './cityscapes.ts'
import { labelPalette } from './palette.ts'
import { knownTrainIds, labelIdsToTrainIds, remapLabels, thirteenClasses, trainIdsToLabelIds } from './remap.ts'

test('labelIds become trainIds as cityscapesScripts maps them', () => {
  // 0 unlabeled, 3 out of roi, 7 road, 14 guard rail, 26 car, 29 caravan, 33 bicycle
  expect([...remapLabels(Uint8Array.of(0, 3, 7, 14, 26, 29, 33, 255), labelIdsToTrainIds(CITYSCAPES))]).toEqual([255, 255, 0, 255, 13, 255, 18, 255])
})

test('trainIds become labelIds and come back', () => {
  const ids = Uint8Array.of(...CITYSCAPES.classes.map(({ trainId }) => trainId), 255)
  const there = remapLabels(ids, trainIdsToLabelIds(CITYSCAPES))
  expect([...there.subarray(0, 3), there[19]]).toEqual([7, 8, 11, 0])
  expect(remapLabels(there, labelIdsToTrainIds(CITYSCAPES))).toEqual(ids)
  expect([...remapLabels(Uint8Array.of(18, 19, 200), knownTrainIds(CITYSCAPES))]).toEqual([18, 255, 255])
})

function of13(...trainIds: number[]): number[] {
  return [...remapLabels(Uint8Array.from(trainIds), thirteenClasses())]
}

test('the 13 classes of DensePASS: person and rider, all vehicles, no train', () => {
  expect(of13(0, 10, 11, 12)).toEqual([0, 10, 11, 11])
  expect(of13(13, 14, 15, 16, 17, 18, 255)).toEqual([12, 12, 12, 255, 12, 12, 255])
})

test('the palette has a colour for every byte', () => {
  const palette = labelPalette(CITYSCAPES)
  expect(palette).toHaveLength(256)
  expect([palette[0], palette[18], palette[19], palette[255]]).toEqual([[128, 64, 128], [119, 11, 32], [0, 0, 0], [0, 0, 0]])
})
