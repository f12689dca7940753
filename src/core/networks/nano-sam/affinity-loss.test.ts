/** The affinity loss against the same formulas in float64, cell by cell, and its gradient against finite differences of those. */
import { expect, it } from 'vitest'
import { formula } from '../../../../test/support/formula-tensors.ts'
import { runModel } from '../../../../test/support/run-model.ts'
import { differentiate } from '../../autodiff/differentiate.ts'
import { GraphBuilder } from '../../onnx/graph-builder.ts'
import { float32, int64, tensorOf } from '../../onnx/tensor.ts'
import { affinityLoss } from './affinity-loss.ts'

const [BATCH, CHANNELS, SIDE] = [2, 4, 3]
const CELLS = SIDE * SIDE
const embeddings = Array.from(formula('affinity.embeddings', BATCH * CHANNELS * CELLS), Math.fround)
const anchors = [0, 4, 7]
const regions = [1, 1, 2, 1, 3, 2, 1, 3, 3, 5, 5, 5, 5, 6, 6, 6, 6, 6]
const weights = [1, 0.5, 2, 0, 1, 0.25]

function reference(values: readonly number[]): number {
  const at = (image: number, cell: number) => Array.from({ length: CHANNELS }, (_, channel) => values[(image * CHANNELS + channel) * CELLS + cell])
  let [sum, counted] = [0, 0]
  for (let image = 0; image < BATCH; image++) {
    for (const [which, anchor] of anchors.entries()) {
      const weight = weights[image * anchors.length + which]
      let [entropy, both, size] = [0, 0, 0]
      for (let cell = 0; cell < CELLS; cell++) {
        const [a, b] = [at(image, anchor), at(image, cell)]
        const cosine = a.reduce((total, value, channel) => total + value * b[channel], 0) / (Math.hypot(...a) * Math.hypot(...b))
        const logit = 10 * (cosine - 0.5)
        const truth = regions[image * CELLS + cell] === regions[image * CELLS + anchor] ? 1 : 0
        const p = 1 / (1 + Math.exp(-logit))
        entropy -= (truth * Math.log(p) + (1 - truth) * Math.log(1 - p)) / CELLS
        both += p * truth
        size += p + truth
      }
      sum += weight * (entropy + 1 - (2 * both + 1) / (size + 1))
      counted += weight
    }
  }
  return sum / counted
}

it('the affinity loss and its gradient are those of the formulas', async () => {
  const builder = new GraphBuilder()
  const loss = affinityLoss(builder, {
    embeddings: builder.input('embeddings', 'float32', [BATCH, CHANNELS, SIDE, SIDE]),
    anchors: builder.constant(int64([anchors.length], anchors)), regions: builder.constant(tensorOf('int32', [BATCH, CELLS], regions)),
    weights: builder.constant(float32([BATCH, anchors.length], weights)),
  })
  const gradient = differentiate(builder, loss, ['embeddings']).get('embeddings')
  if (gradient === undefined) throw new Error('The loss does not depend on the embeddings.')
  builder.output(loss, 'loss')
  builder.output(gradient, 'gradient')
  const results = await runModel(builder.build(), { embeddings: float32([BATCH, CHANNELS, SIDE, SIDE], embeddings) })
  expect((results['loss'].data as Float32Array)[0]).toBeCloseTo(reference(embeddings), 5)
  const found = results['gradient'].data as Float32Array
  for (let element = 0; element < embeddings.length; element++) {
    const moved = (by: number) => reference(embeddings.map((value, index) => (index === element ? value + by : value)))
    expect(found[element], `by element ${element}`).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 4)
  }
})
