import { deepStrictEqual } from 'node:assert/strict'
import { SAM_DEFAULTS, type SamSettings } from '../../src/core/goodsam/config.ts'
import { type DecodedBatch, filterCandidates, finishWindowMasks } from '../../src/core/goodsam/sam-masks.ts'
import type { BenchResult } from './result.ts'
import { seededRandom } from './seeded-random.ts'
import { median } from './median.ts'

/**
 * Mask post-processing of one window (threshold, stability, RLE, box NMS) against a plain per-pixel port of the textbook
 * steps, on the same logits, with equal results. Cleaning is switched off on both sides (minimum area 0), and the window
 * is as large as the logits, so that no side upsamples.
 */
const MASKS = 256
const SIDE = 256
const OBJECTS = 80
const ROUNDS = 5
/** passes before the clock counts, for the compiler */
const WARM_UP = 8
const FLOOR = 3
const SETTINGS: SamSettings = { ...SAM_DEFAULTS, minAreaFraction: 0 }

export async function bench(): Promise<BenchResult> {
  const batch = seededBatch(7)
  const ours = (): PlainMask[] => plainMasks(batch)
  const reference = (): PlainMask[] => referenceMasks(batch, SETTINGS)
  const masks = ours()
  deepStrictEqual(masks, reference())

  const times = { ours: [] as number[], reference: [] as number[], read: [] as number[] }
  for (let pass = -WARM_UP; pass < ROUNDS; pass++) {
    const elapsed = { ours: timed(() => postprocess(batch)), reference: timed(reference), read: timed(() => readAll(batch.logits)) }
    if (pass < 0) continue
    times.ours.push(elapsed.ours)
    times.reference.push(elapsed.reference)
    times.read.push(elapsed.read)
  }
  const oursMs = median(times.ours)
  const referenceMs = median(times.reference)
  const ratio = referenceMs / oursMs
  return {
    name: 'postprocess',
    values: {
      masks: MASKS,
      kept: masks.length,
      'ours, CPU ms': round(oursMs),
      'per-pixel reference, CPU ms': round(referenceMs),
      'reading the logits once, CPU ms': round(median(times.read)),
    },
    ratios: { 'reference / ours': { value: round(ratio), floor: FLOOR, ok: ratio >= FLOOR } },
  }
}

interface PlainMask {
  readonly index: number
  readonly stability: number
  readonly box: number[]
  readonly runs: number[]
}

function postprocess(batch: DecodedBatch) {
  return finishWindowMasks([filterCandidates(batch, SETTINGS)], { width: SIDE, height: SIDE, settings: SETTINGS }).masks
}

function plainMasks(batch: DecodedBatch): PlainMask[] {
  const table = postprocess(batch)
  return Array.from({ length: table.count }, (_, m) => ({
    // the prompt's x coordinate carries the mask's number
    index: table.points[2 * m],
    stability: table.stability[m],
    box: [...table.boxes.subarray(4 * m, 4 * m + 4)],
    runs: [...table.runs.subarray(2 * table.runOffsets[m], 2 * table.runOffsets[m + 1])],
  }))
}

/** The textbook: each step a pass over the pixels of each mask. */
function referenceMasks(batch: DecodedBatch, settings: SamSettings): PlainMask[] {
  const pixels = SIDE * SIDE
  const found: PlainMask[] = []
  for (let index = 0; index < batch.prompts * batch.masksPerPrompt; index++) {
    if (batch.scores[index] <= settings.predIou) continue
    const logits = batch.logits.subarray(index * pixels, (index + 1) * pixels)
    const stability = countAbove(logits, settings.stabilityOffset) / countAbove(logits, -settings.stabilityOffset)
    if (!(stability >= settings.stability)) continue

    const bitmap = new Uint8Array(pixels)
    for (let i = 0; i < pixels; i++) bitmap[i] = logits[i] > 0 ? 1 : 0

    const box = [SIDE, SIDE, 0, 0]
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        if (bitmap[y * SIDE + x] === 0) continue
        if (x < box[0]) box[0] = x
        if (y < box[1]) box[1] = y
        if (x + 1 > box[2]) box[2] = x + 1
        if (y + 1 > box[3]) box[3] = y + 1
      }
    }

    const runs: number[] = []
    let previous = 0
    for (let i = 0; i < pixels; i++) {
      if (bitmap[i] === previous) continue
      if (bitmap[i] === 1) runs.push(i)
      else runs.push(i - runs[runs.length - 1])
      previous = bitmap[i]
    }
    if (previous === 1) runs.push(pixels - runs[runs.length - 1])
    found.push({ index, stability: Math.fround(stability), box, runs })
  }

  const best = found.toSorted((a, b) => batch.scores[b.index] - batch.scores[a.index])
  const kept: PlainMask[] = []
  for (const mask of best) {
    if (kept.every((other) => iou(mask.box, other.box) <= settings.boxNms)) kept.push(mask)
  }
  return kept
}

function countAbove(logits: Float32Array, threshold: number): number {
  let count = 0
  for (let i = 0; i < logits.length; i++) if (logits[i] > threshold) count++
  return count
}

function iou(a: number[], b: number[]): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]))
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]))
  const both = width * height
  return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
}

/**
 * Logits as a promptable segmenter gives them: several prompts fall on each object and give nearly the same blob;
 * saturated far from the edge, soft near it (some too soft to be stable), with a little noise on every pixel.
 */
function seededBatch(seed: number): DecodedBatch {
  const random = seededRandom(seed)
  const objects = Array.from({ length: OBJECTS }, () => ({
    x: random() * SIDE,
    y: random() * SIDE,
    radius: 6 + 90 * random() ** 2,
    stretch: 0.4 + random(),
    lobes: 2 + Math.floor(random() * 4),
    phase: random() * 6.28,
  }))
  const logits = new Float32Array(MASKS * SIDE * SIDE)
  for (let m = 0; m < MASKS; m++) {
    const object = objects[Math.floor(random() * OBJECTS)]
    const radius = object.radius * (0.95 + 0.1 * random())
    const softness = 0.3 + 1.2 * random() ** 3
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const dx = (x - object.x) / object.stretch
        const dy = (y - object.y) * object.stretch
        const rim = radius * (1 + 0.2 * Math.sin(object.lobes * Math.atan2(dy, dx) + object.phase))
        const inside = (rim - Math.hypot(dx, dy)) / softness
        logits[(m * SIDE + y) * SIDE + x] = 10 * Math.tanh(inside / 6) + 0.5 * (random() - 0.5)
      }
    }
  }
  return {
    prompts: MASKS,
    masksPerPrompt: 1,
    lowWidth: SIDE,
    lowHeight: SIDE,
    validWidth: SIDE,
    validHeight: SIDE,
    logits,
    // all pass the predicted-IoU filter, in no order, no two alike
    scores: Float32Array.from({ length: MASKS }, (_, m) => 0.9 + (0.09 * ((m * 101) % MASKS)) / MASKS),
    points: Float32Array.from({ length: 2 * MASKS }, (_, k) => k >> 1),
  }
}

let sink = 0

/** What touching every number once costs: no implementation can be faster. */
function readAll(logits: Float32Array): void {
  let sum = 0
  for (let i = 0; i < logits.length; i++) sum += logits[i]
  sink += sum
}

/** Milliseconds of this thread's processor time, so that neither a busy machine nor the compiler decides. */
function timed(work: () => unknown): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
