/**
 * Milliseconds of each layer of SegFormer-B0 at 512x1024 and of ESPNetv2's kinds of layers: forward, gradient by the input,
 * gradient by the weight, and the same in PyTorch where it is installed:
 *     node test/bench/convolution-gradients.ts [NAME] [--wall]
 * Processor time of one thread, which other programs hardly disturb; with --wall elapsed time of two threads.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { dims, GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import { elementCount } from '../../src/core/onnx/tensor.ts'
import { writeModel } from '../../src/core/onnx/write.ts'

interface Layer {
  readonly name: string
  readonly x: readonly number[]
  readonly weight: readonly number[]
  /** A convolution's attributes; without them the layer is a matrix product */
  readonly conv?: { readonly strides: readonly number[]; readonly pads: readonly number[]; readonly dilations: readonly number[]; readonly group: number }
}

function conv(name: string, size: readonly number[], weight: readonly number[], { stride = 1, pad = 0, dilation = 1, group = 1 } = {}): Layer {
  return { name, x: [1, weight[1] * group, ...size], weight, conv: { strides: [stride, stride], pads: [pad, pad, pad, pad], dilations: [dilation, dilation], group } }
}

const LAYERS: readonly Layer[] = [
  conv('patch embedding 1', [512, 1024], [32, 3, 7, 7], { stride: 4, pad: 3 }),
  conv('patch embedding 2', [128, 256], [64, 32, 3, 3], { stride: 2, pad: 1 }),
  conv('patch embedding 3', [64, 128], [160, 64, 3, 3], { stride: 2, pad: 1 }),
  conv('patch embedding 4', [32, 64], [256, 160, 3, 3], { stride: 2, pad: 1 }),
  conv('sequence reduction 1', [128, 256], [32, 32, 8, 8], { stride: 8 }),
  conv('sequence reduction 2', [64, 128], [64, 64, 4, 4], { stride: 4 }),
  conv('sequence reduction 3', [32, 64], [160, 160, 2, 2], { stride: 2 }),
  conv('depthwise 1', [128, 256], [128, 1, 3, 3], { pad: 1, group: 128 }),
  conv('depthwise 2', [64, 128], [256, 1, 3, 3], { pad: 1, group: 256 }),
  conv('depthwise 3', [32, 64], [640, 1, 3, 3], { pad: 1, group: 640 }),
  conv('depthwise 4', [16, 32], [1024, 1, 3, 3], { pad: 1, group: 1024 }),
  conv('head fusion 1x1', [128, 256], [256, 1024, 1, 1]),
  conv('classifier 1x1', [128, 256], [19, 256, 1, 1]),
  { name: 'head projection 1', x: [1, 32768, 32], weight: [32, 256] },
  { name: 'mix-FFN in 1', x: [1, 32768, 32], weight: [32, 128] },
  { name: 'mix-FFN in 4', x: [1, 512, 256], weight: [256, 1024] },
  { name: 'attention scores 1', x: [1, 1, 32768, 32], weight: [1, 1, 32, 512] },
  { name: 'attention scores 2', x: [1, 2, 8192, 32], weight: [1, 2, 32, 512] },
  { name: 'attention values 1', x: [1, 1, 32768, 512], weight: [1, 1, 512, 32] },
  conv('ESPNetv2 stem', [512, 1024], [32, 3, 3, 3], { stride: 2, pad: 1 }),
  conv('ESPNetv2 grouped 1x1', [64, 128], [64, 64, 1, 1], { group: 4 }),
  conv('ESPNetv2 dilated', [64, 128], [64, 1, 3, 3], { pad: 4, dilation: 4, group: 64 }),
  conv('ESPNetv2 dilated by 2', [256, 512], [24, 1, 3, 3], { stride: 2, pad: 4, dilation: 4, group: 24 }),
]

const MODES = ['forward', 'd input', 'd weight'] as const
const isWall = process.argv.includes('--wall')
const BUDGET_MS = 400

/** Milliseconds of one layer's forward pass or of one of its gradients, the best of several runs. */
async function measure(layer: Layer, mode: (typeof MODES)[number]): Promise<number> {
  const builder = new GraphBuilder()
  const [x, weight] = [builder.input('x', 'float32', layer.x), builder.input('weight', 'float32', layer.weight)]
  const y = builder.emit(layer.conv === undefined ? 'MatMul' : 'Conv', [x, weight], layer.conv)
  const dy = builder.input('dy', 'float32', dims(y))
  const by = mode === 'd input' ? 'x' : 'weight'
  const result = mode === 'forward' ? y : differentiate(builder, y, [by], dy).get(by) ?? y
  // One element leaves the session, so that no time goes into handing over large results
  builder.output(builder.emit('Slice', [result, dims(result).map(() => 0), dims(result).map(() => 1)]), 'first')
  const session = await InferenceSession.create(writeModel(builder.build()), { intraOpNumThreads: isWall ? 2 : 1, logSeverityLevel: 3 })
  const feeds = Object.fromEntries([x, weight, dy].filter(({ name }) => session.inputNames.includes(name)).map((value) => [value.name, filled(value)]))
  let best = Infinity
  const begun = performance.now()
  for (let round = 0; round < 4 || (performance.now() - begun < BUDGET_MS && round < 40); round++) {
    const before = now()
    await session.run(feeds)
    best = Math.min(best, now() - before)
  }
  await session.release()
  return best
}

function now(): number {
  const { user, system } = process.cpuUsage()
  return isWall ? performance.now() : (user + system) / 1000
}

function filled(value: Value): Tensor {
  return new Tensor('float32', Float32Array.from({ length: elementCount(dims(value)) }, (_, index) => Math.sin(index)), dims(value))
}

/**
 * The same numbers from PyTorch in Debian's Python, or none. Its OpenBLAS falls back to kernels of 2004 on a processor that
 * it does not know, which would flatter us several times over: it is told which kernels the processor can run.
 */
function pytorch(layers: readonly Layer[]): readonly (readonly number[])[] {
  if (!existsSync('/usr/bin/python3') || !existsSync('/proc/cpuinfo')) return []
  const { status, stdout } = spawnSync('/usr/bin/python3', [join(import.meta.dirname, 'convolution-gradients.py')], {
    input: JSON.stringify({ layers, wall: isWall, budgetMs: BUDGET_MS }), encoding: 'utf8',
    env: { ...process.env, OPENBLAS_NUM_THREADS: isWall ? '2' : '1', OPENBLAS_CORETYPE: /\bavx512bw\b/.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'SkylakeX' : 'Haswell' },
  })
  return status === 0 ? JSON.parse(stdout) as number[][] : []
}

function row(values: readonly number[]): string {
  return values.map((value) => value.toFixed(1).padStart(10)).join('')
}

const only = process.argv.slice(2).find((word) => !word.startsWith('--')) ?? ''
const layers = LAYERS.filter(({ name }) => name.includes(only))
const reference = pytorch(layers)
console.log(`${'ms'.padEnd(24)}${MODES.map((mode) => mode.padStart(10)).join('')}${reference.length > 0 ? `    PyTorch:${MODES.map((mode) => mode.padStart(10)).join('')}` : ''}`)
for (const [index, layer] of layers.entries()) {
  const times: number[] = []
  for (const mode of MODES) times.push(await measure(layer, mode))
  console.log(`${layer.name.padEnd(24)}${row(times)}${reference[index] === undefined ? '' : `            ${row(reference[index])}`}`)
}
