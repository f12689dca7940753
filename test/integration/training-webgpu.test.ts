/** Values, gradients and a training step are the same on the GPU as on the CPU; what the GPU leaves to the CPU is listed. */
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { GRADIENTS } from '../../src/core/autodiff/registry.ts'
import { STOP } from '../../src/core/autodiff/rule.ts'
import type { WorkerMessage } from './training-webgpu-worker.ts'
import { WEBGPU_DEFECTS } from './webgpu-defects.ts'

/** Operators without a WebGPU kernel: they run on the CPU, at the price of a copy each way. The table is in docs/performance.md. */
const LEFT_TO_CPU = ['Cast', 'Dropout', 'LogSoftmax', 'Selu', 'Softsign']
const THREE_AXES = 'convolutions of three axes have no kernel'
const TOLERANCE = 1e-3

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const present = existsSync(SWIFTSHADER)
if (!present) console.warn(`SKIPPED training on WebGPU: ${SWIFTSHADER} is absent, so the WebGPU provider has nothing to run on here.`)

describe.skipIf(!present)('on WebGPU (software Vulkan)', () => {
  let messages: readonly WorkerMessage[]
  const of = <Kind extends WorkerMessage['kind']>(kind: Kind) => messages.filter((message): message is Extract<WorkerMessage, { kind: Kind }> => message.kind === kind)

  beforeAll(async () => {
    messages = await messagesOfWorker()
  })

  it('every gradient case has the value and the gradients that it has on the CPU', () => {
    expect(of('failed')).toEqual([])
    expect(of('case').length).toBeGreaterThan(0)
    expect(of('case').filter(({ difference }) => !(difference < TOLERANCE))).toEqual([])
  })

  it('only convolutions of three axes cannot run', () => {
    expect([...new Set(of('defect').map(({ defect }) => defect))]).toEqual([THREE_AXES])
  })

  it.each(Object.keys(WEBGPU_DEFECTS))('the defect is still there, but not in a training step: %s', (defect) => {
    const canRun = defect !== THREE_AXES
    expect(of('still').find((message) => message.defect === defect)).toMatchObject({ wrong: true, wrongInSteps: !canRun })
  })

  it('a training step of a net of all operators comes out as on the CPU', () => {
    const [step] = of('step')
    const rows = Object.entries(GRADIENTS).flatMap(([operator, rule]) => (rule === STOP ? [] : [operator]))
    expect(rows.filter((operator) => !step.operators.includes(operator))).toEqual([])
    expect(step.loss).toBeLessThan(TOLERANCE)
    expect(step.gradientNorm).toBeLessThan(TOLERANCE)
    expect(step.parameters).toBeLessThan(TOLERANCE)
  })

  it('leaves no more operators to the CPU than are listed', () => {
    expect([...new Set(of('case').flatMap(({ onCpu }) => onCpu))].toSorted()).toEqual(LEFT_TO_CPU)
  })
})

/** Judged by its messages: a process that used WebGPU may crash while it ends. */
async function messagesOfWorker(): Promise<readonly WorkerMessage[]> {
  const messages: WorkerMessage[] = []
  const env = { ...process.env, VK_ICD_FILENAMES: SWIFTSHADER, LD_LIBRARY_PATH: '/usr/lib/chromium', XDG_RUNTIME_DIR: '/tmp' }
  const worker = fork(join(import.meta.dirname, 'training-webgpu-worker.ts'), { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const errors: string[] = []
  worker.stderr?.on('data', (data: Buffer) => errors.push(data.toString()))
  worker.on('message', (message) => messages.push(message as WorkerMessage))
  await new Promise((ended) => worker.once('exit', ended))
  if (!messages.some(({ kind }) => kind === 'done')) throw new Error(`The worker ended early.\n${errors.join('')}`)
  return messages
}
