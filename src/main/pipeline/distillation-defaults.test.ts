import { expect, test } from 'vitest'
import { DISTILLATION_DEFAULTS, LEARNING_RATES } from '../../core/goodsam/distillation-config.ts'
import { distillationConfigSchema } from '../../contract/training-schemas.ts'
import { completeConfig, refinementSteps, trainingSize } from './distillation-defaults.ts'

test.each([
  // the panorama's aspect, at most as many pixels as 512x1024, sides that divide by 32
  [{ height: 1024, width: 2048 }, { height: 512, width: 1024 }],
  [{ height: 4096, width: 8192 }, { height: 512, width: 1024 }],
  [{ height: 400, width: 2048 }, { height: 320, width: 1632 }],
  [{ height: 692, width: 2048 }, { height: 416, width: 1248 }],
  // never larger than the panorama
  [{ height: 256, width: 512 }, { height: 256, width: 512 }],
  [{ height: 20, width: 40 }, { height: 32, width: 32 }],
  [null, { height: 512, width: 1024 }],
])('panoramas of %o are trained on at %o', (panorama, size) => {
  expect(trainingSize(panorama)).toEqual(size)
})

test('nothing said: the defaults of the method', () => {
  expect(completeConfig({}, { panorama: null, init: 'random' })).toEqual(DISTILLATION_DEFAULTS)
  expect(distillationConfigSchema.parse(completeConfig({}, { panorama: { height: 400, width: 2048 }, init: 'file' }))).toMatchObject({ learningRate: LEARNING_RATES.pretrained })
})

test('a batch fills the same memory at every size, within reason', () => {
  const sizes = [[512, 1024], [1024, 2048], [256, 768], [64, 128]]
  expect(sizes.map(([height, width]) => completeConfig({ height, width }, { panorama: null, init: 'random' }).batch)).toEqual([2, 1, 4, 4])
})

test('a short run is warmed up, scored, pictured and kept in proportion', () => {
  expect(completeConfig({ steps: 300 }, { panorama: null, init: 'random' })).toMatchObject({
    warmupSteps: 15, validateEvery: 75, checkpointEvery: 75, sampleEvery: 38,
  })
  expect(completeConfig({ steps: 1 }, { panorama: null, init: 'random' })).toMatchObject({ warmupSteps: 0, validateEvery: 1, checkpointEvery: 1 })
})

test('what a person said stands; what was left undefined does not erase a default', () => {
  const asked = { steps: 300, warmupSteps: 100, batch: 3, learningRate: 0.01, validateEvery: undefined }
  expect(completeConfig(asked, { panorama: null, init: 'random' })).toMatchObject({ warmupSteps: 100, batch: 3, learningRate: 0.01, validateEvery: 75 })
})

test('a TA is refined for about twenty minutes at most, and for no more steps than are of use', () => {
  expect([0.01, 1.2, 3, 24, 1000].map(refinementSteps)).toEqual([1000, 1000, 200, 50, 20])
})

test('a network of a fixed size is trained at that size, unless a person asks for another', () => {
  const fixed = { batch: 1, height: 256, width: 512 }
  expect(completeConfig({}, { panorama: { height: 1024, width: 2048 }, init: 'network', fixed })).toMatchObject({ batch: 1, height: 256, width: 512 })
  expect(completeConfig({ width: 1024 }, { panorama: null, init: 'network', fixed: { height: 256 } })).toMatchObject({ height: 256, width: 1024, batch: 4 })
})
