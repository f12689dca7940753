import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createEngine } from '../../src/main/engine/engine.ts'
import { forkEngine } from '../../src/main/engine/engine-transport.ts'
import { listener, trainingFolder } from '../support/training-panoramas.ts'
import { CONFIG, STEPS, WARM_UP } from './distil-process.ts'
import type { BenchResult } from './result.ts'

/** Least share of the bare step's speed that the whole loop must reach. */
const SHARE = 0.93
/** Most of the time that a step may wait for samples. */
const WAIT_SHARE = 0.05
const ROUNDS = 5

interface Loop {
  readonly ms: number
  readonly waitShare: number
}

/**
 * Distillation of Mini at 256x512, batch 2, with all four terms, every window and all augmentations, in the engine
 * process: samples drawn, moved and trained on, events told. Against the training step alone, on one batch that lies
 * there. Scores, pictures and checkpoints are left out on both sides. Both are measured in turn, several times, and the
 * fastest rounds compared: on a virtual machine others take a tenth of the time in one minute and nothing in the next.
 */
export async function bench(): Promise<BenchResult> {
  const bares: number[] = []
  const loops: Loop[] = []
  for (let round = 0; round < ROUNDS; round++) {
    bares.push(await bareStepMs())
    loops.push(await measureLoop())
  }
  const bare = Math.min(...bares)
  const loop = { ms: Math.min(...loops.map(({ ms }) => ms)), waitShare: Math.max(...loops.map(({ waitShare }) => waitShare)) }
  const share = bare / loop.ms
  return {
    name: 'distil',
    values: {
      'bare training step (ms)': bare,
      'update in the loop (ms)': loop.ms,
      'fastest to slowest (ms)': `${range(bares)} bare, ${range(loops.map(({ ms }) => ms))} in the loop`,
      'samples per second, bare step': (1000 * CONFIG.batch) / bare,
      'samples per second, loop': (1000 * CONFIG.batch) / loop.ms,
      'share of the time waited for samples': loop.waitShare,
    },
    ratios: {
      'loop / bare step': { value: share, floor: SHARE, ok: share >= SHARE },
      'time not waited for samples': { value: 1 - loop.waitShare, floor: 1 - WAIT_SHARE, ok: loop.waitShare <= WAIT_SHARE },
    },
    figures: { bareStepMs: bare, loopStepMs: loop.ms, loopShare: share, waitShare: loop.waitShare },
  }
}

async function bareStepMs(): Promise<number> {
  const child = fork(join(import.meta.dirname, 'distil-process.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = once(child, 'exit').then(() => undefined)
  const ms = await Promise.race([once(child, 'message').then(([result]) => result as number), exited])
  if (ms === undefined) throw new Error('measuring the bare step ended without a result')
  await exited
  return ms
}

async function measureLoop(): Promise<Loop> {
  const folder = await trainingFolder(CONFIG)
  const engine = createEngine({ launch: forkEngine, settings: { provider: 'cpu', cpuThreads: 0, recycleBytes: 2 ** 40 } })
  try {
    let begun = 0
    let ended = 0
    const heard = listener((event) => {
      if (event.type !== 'point') return
      if (event.point.step === WARM_UP) begun = performance.now()
      if (event.point.step === STEPS) ended = performance.now()
    })
    await engine.train(folder.request({ ...CONFIG, steps: STEPS, windowsPerSample: null }, { threads: 0 }), heard.options)
    const last = heard.of('point').at(-1)
    if (last === undefined) throw new Error('the training told of no update')
    return { ms: (ended - begun) / (STEPS - WARM_UP), waitShare: last.waitShare }
  } finally {
    await engine.stop()
    await folder.remove()
  }
}

function range(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`
}
