/** The mask loss against the same formulas written out pixel by pixel in float64, and its gradient against finite differences of those. */
import { describe, expect, it } from 'vitest'
import { formula } from '../../../../test/support/formula-tensors.ts'
import { runModel } from '../../../../test/support/run-model.ts'
import { differentiate } from '../../autodiff/differentiate.ts'
import { dims, GraphBuilder } from '../../onnx/graph-builder.ts'
import { float32 } from '../../onnx/tensor.ts'
import { maskLoss } from './loss.ts'

const [BATCH, PROMPTS, MASKS, TRUTHS, SIDE] = [2, 3, 3, 2, 6]
const PIXELS = SIDE * SIDE

const logits = Array.from(formula('loss.masks', BATCH * PROMPTS * MASKS * PIXELS), (value) => Math.fround(6 * value))
const scores = Array.from(formula('loss.scores', BATCH * PROMPTS * MASKS), Math.fround)
/** 0, a quarter, a half, three quarters or 1 */
const truths = Array.from(formula('loss.truths', BATCH * PROMPTS * TRUTHS * PIXELS), (value) => Math.min(4, Math.floor(2.5 * (value + 1))) / 4)
/** the last prompt has one truth only, another one that counts half */
const weights = Array.from({ length: BATCH * PROMPTS * TRUTHS }, (_, index) => [1, 1, 1, 0.5, 1, 0][index % 6])

interface Reference {
  readonly total: number
  readonly mask: number
  readonly iou: number
  readonly best: number
}

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** Focal loss with gamma 2 as the expectation over a pixel that is of the truth with the given probability; Dice without squares. */
function maskCost(x: readonly number[], t: readonly number[]): number {
  const p = x.map((value) => 1 / (1 + Math.exp(-value)))
  const focal = sum(x.map((value, at) => t[at] * (1 - p[at]) ** 2 * softplus(-value) + (1 - t[at]) * p[at] ** 2 * softplus(value))) / x.length
  const dice = 1 - (2 * sum(p.map((value, at) => value * t[at])) + 1) / (sum(p) + sum(t) + 1)
  return 20 * focal + dice
}

function overlapOf(x: readonly number[], t: readonly number[]): number {
  const both = x.filter((value, at) => value > 0 && t[at] >= 0.5).length
  return both / Math.max(1, x.filter((value, at) => value > 0 || t[at] >= 0.5).length)
}

const part = (values: readonly number[], at: number) => values.slice(at * PIXELS, (at + 1) * PIXELS)

function reference(x: readonly number[], predicted: readonly number[]): Reference {
  let [mask, best, counted, squares] = [0, 0, 0, 0]
  for (let prompt = 0; prompt < BATCH * PROMPTS; prompt++) {
    const masks = [0, 1, 2].map((each) => part(x, prompt * MASKS + each))
    const regions = [0, 1].map((each) => ({ pixels: part(truths, prompt * TRUTHS + each), weight: weights[prompt * TRUTHS + each] }))
    for (const { pixels, weight } of regions) {
      mask += weight * Math.min(...masks.map((each) => maskCost(each, pixels)))
      best += weight * Math.max(...masks.map((each) => overlapOf(each, pixels)))
      counted += weight
    }
    for (const [at, each] of masks.entries()) {
      const reached = Math.max(...regions.filter(({ weight }) => weight > 0).map(({ pixels }) => overlapOf(each, pixels)))
      squares += (predicted[prompt * MASKS + at] - reached) ** 2
    }
  }
  const iou = squares / (BATCH * PROMPTS * MASKS)
  return { mask: mask / counted, iou, best: best / counted, total: mask / counted + iou }
}

async function evaluate(x: readonly number[], truth: readonly number[] = truths): Promise<Reference & { byMasks: Float32Array; byScores: Float32Array }> {
  const builder = new GraphBuilder()
  const masks = builder.input('masks', 'float32', [BATCH, PROMPTS, MASKS, SIDE, SIDE])
  const { total, terms } = maskLoss(builder, {
    masks, scores: builder.input('scores', 'float32', [BATCH, PROMPTS, MASKS]),
    truths: builder.constant(float32([BATCH, PROMPTS, TRUTHS, SIDE, SIDE], truth)), weights: builder.constant(float32([BATCH, PROMPTS, TRUTHS], weights)),
  })
  expect(dims(total)).toEqual([])
  const gradients = differentiate(builder, total, ['masks', 'scores'])
  builder.output(total, 'total')
  for (const [name, term] of Object.entries(terms)) builder.output(term, name)
  for (const [name, gradient] of gradients) builder.output(gradient, `by ${name}`)
  const results = await runModel(builder.build(), { masks: float32([BATCH, PROMPTS, MASKS, SIDE, SIDE], x), scores: float32([BATCH, PROMPTS, MASKS], scores) })
  const data = (name: string) => results[name].data as Float32Array
  return { total: data('total')[0], mask: data('mask')[0], iou: data('iou')[0], best: data('best')[0], byMasks: data('by masks'), byScores: data('by scores') }
}

function slope(values: readonly number[], at: number, total: (values: readonly number[]) => number): number {
  const moved = (by: number) => total(values.map((value, index) => (index === at ? value + by : value)))
  return (moved(1e-5) - moved(-1e-5)) / 2e-5
}

describe('the loss of masks', () => {
  it('is what the formulas give, pixel by pixel', async () => {
    const [found, expected] = [await evaluate(logits), reference(logits, scores)]
    for (const name of ['total', 'mask', 'iou', 'best'] as const) expect(found[name], name).toBeCloseTo(expected[name], 5)
  })

  it('has the gradient of those formulas, through the best masks alone', async () => {
    const { byMasks, byScores } = await evaluate(logits)
    for (let at = 0; at < logits.length; at += 7) expect(byMasks[at], `by logit ${at}`).toBeCloseTo(slope(logits, at, (values) => reference(values, scores).total), 5)
    for (let at = 0; at < scores.length; at++) expect(byScores[at], `by score ${at}`).toBeCloseTo(slope(scores, at, (values) => reference(logits, values).total), 5)
    // two truths have at most two best masks: a third one has no gradient
    const idle = Array.from({ length: BATCH * PROMPTS * MASKS }, (_, mask) => byMasks.subarray(mask * PIXELS, (mask + 1) * PIXELS).every((value) => value === 0))
    expect(idle.filter(Boolean).length).toBeGreaterThanOrEqual(BATCH * PROMPTS)
  })

  it('is nearly nothing where a mask is each truth, and finite for logits of 1e4', async () => {
    const whole = truths.map((value) => (value >= 0.5 ? 1 : 0))
    const exact = Array.from({ length: BATCH * PROMPTS }, (_, prompt) => [0, 1, 1].flatMap((truth) => whole.slice((prompt * TRUTHS + truth) * PIXELS, (prompt * TRUTHS + truth + 1) * PIXELS).map((value) => (value === 1 ? 1e4 : -1e4)))).flat()
    const { mask, best, byMasks } = await evaluate(exact, whole)
    expect(mask).toBeLessThan(1e-6)
    expect(best).toBeCloseTo(1, 6)
    expect(byMasks.every(Number.isFinite)).toBe(true)
  })
})
