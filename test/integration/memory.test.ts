/** Estimated memory against what onnxruntime takes, and recomputation, which lowers both. */
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { differentiate } from '../../src/core/autodiff/differentiate.ts'
import { estimatePeakBytes } from '../../src/core/autodiff/memory.ts'
import { recomputeBlocks } from '../../src/core/autodiff/recompute.ts'
import { executionOrder } from '../../src/core/onnx/execution-order.ts'
import { GraphBuilder, type Value } from '../../src/core/onnx/graph-builder.ts'
import type { Model } from '../../src/core/onnx/model.ts'
import { elementCount, float32 } from '../../src/core/onnx/tensor.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import { runModel } from '../support/run-model.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const BLOCKS = 12
const WIDTH = 64

/** Loss and gradients of a stack of residual blocks: x + W2 gelu(W1 layerNorm(x)). */
function stack(tokens: number): Model {
  const builder = new GraphBuilder()
  const weight = (name: string, dims: readonly number[]) => builder.initializer(name, float32(dims, Array.from({ length: elementCount(dims) }, (_, index) => Math.cos(index * 1.7 + name.length) / 8)))
  let x: Value = builder.input('x', 'float32', [tokens, WIDTH])
  const parameters: string[] = []
  for (let index = 0; index < BLOCKS; index++) {
    const names = ['scale', 'first', 'second'].map((name) => `block.${index}.${name}`)
    const [scale, first, second] = [[WIDTH], [WIDTH, 4 * WIDTH], [4 * WIDTH, WIDTH]].map((dims, at) => weight(names[at], dims))
    parameters.push(...names)
    x = builder.scope(`block.${index}`, () => {
      const hidden = builder.emit('Gelu', [builder.emit('MatMul', [builder.emit('LayerNormalization', [x, scale]), first])])
      return builder.emit('Add', [x, builder.emit('MatMul', [hidden, second])])
    })
  }
  const loss = builder.emit('ReduceMean', [builder.emit('Mul', [x, x])], { keepdims: 0 })
  const gradients = differentiate(builder, loss, parameters)
  builder.output(loss, 'loss')
  for (const [name, gradient] of gradients) builder.output(gradient, `gradient of ${name}`)
  return builder.build()
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(() => folder.remove())

const blocks = Array.from({ length: BLOCKS }, (_, index) => `block.${index}`)
const run = promisify(execFile)

async function measuredBytes(model: Model, level: 'all' | 'disabled'): Promise<number> {
  const file = join(folder.path, 'model.onnx')
  await writeFile(file, writeModel(model))
  // large blocks go back to the system at once, so that what is resident is what is held
  const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: '16384', MALLOC_TRIM_THRESHOLD_: '16384' }
  const { stdout } = await run(process.execPath, ['--expose-gc', join(import.meta.dirname, 'memory-process.ts'), file, level], { env })
  return (JSON.parse(stdout) as { bytes: number }).bytes
}

describe('estimatePeakBytes', () => {
  it('follows the order in which onnxruntime runs nodes', async () => {
    const model = stack(8)
    const nodes = model.graph.nodes.map((node) => ({ ...node, name: node.outputs[0] }))
    const session = await InferenceSession.create(writeModel({ ...model, graph: { ...model.graph, nodes } }), {
      enableProfiling: true, profileFilePrefix: join(folder.path, 'profile'), graphOptimizationLevel: 'disabled', executionProviders: ['cpu'],
    })
    await session.run({ x: new Tensor('float32', new Float32Array(8 * WIDTH), [8, WIDTH]) })
    session.endProfiling()
    await session.release()
    const [file] = globSync('profile*.json', { cwd: folder.path })
    const events = JSON.parse(await readFile(join(folder.path, file), 'utf8')) as { cat: string; name: string }[]
    const ran = events.flatMap(({ cat, name }) => (cat === 'Node' && name.endsWith('_kernel_time') ? [name.slice(0, -'_kernel_time'.length)] : []))
    expect(ran).toEqual(executionOrder(nodes).map((node) => node.name))
  })

  it.skipIf(process.platform !== 'linux').each(['disabled', 'all'] as const)('is within a quarter of what a run takes (optimisations %s)', async (level) => {
    const model = stack(8192)
    const { peakBytes } = estimatePeakBytes(model)
    const measured = await measuredBytes(model, level)
    console.info(`estimated ${(peakBytes / 2 ** 20).toFixed()} MiB, measured ${(measured / 2 ** 20).toFixed()} MiB (${level})`)
    expect(peakBytes / measured).toBeGreaterThan(0.75)
    expect(peakBytes / measured).toBeLessThan(1.25)
  })

  it('names what is held at the worst moment', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', 'float32', [1000])
    const wide = builder.emit('Expand', [x, [50, 1000]])
    const product = builder.emit('Mul', [builder.emit('Relu', [wide]), builder.emit('ReduceSum', [x, [0]])])
    builder.output(builder.emit('ReduceSum', [product], { keepdims: 0 }), 'y')
    const estimate = estimatePeakBytes(builder.build())
    // the input, the constants, the wide value over which Relu wrote, the sum, the product
    expect(estimate).toMatchObject({ peakBytes: 4000 + 24 + 200_000 + 4 + 200_000, parameterBytes: 24, at: 'Mul' })
    expect(estimate.live).toEqual([{ name: 'Expand', bytes: 200_000 }, { name: 'Mul', bytes: 200_000 }, { name: 'ReduceSum', bytes: 4 }])
  })

  it('asks for numbers', () => {
    const builder = new GraphBuilder()
    builder.output(builder.emit('Relu', [builder.input('x', 'float32', ['batch', 3])]), 'y')
    expect(() => estimatePeakBytes(builder.build())).toThrow('bind its dimensions first')
  })
})

describe('recomputeBlocks', () => {
  let plain: Model
  let recomputed: Model
  beforeAll(() => {
    plain = stack(8192)
    recomputed = recomputeBlocks(plain, { blocks, batch: ['x'] })
  })

  it.each(['disabled', 'all'] as const)('gives the same loss and gradients bit for bit (optimisations %s)', async (optimization) => {
    const small = stack(40)
    const x = { x: float32([40, WIDTH], Array.from({ length: 40 * WIDTH }, (_, index) => Math.sin(index))) }
    const before = await runModel(small, x, { optimization })
    const after = await runModel(recomputeBlocks(small, { blocks, batch: ['x'] }), x, { optimization })
    expect(after).toEqual(before)
  })

  it('lowers the estimate', () => {
    expect(estimatePeakBytes(recomputed).peakBytes).toBeLessThan(0.5 * estimatePeakBytes(plain).peakBytes)
  })

  it.skipIf(process.platform !== 'linux')('lowers what a run takes', async () => {
    const [before, after] = [await measuredBytes(plain, 'all'), await measuredBytes(recomputed, 'all')]
    console.info(`${(before / 2 ** 20).toFixed()} MiB kept, ${(after / 2 ** 20).toFixed()} MiB recomputed; estimated ${(estimatePeakBytes(recomputed).peakBytes / 2 ** 20).toFixed()}`)
    expect(after).toBeLessThan(0.5 * before)
  })

  it('recomputes only what depends on the batch, and only inside blocks', () => {
    const copies = recomputed.graph.nodes.filter((node) => node.name.startsWith('recomputed.block.3.'))
    expect(new Set(copies.map((node) => node.opType))).toEqual(new Set(['LayerNormalization', 'MatMul', 'Gelu']))
  })

  it('names a block that is not there', () => {
    expect(() => recomputeBlocks(plain, { blocks: ['block.12'] })).toThrow('No node\'s name begins with "block.12".')
  })
})
