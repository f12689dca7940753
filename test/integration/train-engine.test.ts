/** Training in the engine process: whole, interrupted, killed; short of memory, short of numbers. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSafetensors } from '../../src/core/formats/safetensors.ts'
import type { Engine } from '../../src/main/engine/protocol.ts'
import type { TrainEvent } from '../../src/main/engine/training-protocol.ts'
import { listener, type TrainingFolder, trainingFolder } from '../support/training-panoramas.ts'
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
  await engine.restart()
  const [checkpoint] = first.of('checkpoint')
  expect(checkpoint.step).toBe(paused.step)
  const second = listener()
  expect(await engine.train({ ...request, resume: checkpoint.state }, second.options)).toEqual({ reason: 'finished', step: 20 })
  expect(second.events[0]).toMatchObject({ type: 'started', step: paused.step })
  expect([...curve(first.events), ...curve(second.events)]).toEqual(curve(whole.events))
  const [a, b] = [whole.of('checkpoint')[0], second.of('checkpoint')[0]]
  expect({ weights: b.weights, state: b.state, network: b.network }).toEqual({ weights: a.weights, state: a.state, network: a.network })
})
