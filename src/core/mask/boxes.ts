/** Boxes are x0, y0, x1, y1 (half open) in consecutive numbers of a typed array. */
export type BoxArray = Uint32Array | Float32Array | Float64Array

/** Intersection over union of box `a` and box `b` of the array; 0 where both are empty. */
export function boxIou(boxes: BoxArray, a: number, b: number): number {
  const i = 4 * a
  const j = 4 * b
  const width = Math.min(boxes[i + 2], boxes[j + 2]) - Math.max(boxes[i], boxes[j])
  const height = Math.min(boxes[i + 3], boxes[j + 3]) - Math.max(boxes[i + 1], boxes[j + 1])
  if (width <= 0 || height <= 0) return 0
  const intersection = width * height
  return intersection / (boxArea(boxes, a) + boxArea(boxes, b) - intersection)
}

/** Area of box `a`. */
export function boxArea(boxes: BoxArray, a: number): number {
  const i = 4 * a
  return (boxes[i + 2] - boxes[i]) * (boxes[i + 3] - boxes[i + 1])
}

/**
 * Greedy non-maximum suppression as torchvision's `nms`: indices of the boxes that stay, best score first (ties: lower
 * index first); a box goes when its IoU with one that stays is greater than `threshold`.
 */
export function nonMaximumSuppression(boxes: BoxArray, scores: ArrayLike<number>, threshold: number): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index).sort((a, b) => scores[b] - scores[a] || a - b)
  const kept: number[] = []
  for (const candidate of order) {
    if (!kept.some((other) => boxIou(boxes, candidate, other) > threshold)) kept.push(candidate)
  }
  return Uint32Array.from(kept)
}
