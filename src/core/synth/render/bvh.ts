/**
 * A tree of boxes over the parts (binned surface-area heuristic: Wald 2007). Node n's box is `boxes[n * 6 ...]`; an inner
 * node's children are `first[n]` and `first[n] + 1`; a leaf holds `counts[n]` > 0 parts from `order[first[n]]` on.
 */
export interface Tree {
  readonly boxes: Float64Array
  readonly first: Int32Array
  readonly counts: Int32Array
  readonly order: Int32Array
}

const BINS = 12
const LEAF = 2
/** deeper than any tree that halves at least one part off; the walk's stack is as long */
export const MAX_DEPTH = 60

/** Builds the tree over boxes of six numbers each (lowest, highest corner). */
export function buildTree(bounds: Float64Array): Tree {
  const count = bounds.length / 6
  const order = Int32Array.from({ length: count }, (_, index) => index)
  const capacity = Math.max(1, 2 * count)
  const tree: Tree = {
    boxes: new Float64Array(capacity * 6),
    first: new Int32Array(capacity),
    counts: new Int32Array(capacity),
    order,
  }
  if (count === 0) {
    tree.boxes.set([Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity])
    return tree
  }
  let nodes = 1
  const open = [{ node: 0, from: 0, to: count, depth: 0 }]
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const { node, from, to, depth } = range
    enclose(tree.boxes, node, { bounds, order, from, to })
    const cut = to - from <= LEAF || depth >= MAX_DEPTH - 1 ? -1 : split({ bounds, order, from, to })
    if (cut < 0) {
      tree.first[node] = from
      tree.counts[node] = to - from
      continue
    }
    tree.first[node] = nodes
    open.push({ node: nodes, from, to: cut, depth: depth + 1 }, { node: nodes + 1, from: cut, to, depth: depth + 1 })
    nodes += 2
  }
  return tree
}

interface Range {
  readonly bounds: Float64Array
  readonly order: Int32Array
  readonly from: number
  readonly to: number
}

function enclose(boxes: Float64Array, node: number, { bounds, order, from, to }: Range): void {
  for (let d = 0; d < 3; d++) {
    let low = Infinity
    let high = -Infinity
    for (let index = from; index < to; index++) {
      low = Math.min(low, bounds[order[index] * 6 + d])
      high = Math.max(high, bounds[order[index] * 6 + 3 + d])
    }
    boxes[node * 6 + d] = low
    boxes[node * 6 + 3 + d] = high
  }
}

/** Sorts a range into two by the cheapest of the bins' borders; returns where the second begins, -1 where a leaf is cheaper. */
function split(range: Range): number {
  const { bounds, order, from, to } = range
  let best = { cost: Infinity, dimension: 0, border: 0, low: 0, width: 0 }
  for (let dimension = 0; dimension < 3; dimension++) {
    let low = Infinity
    let high = -Infinity
    for (let index = from; index < to; index++) {
      const middle = middleOf(bounds, order[index], dimension)
      low = Math.min(low, middle)
      high = Math.max(high, middle)
    }
    if (high - low < 1e-9) continue
    const width = (high - low) / BINS
    const costs = binCosts(range, { dimension, low, width })
    for (let border = 1; border < BINS; border++) {
      if (costs[border] < best.cost) best = { cost: costs[border], dimension, border, low, width }
    }
  }
  if (best.cost === Infinity) return to - from > 8 ? (from + to) >> 1 : -1
  let left = from
  for (let index = from; index < to; index++) {
    const part = order[index]
    if (binOf(middleOf(bounds, part, best.dimension), best) >= best.border) continue
    order[index] = order[left]
    order[left++] = part
  }
  return left
}

/** one tree is built at a time: bins are kept, as there are thousands of splits */
const binCounts = new Int32Array(BINS)
const binBoxes = new Float64Array(BINS * 6)
const costs = new Float64Array(BINS)
const side = new Float64Array(6)

/** What it costs to cut below each bin, in parts times area; Infinity where one side would be empty. */
function binCosts({ bounds, order, from, to }: Range, axis: { dimension: number; low: number; width: number }): Float64Array {
  binCounts.fill(0)
  for (let bin = 0; bin < BINS; bin++) clearBox(binBoxes, bin)
  for (let index = from; index < to; index++) {
    const bin = binOf(middleOf(bounds, order[index], axis.dimension), axis)
    binCounts[bin]++
    growBox(binBoxes, bin * 6, bounds, order[index] * 6)
  }
  costs.fill(0)
  for (let down = 0; down < 2; down++) {
    clearBox(side, 0)
    let count = 0
    for (let step = 0; step < BINS - 1; step++) {
      const bin = down === 1 ? BINS - 1 - step : step
      if (binCounts[bin] > 0) growBox(side, 0, binBoxes, bin * 6)
      count += binCounts[bin]
      // the border lies above this bin on the way up, below it on the way down
      costs[down === 1 ? bin : bin + 1] += count === 0 ? Infinity : count * halfArea(side)
    }
  }
  return costs
}

function binOf(middle: number, axis: { low: number; width: number }): number {
  return Math.min(BINS - 1, Math.floor((middle - axis.low) / axis.width))
}

function middleOf(bounds: Float64Array, part: number, dimension: number): number {
  return (bounds[part * 6 + dimension] + bounds[part * 6 + 3 + dimension]) / 2
}

function clearBox(boxes: Float64Array, box: number): void {
  for (let d = 0; d < 3; d++) {
    boxes[box * 6 + d] = Infinity
    boxes[box * 6 + 3 + d] = -Infinity
  }
}

/** The box of six numbers from `box` on grows to hold the other one. */
function growBox(boxes: Float64Array, box: number, others: Float64Array, other: number): void {
  for (let d = 0; d < 3; d++) {
    const low = others[other + d]
    const high = others[other + 3 + d]
    if (low < boxes[box + d]) boxes[box + d] = low
    if (high > boxes[box + 3 + d]) boxes[box + 3 + d] = high
  }
}

function halfArea(box: Float64Array): number {
  const x = box[3] - box[0]
  const y = box[4] - box[1]
  const z = box[5] - box[2]
  return x * y + y * z + z * x
}
