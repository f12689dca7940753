import { describe, expect, test } from 'vitest'
import type { SamGeometry } from '../models/sam-geometry.ts'
import { decodedBatch, promptFeeds, promptPortions } from './prompts.ts'

const batched: SamGeometry = {
  dialect: 'sam-transformers-js', encoder: { input: 'pixel_values', layout: 'planes', width: 64, height: 64 },
  embeddings: ['image_embeddings'], promptsPerRun: null, pointsPerPrompt: 1, maskPrompt: null,
}
const official: SamGeometry = { ...batched, dialect: 'sam-official', promptsPerRun: 1, pointsPerPrompt: 2, maskPrompt: { width: 16, height: 16 } }
const whole = { width: 1, height: 1 }

function numbers(length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => index)
}

describe('portions', () => {
  test('cover every prompt once, in order', () => {
    for (const [geometry, size] of [[batched, 4], [{ ...batched, promptsPerRun: 3 }, 3], [official, 16]] as const) {
      const portions = promptPortions(numbers(2 * 21), geometry, 4)
      expect(portions.flatMap((portion) => [...portion])).toEqual([...numbers(2 * 21)])
      expect(portions.slice(0, -1).every((portion) => portion.length === 2 * size)).toBe(true)
    }
  })
})

describe('transformers.js', () => {
  test('many prompts in one run, each with one foreground point', () => {
    const { feeds, repetitions } = promptFeeds(Float32Array.of(1, 2, 3, 4), batched, whole)
    expect(feeds).toEqual([])
    expect(repetitions).toEqual([[
      { name: 'input_points', type: 'float32', dims: [1, 2, 1, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'input_labels', type: 'int64', dims: [1, 2, 1], data: BigInt64Array.of(1n, 1n) },
    ]])
  })
  test('a fixed number of prompts is filled up, fixed points are padded with label -10', () => {
    const fixed = { ...batched, promptsPerRun: 3, pointsPerPrompt: 2 }
    const [[points, labels]] = promptFeeds(Float32Array.of(1, 2, 3, 4), fixed, whole).repetitions
    expect(points).toMatchObject({ dims: [1, 3, 2, 2], data: Float32Array.of(1, 2, 0, 0, 3, 4, 0, 0, 3, 4, 0, 0) })
    expect(labels).toMatchObject({ dims: [1, 3, 2], data: BigInt64Array.of(1n, -10n, 1n, -10n, 1n, -10n) })
  })
})

test('the official decoder gets one point and the padding point (label -1) per run, and no mask prompt', () => {
  const { feeds, repetitions } = promptFeeds(Float32Array.of(1, 2, 3, 4), official, { width: 1, height: 0.5 })
  expect(repetitions).toEqual([
    [{ name: 'point_coords', type: 'float32', dims: [1, 2, 2], data: Float32Array.of(1, 2, 0, 0) }],
    [{ name: 'point_coords', type: 'float32', dims: [1, 2, 2], data: Float32Array.of(3, 4, 0, 0) }],
  ])
  expect(Object.fromEntries(feeds.map((feed) => [feed.name, 'data' in feed ? [...feed.data] : null]))).toEqual({
    mask_input: [...new Float32Array(256)], has_mask_input: [0], orig_im_size: [8, 16], point_labels: [1, -1],
  })
})

describe('answers', () => {
  const points = Float32Array.of(10, 20, 30, 40)
  test('keep all masks of a transformers.js decoder; the low frame says how much of it is image', () => {
    const answer = { logits: { dims: [1, 2, 3, 2, 4], data: numbers(48) }, scores: { dims: [1, 2, 3], data: numbers(6) } }
    const batch = decodedBatch(answer, points, { dialect: 'sam-transformers-js', valid: { width: 1, height: 0.75 } })
    expect(batch).toEqual({
      prompts: 2, masksPerPrompt: 3, lowWidth: 4, lowHeight: 2, validWidth: 4, validHeight: 1.5, logits: numbers(48), scores: numbers(6), points,
    })
  })
  test('drop what only filled up a fixed batch', () => {
    const answer = { logits: { dims: [1, 4, 1, 1, 2], data: numbers(8) }, scores: { dims: [1, 4, 1], data: numbers(4) } }
    const batch = decodedBatch(answer, points, { dialect: 'sam-transformers-js', valid: whole })
    expect([...batch.logits]).toEqual([0, 1, 2, 3])
    expect([...batch.scores]).toEqual([0, 1])
  })
  test('leave out the single-mask token of an official decoder that gives all four', () => {
    const answer = { logits: { dims: [2, 4, 1, 2], data: numbers(16) }, scores: { dims: [2, 4], data: numbers(8) } }
    const batch = decodedBatch(answer, points, { dialect: 'sam-official', valid: whole })
    expect(batch.masksPerPrompt).toBe(3)
    expect([...batch.logits]).toEqual([2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15])
    expect([...batch.scores]).toEqual([1, 2, 3, 5, 6, 7])
  })
  test('of another shape are refused', () => {
    const answer = { logits: { dims: [1, 2, 3, 2, 4], data: numbers(48) }, scores: { dims: [1, 1, 3], data: numbers(3) } }
    expect(() => decodedBatch(answer, points, { dialect: 'sam-transformers-js', valid: whole })).toThrow(RangeError)
  })
})
