import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { decodeFusion, decodeSemantics } from '../../src/core/formats/bundles.ts'
import { RECIPES } from '../../src/core/goodsam/config.ts'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import type { Engine, LabelPanoramaRequest } from '../../src/main/engine/protocol.ts'
import { agreement, artifactFiles, colours, labelRequest, officialSam, paint, QUICK, run, startEngine, STREET, taModel, writeImage } from './engine-fixtures.ts'

/** The engine as a process: it is cancelled, killed, orphaned, and asked to use a GPU. */

const SIZE = { width: 256, height: 128 }
let folder = ''
let image = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodsam-process-'))
  image = await writeImage(join(folder, 'street.png'), SIZE, colours(paint(SIZE.width, SIZE.height, STREET)))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function street(rest: Partial<LabelPanoramaRequest> = {}): LabelPanoramaRequest {
  return labelRequest({ path: image, ...SIZE, artifactsRoot: join(folder, 'artifacts'), ...rest })
}

/** One prompt per run and many prompts: seconds of work with a model of 3 KB. */
function slowStreet(root: string): LabelPanoramaRequest {
  return street({ sam: officialSam('encoder.onnx', { ...QUICK, pointsPerSide: 64 }), artifactsRoot: root })
}

async function whileMasksAreMade(engine: Engine, request: LabelPanoramaRequest, act: () => void, signal = new AbortController().signal): Promise<unknown> {
  let acted = false
  const labelling = engine.labelPanorama(request, {
    signal,
    onProgress: ({ message }) => {
      if (acted || !message.startsWith('masks')) return
      acted = true
      act()
    },
  })
  return labelling.then(() => 'finished all the same', (error: unknown) => error)
}

test('cancelled in the middle: soon, with nothing half-written, and the engine goes on', async () => {
  const engine = startEngine()
  const root = join(folder, 'cancelled')
  const stop = new AbortController()
  let asked = 0
  const failure = await whileMasksAreMade(engine, slowStreet(root), () => {
    asked = performance.now()
    stop.abort()
  }, stop.signal)
  expect(failure).toMatchObject({ code: 'cancelled' })
  expect(performance.now() - asked).toBeLessThan(2000)
  expect((await artifactFiles(root)).unfinished).toEqual([])
  const pid = engine.status().pid
  await run(engine, street())
  expect(engine.status()).toMatchObject({ pid, restarts: 0 })
  await engine.stop()
})

test('kill -9 in the middle: the request fails as engine, the next one is answered by a new process', async () => {
  const engine = startEngine()
  const killed = await whileMasksAreMade(engine, slowStreet(join(folder, 'killed')), () => process.kill(engine.status().pid!, 'SIGKILL'))
  expect(killed).toMatchObject({ code: 'engine', message: expect.stringContaining('SIGKILL') as string })
  const response = await run(engine, street())
  expect(response.stats.masks).toBeGreaterThan(0)
  expect(engine.status().restarts).toBe(1)
  await engine.stop()
})

test('Ctrl+C in a terminal, which reaches it too, does not end it: the host decides', async () => {
  const engine = startEngine()
  const answer = await whileMasksAreMade(engine, street(), () => process.kill(engine.status().pid!, 'SIGINT'))
  expect(answer).toBe('finished all the same')
  expect(engine.status().restarts).toBe(0)
  await engine.stop()
})

test('its main thread answers while onnxruntime computes', async () => {
  const engine = startEngine()
  const beats: number[] = []
  engine.onStatus(() => beats.push(performance.now()))
  const stop = new AbortController()
  const labelling = run(engine, slowStreet(join(folder, 'busy')), stop.signal).catch(() => {})
  await vi.waitFor(() => expect(engine.status().state).toBe('busy'), 10_000)
  beats.length = 0
  await delay(3500)
  stop.abort()
  await labelling
  // one a second
  expect(beats.length).toBeGreaterThanOrEqual(2)
  await engine.stop()
})

test('no orphan: the engine ends with its host, also when that is killed', async () => {
  const script = `
    import { createEngine } from '${resolve('src/main/engine/engine.ts')}'
    import { forkEngine } from '${resolve('src/main/engine/engine-transport.ts')}'
    const engine = createEngine({ launch: forkEngine, settings: { provider: 'cpu', cpuThreads: 0, recycleBytes: 1e12 } })
    await engine.inspectModel('${resolve('test/fixtures/models/colour-ta.onnx')}')
    console.log('pid ' + engine.status().pid)
    setInterval(() => {}, 1000)`
  const host = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = await new Promise<number>((found) => {
    host.stdout.on('data', (data: Buffer) => {
      const match = /pid (\d+)/.exec(data.toString())
      if (match) found(Number(match[1]))
    })
  })
  expect(isAlive(pid)).toBe(true)
  host.kill('SIGKILL')
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

test('WebGPU (software Vulkan) computes what the CPU computes', async (context) => {
  if (!existsSync(SWIFTSHADER)) {
    console.warn(`SKIPPED: ${SWIFTSHADER} is absent, so the WebGPU provider has nothing to run on here.`)
    context.skip()
  }
  const env = { VK_ICD_FILENAMES: SWIFTSHADER, LD_LIBRARY_PATH: '/usr/lib/chromium', XDG_RUNTIME_DIR: '/tmp' }
  const engine = startEngine({ env })
  // software rendering is slow: few windows
  const config = { ...RECIPES.goodsam, windows: [{ name: 'sliding', widthFraction: 0.5, heightFraction: null, strideFraction: 0.5 }] } as const
  const gpu = await run(engine, street({ config, provider: 'webgpu', artifactsRoot: join(folder, 'gpu') }))
  expect(gpu.warnings).toEqual([])
  expect(gpu.stats.provider).toBe('webgpu')
  expect(engine.status().provider).toBe('webgpu')
  const cpu = await run(engine, street({ config, provider: 'cpu', artifactsRoot: join(folder, 'cpu') }))
  expect(cpu.stats.provider).toBe('cpu')
  const [a, b] = [openArtifactStore(join(folder, 'gpu')), openArtifactStore(join(folder, 'cpu'))]
  const labels = [decodeFusion(await a.read(gpu.artifacts.fusion)).label, decodeFusion(await b.read(cpu.artifacts.fusion)).label]
  expect(agreement(labels[0], labels[1])).toBeGreaterThan(0.999)
  const semantics = [decodeSemantics(await a.read(gpu.artifacts.semantics)), decodeSemantics(await b.read(cpu.artifacts.semantics))]
  expect(semantics[0].consistency).toBeCloseTo(semantics[1].consistency, 3)
  expect(gpu.stats.masks).toBe(cpu.stats.masks)
  // a model's own NaN is the model's fault, not the provider's
  await expect(run(engine, street({ config, provider: 'webgpu', ta: taModel('bad/nan-ta.onnx') }))).rejects.toMatchObject({ code: 'bad-model' })
  expect(engine.status().providers.find((report) => report.provider === 'webgpu')).toMatchObject({ available: true })
  // software rendering works, and auto does not fall for it
  const auto = await run(engine, street({ config, provider: 'auto', artifactsRoot: join(folder, 'gpu') }))
  expect(auto.stats.provider).toBe('cpu')
  expect(engine.status().providers.find((report) => report.provider === 'webgpu')).toMatchObject({ available: true, detail: expect.stringContaining('no faster than the CPU') as string })
  await engine.stop()
})
