import { expect, test } from 'vitest'
import { CITYSCAPES } from '../labels/cityscapes.ts'
import { panopticIdsToRgb, panopticSegments, panopticText, type PanopticJson } from './coco-panoptic.ts'

const _ = 255
const label = {
  width: 6,
  height: 3,
  data: Uint8Array.of(
    0, 0, 13, 13, _, 0,
    0, _, 13, _, 1, 0,
    _, _, _, 13, 1, 1,
  ),
}

test('segments are connected regions; on a full turn they pass the seam', () => {
  const flat = panopticSegments(label, { cyclic: false })
  expect([...flat.ids.data]).toEqual([1, 1, 2, 2, 0, 3, 1, 0, 2, 0, 4, 3, 0, 0, 0, 2, 4, 4])
  expect(flat.segments).toEqual([
    { id: 1, category_id: 0, area: 3, bbox: [0, 0, 2, 2], iscrowd: 0 },
    { id: 2, category_id: 13, area: 4, bbox: [2, 0, 2, 3], iscrowd: 0 },
    { id: 3, category_id: 0, area: 2, bbox: [5, 0, 1, 2], iscrowd: 0 },
    { id: 4, category_id: 1, area: 3, bbox: [4, 1, 2, 2], iscrowd: 0 },
  ])
  const turn = panopticSegments(label, { cyclic: true })
  expect(turn.segments.map(({ category_id: category, area, bbox }) => [category, area, ...bbox])).toEqual([
    [0, 5, 0, 0, 6, 2], [13, 4, 2, 0, 2, 3], [1, 3, 4, 1, 2, 2],
  ])
})

test('with masks, a segment is one mask and one class, the rest is regions', () => {
  const masks = { width: 6, height: 3, data: Uint32Array.of(7, 7, 7, 7, 7, 0, 7, 7, 9, 9, 9, 0, 0, 0, 0, 9, 0, 0) }
  const { ids, segments } = panopticSegments(label, { cyclic: false, masks })
  expect([...ids.data]).toEqual([1, 1, 2, 2, 0, 3, 1, 0, 4, 0, 5, 3, 0, 0, 0, 4, 6, 6])
  expect(segments.map(({ category_id: category, area }) => [category, area])).toEqual([[0, 3], [13, 2], [0, 2], [13, 2], [1, 1], [1, 2]])
})

test('ids are colours as panopticapi reads them: R + 256 G + 65536 B', () => {
  const { data } = panopticIdsToRgb({ width: 3, height: 1, data: Uint32Array.of(0, 1 + 256 * 2 + 65536 * 3, 300) })
  expect([...data]).toEqual([0, 0, 0, 1, 2, 3, 44, 1, 0])
})

test('the pieces are one JSON document with the fields that COCO panoptic readers ask for', () => {
  const { segments } = panopticSegments(label, { cyclic: true })
  const text = panopticText(CITYSCAPES)
  const pieces = ['a', 'b'].map((name) => text.add({ fileName: `${name}.jpg`, segmentsFileName: `${name}.png`, width: 6, height: 3, segments }))
  const json = JSON.parse([...pieces, text.end()].join('')) as PanopticJson
  expect(json.images).toEqual([{ id: 1, file_name: 'a.jpg', width: 6, height: 3 }, { id: 2, file_name: 'b.jpg', width: 6, height: 3 }])
  expect(json.annotations).toEqual(['a.png', 'b.png'].map((name, index) => ({ image_id: index + 1, file_name: name, segments_info: segments })))
  expect(json.categories).toHaveLength(19)
  expect(json.categories[13]).toEqual({ id: 13, name: 'car', isthing: 1, color: [0, 0, 142] })
  // Cityscapes' things are its labelIds from 24 (person) on
  expect(json.categories.map(({ isthing }) => isthing)).toEqual(CITYSCAPES.classes.map(({ labelId }) => (labelId >= 24 ? 1 : 0)))
  expect(JSON.parse(panopticText(CITYSCAPES).end())).toEqual({ images: [], annotations: [], categories: json.categories })
})
