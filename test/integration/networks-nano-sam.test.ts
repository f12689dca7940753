/** The nano promptable segmenter learns the shapes of one image, and the engine then finds them with the graphs that were trained. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { binaryCrossEntropy, meanSquaredError } from '../../src/core/autodiff/losses.ts'
import { adamW } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep, type LossScope } from '../../src/core/autodiff/training-step.ts'
import { decodeMasks } from '../../src/core/formats/bundles.ts'
import { RECIPES, SAM_DEFAULTS } from '../../src/core/goodsam/config.ts'
import { pointGrid } from '../../src/core/goodsam/sam-masks.ts'
import { runsToBitmap } from '../../src/core/mask/rle.ts'
import type { MaskTable } from '../../src/core/mask/mask-table.ts'
import { MASKS, nanoSamConfig } from '../../src/core/networks/nano-sam/config.ts'
import { nanoSamJoint, nanoSamMaskDecoder, nanoSamVisionEncoder } from '../../src/core/networks/nano-sam/network.ts'
import { initialNanoSamWeights, nanoSamParameters } from '../../src/core/networks/nano-sam/parameters.ts'
import { isTrained, type Weights } from '../../src/core/networks/parameters.ts'
import { rebuild } from '../../src/core/onnx/bind.ts'
import { float32, int64 } from '../../src/core/onnx/tensor.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import { pixelValues } from '../../src/core/raster/pixel-values.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { recogniseDialect } from '../../src/main/models/dialects.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { labelRequest, run, startEngine, taModel, writeImage } from './engine-fixtures.ts'

const SIDE = 128
const MASK_SIDE = SIDE / 2
const POINTS_PER_SIDE = 4
const PROMPTS = POINTS_PER_SIDE ** 2
const COLOURS = [[70, 130, 180], [220, 20, 60], [250, 170, 30]] as const
const encoder = { ...nanoSamConfig().encoder, depths: [1, 1, 1, 1], hiddenSizes: [16, 32, 32, 32], heads: [1, 1, 1, 1], mlpRatios: [2, 2, 2, 2] }
const config = nanoSamConfig({ imageSize: SIDE, encoder, embeddingStage: 1, pixelFeatures: 4, hiddenSize: 32, decoderHeads: 2, decoderMlpSize: 64, iouHeadSize: 32 })

/** 0: ground, 1: a square, 2: a disc. */
function shapeAt(x: number, y: number): 0 | 1 | 2 {
  if (x >= 8 && x < 56 && y >= 8 && y < 56) return 1
  return (x - 88) ** 2 + (y - 80) ** 2 < 30 ** 2 ? 2 : 0
}

const shapes = Uint8Array.from({ length: SIDE * SIDE }, (_, pixel) => shapeAt(pixel % SIDE, Math.floor(pixel / SIDE)))
const rgb = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, index) => COLOURS[shapes[Math.floor(index / 3)]][index % 3])
const grid = pointGrid(POINTS_PER_SIDE, SIDE, SIDE)

/** The image and a prompt in the middle of each cell of a grid; the mask of a prompt is the shape under it. */
function batch() {
  const promptedShapes = Array.from({ length: PROMPTS }, (_, prompt) => shapeAt(grid[2 * prompt], grid[2 * prompt + 1]))
  const targets = promptedShapes.flatMap((shape) => Array.from({ length: MASK_SIDE ** 2 }, (_, cell) => {
    const [x, y] = [2 * (cell % MASK_SIDE) + 1, 2 * Math.floor(cell / MASK_SIDE) + 1]
    return shapeAt(x, y) === shape ? 1 : 0
  }))
  return {
    pixel_values: float32([1, 3, SIDE, SIDE], pixelValues({ width: SIDE, height: SIDE, data: rgb }, { width: SIDE, height: SIDE })),
    input_points: float32([1, PROMPTS, 1, 2], grid),
    input_labels: int64([1, PROMPTS, 1], Array.from({ length: PROMPTS }, () => 1)),
    target_masks: float32([1, PROMPTS, 1, MASK_SIDE, MASK_SIDE], targets),
    target_scores: float32([1, PROMPTS, MASKS], Array.from({ length: PROMPTS * MASKS }, () => 1)),
  }
}

/** All three masks are the shape, and the scores say that they are right. */
function loss({ builder, outputs, target }: LossScope) {
  const masks = target('target_masks', 'float32', [1, PROMPTS, 1, MASK_SIDE, MASK_SIDE])
  const repeated = builder.emit('Expand', [masks, [1, PROMPTS, MASKS, MASK_SIDE, MASK_SIDE]])
  const mask = binaryCrossEntropy(builder, { logits: outputs.pred_masks, targets: repeated })
  const score = meanSquaredError(builder, { predictions: outputs.iou_scores, targets: target('target_scores', 'float32', [1, PROMPTS, MASKS]) })
  return { total: builder.emit('Add', [mask, score]), terms: { mask, score } }
}

async function learn(steps: number): Promise<{ losses: readonly number[]; weights: Weights }> {
  const initial = initialNanoSamWeights(config, 7)
  const step = compileTrainingStep(nanoSamJoint(config, initial), loss, adamW({ weightDecay: 0.01 }), { bindings: { batch: 1, prompts: PROMPTS, points: 1 }, trainable: isTrained(nanoSamParameters(config)), clipNorm: 1 })
  const training = await openTraining(step, { threads: 2 })
  try {
    const losses: number[] = []
    const fed = batch()
    for (let index = 0; index < steps; index++) losses.push((await training.step(fed, { learningRate: 2e-3 * Math.min(1, (index + 1) / 10) })).loss)
    return { losses, weights: new Map([...initial, ...(await training.parameters())]) }
  } finally {
    await training.dispose()
  }
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let learned: Awaited<ReturnType<typeof learn>>
beforeAll(async () => {
  folder = await temporaryFolder()
  learned = await learn(160)
})
afterAll(() => folder.remove())

test('every parameter but the single-mask answer\'s has a gradient', () => {
  const initial = initialNanoSamWeights(config, 7)
  const { builder, outputs } = rebuild(nanoSamJoint(config, initial), { bindings: { batch: 1, prompts: 2, points: 2 } })
  const total = builder.emit('Add', [builder.emit('ReduceMean', [outputs.pred_masks], { keepdims: 0 }), builder.emit('ReduceMean', [outputs.iou_scores], { keepdims: 0 })])
  const trained = [...nanoSamParameters(config).keys()].filter((name) => isTrained(nanoSamParameters(config))(name) && !name.startsWith('mask_decoder.output_hypernetworks_mlps.0.'))
  expect([...differentiate(builder, total, trained).keys()]).toEqual(trained)
})

test('learns which shape a point means', () => {
  const { losses } = learned
  expect(losses.at(-1)).toBeLessThan(losses[0] / 10)
})

test('the engine finds the shapes with the exported graphs', async () => {
  const paths = { encoder: join(folder.path, 'vision_encoder.onnx'), decoder: join(folder.path, 'prompt_encoder_mask_decoder.onnx') }
  writeFileSync(paths.encoder, writeModel(nanoSamVisionEncoder(config, learned.weights)))
  writeFileSync(paths.decoder, writeModel(nanoSamMaskDecoder(config, learned.weights)))
  const image = await writeImage(join(folder.path, 'shapes.png'), { width: SIDE, height: SIDE }, rgb)
  const engine = startEngine()
  try {
    const signatures = await Promise.all(Object.entries(paths).map(async ([name, path]) => ({ name, ...(await engine.inspectModel(path)) })))
    expect(recogniseDialect(signatures, 'sam')).toMatchObject({ dialect: 'sam-transformers-js', roles: ['encoder', 'decoder'] })
    const settings = { ...SAM_DEFAULTS, pointsPerSide: POINTS_PER_SIDE, predIou: 0.5, stability: 0.5 }
    const artifactsRoot = join(folder.path, 'artifacts')
    const response = await run(engine, labelRequest({
      path: image, width: SIDE, height: SIDE, cyclic: false, artifactsRoot, ta: taModel('colour-ta.onnx'), keepEmbeddings: false,
      sam: { name: 'nano', sha256: 'a'.repeat(64), dialect: 'sam-transformers-js', paths, settings },
      config: { ...RECIPES.goodsam, windows: [{ name: 'sliding', widthFraction: 1, heightFraction: 1, strideFraction: 1 }] },
    }))
    const { windows } = decodeMasks(await openArtifactStore(artifactsRoot).read(response.artifacts.masks!))
    expect(windows).toHaveLength(1)
    for (const shape of [1, 2]) expect(bestOverlap(windows[0].masks, shape)).toBeGreaterThan(0.8)
  } finally {
    await engine.stop()
  }
})

/** The largest intersection over union of any mask with a shape. */
function bestOverlap(table: MaskTable, shape: number): number {
  return Math.max(0, ...Array.from({ length: table.count }, (_, mask) => {
    const bitmap = runsToBitmap(table.runs.subarray(2 * table.runOffsets[mask], 2 * table.runOffsets[mask + 1]), SIDE * SIDE)
    let [both, either] = [0, 0]
    for (const [pixel, covered] of bitmap.entries()) {
      const inside = shapes[pixel] === shape
      if (covered === 1 && inside) both++
      if (covered === 1 || inside) either++
    }
    return both / either
  }))
}
