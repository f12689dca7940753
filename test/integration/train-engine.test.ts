/** Training in the engine process: whole, interrupted, killed; short of memory, short of numbers. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSafetensors } from '../../src/core/formats/safetensors.ts'
import { studentConfig } from '../../src/core/networks/segformer/config.ts'
import { segformer } from '../../src/core/networks/segformer/network.ts'
import { initialWeights } from '../../src/core/networks/segformer/parameters.ts'
import { toSafetensors } from '../../src/core/networks/segformer/weights.ts'
import { float32 } from '../../src/core/onnx/tensor.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import type { Engine } from '../../src/main/engine/protocol.ts'
import type { TrainEvent } from '../../src/main/engine/training-protocol.ts'
import { CLASSES, listener, type TrainingFolder, trainingFolder } from '../support/training-panoramas.ts'
import { startEngine } from './engine-fixtures.ts'

let folder: TrainingFolder
let engine: Engine
beforeAll(async () => {
  folder = await trainingFolder()
  engine = startEngine()
})
afterAll(async () => {
  await engine.stop()
  await folder.remove()
})

/** What must be the same whatever the machine does: everything of a point but its speed. */
function curve(events: readonly TrainEvent[]): unknown[] {
  return events.flatMap((event) => (event.type === 'point' ? [{ ...event.point, imagesPerSecond: 0 }] : []))
}

test('it learns, and says all that happens in order', async () => {
  const heard = listener()
  const [heldOut, ...panoramas] = folder.panoramas
  const response = await engine.train(
    folder.request({ validateEvery: 10, sampleEvery: 10, checkpointEvery: 10 }, { panoramas, heldOut: [heldOut], scoreKind: 'miou', pictured: [heldOut] }),
    heard.options,
  )
  expect(response).toEqual({ reason: 'finished', step: 20 })
  const points = heard.of('point').map(({ point }) => point)
  expect(points.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  expect(points[19].loss).toBeLessThan(points[0].loss)
  expect(Object.keys(points[0].terms)).toEqual(['image', 'window', 'confident', 'boundary'])
  expect(heard.events[0]).toMatchObject({ type: 'started', provider: 'cpu', parameters: 3_719_027, step: 0 })
  expect(heard.events.filter(({ type }) => type !== 'point').map(({ type }) => type)).toEqual(['started', 'score', 'sample', 'checkpoint', 'score', 'sample', 'checkpoint'])
  const [, last] = heard.of('checkpoint')
  expect(last).toMatchObject({ step: 20, loss: points[19].loss, score: heard.of('score')[1].point.score })
  const { tensors } = readSafetensors(await folder.store.read(last.weights))
  expect(tensors['decode_head.classifier.weight'].shape).toEqual([19, 256, 1, 1])
  const signature = await engine.inspectModel(folder.store.path(last.network))
  expect(signature.inputs[0].shape).toEqual(['batch', 3, 'height', 'width'])
  const [picture] = heard.of('sample')
  for (const hash of [picture.image, picture.pseudoLabel, picture.student, picture.difference]) {
    expect([...(await folder.store.read(hash)).subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47])
  }
})

test('paused and gone on with in another process, it is the same run bit for bit', async () => {
  const request = folder.request({ emaDecay: 0.9, accumulate: 2 })
  const whole = listener()
  await engine.train(request, whole.options)
  const first = listener((event) => {
    if (event.type === 'point' && event.point.step === 7) first.pause.abort()
  })
  const paused = await engine.train(request, first.options)
  expect(paused.reason).toBe('paused')
  const [checkpoint] = first.of('checkpoint')
  expect(checkpoint.step).toBe(paused.step)
  const second = listener()
  const other = startEngine()
  expect(await other.train({ ...request, resume: checkpoint.state }, second.options)).toEqual({ reason: 'finished', step: 20 })
  await other.stop()
  expect(second.events[0]).toMatchObject({ type: 'started', step: paused.step })
  expect([...curve(first.events), ...curve(second.events)]).toEqual(curve(whole.events))
  const [a, b] = [whole.of('checkpoint')[0], second.of('checkpoint')[0]]
  expect({ weights: b.weights, state: b.state, network: b.network }).toEqual({ weights: a.weights, state: a.state, network: a.network })
})

test('kill -9 in the middle: it fails as engine, and goes on from the last checkpoint with the same curve', async () => {
  const request = folder.request({ checkpointEvery: 4, steps: 12 })
  const whole = listener()
  await engine.train(request, whole.options)
  const killed = listener((event) => {
    if (event.type === 'point' && event.point.step === 10) process.kill(engine.status().pid!, 'SIGKILL')
  })
  await expect(engine.train(request, killed.options)).rejects.toMatchObject({ code: 'engine', message: expect.stringContaining('while training painted') as string })
  const last = killed.of('checkpoint').at(-1)!
  expect(last.step).toBeGreaterThanOrEqual(8)
  const resumed = listener()
  await engine.train({ ...request, resume: last.state }, resumed.options)
  expect([...curve(killed.events).slice(0, last.step), ...curve(resumed.events)]).toEqual(curve(whole.events))
  expect(resumed.of('checkpoint').at(-1)?.weights).toBe(whole.of('checkpoint').at(-1)?.weights)
})

test('cancelled, it ends soon; a factor for the learning rate counts from the next updates on; the process stays', async () => {
  const { pid } = engine.status()
  const heard = listener((event) => {
    if (event.type !== 'point') return
    if (event.point.step === 3) heard.setFactor(0.5)
    if (event.point.step >= 20) heard.stop.abort()
  })
  await expect(engine.train(folder.request({ steps: 1000, warmupSteps: 0, schedule: 'constant' }), heard.options)).rejects.toMatchObject({ code: 'cancelled' })
  const rates = heard.of('point').map(({ point }) => point.learningRate)
  expect(rates[0]).toBe(1e-3)
  expect(rates.at(-1)).toBe(5e-4)
  expect(new Set(rates).size).toBe(2)
  expect(engine.status()).toMatchObject({ pid, state: 'ready' })
})

test('what a listener throws ends the training with it', async () => {
  const failing = listener((event) => {
    if (event.type === 'point') throw new Error('the row cannot be written')
  })
  await expect(engine.train(folder.request({ steps: 1000 }), failing.options)).rejects.toThrow('the row cannot be written')
})

test('weights that overflow: it stops at the first step, with the node', async () => {
  const config = studentConfig('mini', CLASSES)
  const weights = initialWeights(config, 1)
  const name = 'segformer.encoder.patch_embeddings.0.proj.weight'
  weights.set(name, float32(weights.get(name)!.dims, new Float32Array(weights.get(name)!.data.length).fill(1e38)))
  const file = join(folder.root, 'wild.safetensors')
  await writeFile(file, toSafetensors(config, weights))
  const heard = listener()
  await expect(engine.train(folder.request({}, { weights: file }), heard.options)).rejects.toMatchObject({
    code: 'bad-model', message: expect.stringMatching(/^Training stopped at step 1: .*The first NaN or infinity comes out of Conv node .* There is no checkpoint yet\. Check the weights it starts from\.$/) as string,
  })
  expect(heard.of('point')).toEqual([])
})

test('a checkpoint is what another run starts from; other classes are refused with a remedy', async () => {
  const heard = listener()
  await engine.train(folder.request({ steps: 4 }), heard.options)
  const weights = folder.store.path(heard.of('checkpoint')[0].weights)
  const again = listener()
  await engine.train(folder.request({ steps: 1 }, { weights }), again.options)
  expect(again.of('point')[0].point.loss).not.toBe(heard.of('point')[0].point.loss)
  await expect(engine.train(folder.request({ steps: 1 }, { weights, classes: 8 }), again.options)).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining('has weights for 19 classes; the labels have 8') as string })
})

test('any ONNX file with gradients is a student, under its own names', async () => {
  const config = studentConfig('mini', CLASSES)
  const network = join(folder.root, 'own.onnx')
  await writeFile(network, writeModel(segformer(config, initialWeights(config, 1))))
  const source = { architecture: { kind: 'onnx' as const, model: 'a'.repeat(64), name: 'own.onnx' }, network }
  const [own, built] = [listener(), listener()]
  await engine.train(folder.request({ steps: 3 }, source), own.options)
  await engine.train(folder.request({ steps: 3 }), built.options)
  expect(curve(own.events)).toEqual(curve(built.events))
  const { weights } = own.of('checkpoint')[0]
  const resumed = listener()
  await engine.train(folder.request({ steps: 1 }, { ...source, weights: folder.store.path(weights) }), resumed.options)
  expect(resumed.of('point')).toHaveLength(1)
  await expect(engine.train(folder.request({}, { ...source, classes: 8 }), own.options)).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining('own.onnx tells 19 classes apart; the labels have 8') as string })
})

test('a TA is refined on pairs of its windows: it agrees with them more and more', async () => {
  const heard = listener()
  const size = { height: 64, width: 64 }
  const response = await engine.train(folder.request({ ...size, steps: 24, batch: 2 }, { task: 'refine-ta' }), heard.options)
  expect(response).toEqual({ reason: 'finished', step: 24 })
  const points = heard.of('point').map(({ point }) => point)
  const mean = (term: string, from: number) => points.slice(from, from + 4).reduce((sum, { terms }) => sum + terms[term] / 4, 0)
  expect(Object.keys(points[0].terms)).toEqual(['ensemble', 'confident', 'consistency'])
  for (const term of ['ensemble', 'confident']) expect(mean(term, 20), term).toBeLessThan(0.8 * mean(term, 0))
  expect(heard.of('checkpoint').map(({ step, best }) => [step, best])).toEqual([[24, true]])
})

test('an estimate needs no run', async () => {
  const { architecture, classes, network, weights, config, batch, accumulate } = folder.request()
  const estimate = await engine.estimateTraining({ architecture, classes, network, weights, config, batch, accumulate })
  expect(estimate.parameters).toBe(3_719_027)
  expect(estimate.peakBytes).toBeGreaterThan(50e6)
  const twice = await engine.estimateTraining({ architecture, classes, network, weights, config, batch: 2 * batch, accumulate })
  expect(twice.arithmetic / estimate.arithmetic).toBeGreaterThan(1.7)
})

test('damaged training data are named', async () => {
  const { hash } = await folder.store.put(new TextEncoder().encode('nothing'))
  await expect(engine.train(folder.request({}, { panoramas: [{ ...folder.panoramas[0], data: hash }] }), listener().options)).rejects.toMatchObject({ code: 'workspace-damaged', message: expect.stringContaining(hash) as string })
})
