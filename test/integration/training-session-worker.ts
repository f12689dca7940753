/** The child process of training-session-webgpu.test.ts: trains on a provider and tells its parent, since it may crash when it ends. */
import { InferenceSession, type Tensor as OrtTensor } from 'onnxruntime-node'
import type { Provider } from '../../src/contract/schemas.ts'
import { adamW } from '../../src/core/autodiff/optimizers.ts'
import { compileTrainingStep } from '../../src/core/autodiff/training-step.ts'
import { openTraining } from '../../src/main/engine/training-session.ts'
import { meanSquare, smallBatch, smallNet } from '../support/small-net.ts'

export interface TrainedOn {
  readonly losses: readonly number[]
  readonly norms: readonly number[]
  /** After a step with NaN in its batch */
  readonly finite: boolean
  readonly nonFinite: string | undefined
  readonly parameters: Readonly<Record<string, readonly number[]>>
  readonly averages: Readonly<Record<string, readonly number[]>>
  /** Where the state vectors lay, as inputs and as outputs of steps */
  readonly stateLocations: readonly string[]
}

const STEPS = 5

/** Notes where the state lies that goes through onnxruntime. */
function watchState(): ReadonlySet<string> {
  const locations = new Set<string>()
  const create = InferenceSession.create.bind(InferenceSession) as (...words: unknown[]) => Promise<InferenceSession>
  InferenceSession.create = async (...words: unknown[]) => {
    const session = await create(...words)
    const run = session.run.bind(session) as (...words: unknown[]) => Promise<Record<string, OrtTensor>>
    session.run = async (feeds: Record<string, OrtTensor>, ...rest: unknown[]) => {
      const results = await run(feeds, ...rest)
      for (const name of Object.keys(results)) {
        if (!name.startsWith('next.')) continue
        locations.add(results[name].location)
        locations.add(feeds[name.slice('next.'.length)].location)
      }
      return results
    }
    return session
  }
  return locations
}

async function train(provider: Provider): Promise<TrainedOn> {
  const stateLocations = watchState()
  const step = compileTrainingStep(smallNet('batch'), meanSquare, adamW({ weightDecay: 0.1 }), {
    bindings: { batch: 2 }, clipNorm: 0.5, averageDecay: 0.9, accumulate: 2, trainable: (name) => name !== 'conv.bias',
  })
  const training = await openTraining(step, { provider })
  const [losses, norms]: [number[], number[]] = [[], []]
  for (let index = 0; index < 2 * STEPS; index++) {
    const { loss, gradientNorm } = await training.step(smallBatch(index), { learningRate: 0.02, apply: index % 2 === 1 })
    losses.push(loss)
    norms.push(gradientNorm)
  }
  const locations = [...stateLocations]
  const bad = smallBatch(0)
  ;(bad.x.data as Float32Array)[3] = NaN
  const { finite } = await training.step(bad, { learningRate: 0.02 })
  const nonFinite = (await training.findNonFinite(bad, { learningRate: 0.02 }))?.name
  const plain = (tensors: Awaited<ReturnType<typeof training.parameters>>) => Object.fromEntries([...tensors].map(([name, { data }]) => [name, Array.from(data, Number)]))
  const saved = await training.state()
  await training.restore(saved)
  const result = { losses, norms, finite, nonFinite, parameters: plain(await training.parameters()), averages: plain(await training.averages()), stateLocations: locations }
  await training.dispose()
  return result
}

process.send?.(await train(process.argv[2] as Provider))
