import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { countArithmetic } from '../../src/core/onnx/arithmetic.ts'
import type { BenchResult } from './result.ts'
import { type Measured, type Measurement, miniStep, SIZE } from './training-step-process.ts'

/** A step is a forward pass and two more of the same arithmetic; a little over is for losses and the optimiser. */
const MOST_FORWARDS = 3.3

/**
 * One training step of Mini (SegFormer-B0, 19 classes) at 512x1024, batch 1, on the CPU: forward, cross-entropy at full
 * resolution, backward, clipping, AdamW, as one graph in onnxruntime. Against the inference of the same network, and
 * against the same step in PyTorch eager where a Python with torch is found (GOODSAM_PYTHON, or python3). Each is measured
 * in a process of its own.
 */
export async function bench(): Promise<BenchResult> {
  const threads = availableParallelism()
  const forwardMs = (await measure('forward')).ms
  const step = await measure('step')
  const { gigaflops, gigabytes } = await measure('peaks')
  const pytorch = measurePyTorch(threads)
  const cost = { forward: countArithmetic(miniStep().forward), step: countArithmetic(miniStep().step.model) }
  const floor = (flops: number) => flops / gigaflops / 1e6
  const roofline = (each: typeof cost.step) => each.nodes.reduce((ms, node) => ms + Math.max(node.flops / gigaflops, node.bytes / gigabytes) / 1e6, 0)
  const ratio = step.ms / forwardMs
  const best = pytorch === undefined ? undefined : Math.min(pytorch.published.stepMs, pytorch.fusedFirst.stepMs)
  return {
    name: 'training-step',
    values: {
      network: `Mini, ${SIZE.height}x${SIZE.width}, batch 1, ${threads} threads`,
      'forward, inference (ms)': forwardMs,
      'step (ms)': step.ms,
      'peak memory of the training process (MiB)': step.peakMiB,
      'arithmetic, forward (GFLOP)': cost.forward.flops / 1e9,
      'arithmetic, step (GFLOP)': cost.step.flops / 1e9,
      'memory traffic, step (GB)': cost.step.bytes / 1e9,
      "this machine's matrix product (GFLOP/s)": gigaflops,
      "this machine's memory (GB/s)": gigabytes,
      'floor by arithmetic, forward (ms)': floor(cost.forward.flops),
      'floor by arithmetic, step (ms)': floor(cost.step.flops),
      'floor node by node, forward (ms)': roofline(cost.forward),
      'floor node by node, step (ms)': roofline(cost.step),
      ...(pytorch === undefined ? { PyTorch: 'not found: name a Python with torch in GOODSAM_PYTHON' } : {
        PyTorch: pytorch.published.torch,
        'PyTorch eager, forward (ms)': pytorch.published.forwardMs,
        'PyTorch eager, step (ms)': pytorch.published.stepMs,
        'PyTorch eager with our form of the head, forward (ms)': pytorch.fusedFirst.forwardMs,
        'PyTorch eager with our form of the head, step (ms)': pytorch.fusedFirst.stepMs,
      }),
    },
    ratios: {
      [`${MOST_FORWARDS} forwards / step`]: { value: MOST_FORWARDS / ratio, floor: 1, ok: ratio <= MOST_FORWARDS },
      ...(best === undefined || pytorch === undefined ? {} : {
        'PyTorch eager step / step': { value: pytorch.published.stepMs / step.ms, floor: 1, ok: pytorch.published.stepMs >= step.ms },
        'PyTorch eager step, our form of the head / step': { value: best / step.ms, floor: 1, ok: best >= step.ms },
      }),
    },
    figures: {
      forwardMs, stepMs: step.ms, ratio, peakMiB: step.peakMiB,
      ...(pytorch === undefined ? {} : { pytorch: { forwardMs: pytorch.published.forwardMs, stepMs: pytorch.published.stepMs } }),
    },
  }
}

/** Runs one measurement in a process that does nothing else. */
async function measure<Name extends keyof Measured>(name: Name): Promise<Measured[Name]> {
  console.error(`  ${name} ...`)
  const child = fork(join(import.meta.dirname, 'training-step-process.ts'), [name satisfies Measurement], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = once(child, 'exit').then(() => undefined)
  const message = await Promise.race([once(child, 'message').then(([result]) => result as Measured[Name]), exited])
  if (message === undefined) throw new Error(`measuring ${name} ended without a result`)
  await exited
  return message
}

interface PyTorchTimes {
  readonly torch: string
  readonly forwardMs: number
  readonly stepMs: number
}

/** undefined where there is no Python with torch. */
function measurePyTorch(threads: number): { readonly published: PyTorchTimes; readonly fusedFirst: PyTorchTimes } | undefined {
  const python = process.env['GOODSAM_PYTHON'] ?? 'python3'
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  const run = (head: string): PyTorchTimes => {
    console.error(`  PyTorch (${head} head) ...`)
    const words = ['--threads', `${threads}`, '--height', `${SIZE.height}`, '--width', `${SIZE.width}`, '--head', head]
    return JSON.parse(execFileSync(python, [join(import.meta.dirname, 'training-step.py'), ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })) as PyTorchTimes
  }
  return { published: run('published'), fusedFirst: run('fused-first') }
}
