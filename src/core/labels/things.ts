import type { LabelClass } from './label-set.ts'

/** Classes whose instances can be counted, by the names that Cityscapes, ADE20K and COCO give them. Everything else is stuff. */
const THINGS: ReadonlySet<string> = new Set([
  'person', 'pedestrian', 'rider', 'bicyclist', 'motorcyclist', 'car', 'truck', 'bus', 'train', 'motorcycle', 'motorbike',
  'bicycle', 'bike', 'caravan', 'trailer', 'van', 'boat', 'animal', 'dog', 'chair', 'table', 'sofa',
])

/** COCO's `isthing`. */
export function isThing({ name }: LabelClass): boolean {
  return THINGS.has(name.toLowerCase())
}
