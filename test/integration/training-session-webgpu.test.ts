import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TrainedOn } from './training-session-worker.ts'

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

test('training on WebGPU (software Vulkan) is training on the CPU, and its state stays on the device', async (context) => {
  if (!existsSync(SWIFTSHADER)) {
    console.warn(`SKIPPED: ${SWIFTSHADER} is absent, so the WebGPU provider has nothing to run on here.`)
    context.skip()
  }
  const [cpu, gpu] = [await trainOn('cpu'), await trainOn('webgpu')]
  expect(cpu.stateLocations).toEqual(['cpu'])
  expect(gpu.stateLocations).toEqual(['gpu-buffer'])
  for (const key of ['losses', 'norms'] as const) {
    for (const [index, expected] of cpu[key].entries()) expect(Math.abs(gpu[key][index] / expected - 1), `${key} ${index}`).toBeLessThan(1e-3)
  }
  for (const key of ['parameters', 'averages'] as const) {
    for (const [name, expected] of Object.entries(cpu[key])) {
      const difference = Math.max(...expected.map((value, index) => Math.abs(value - gpu[key][name][index])))
      expect(difference / Math.max(...expected.map(Math.abs)), `${key}: ${name}`).toBeLessThan(1e-3)
    }
  }
  for (const { finite, nonFinite } of [cpu, gpu]) expect({ finite, nonFinite }).toEqual({ finite: false, nonFinite: 'x' })
})

/** In a process of its own: one that used WebGPU may crash while it ends, after its work is done. */
async function trainOn(provider: 'cpu' | 'webgpu'): Promise<TrainedOn> {
  const child = fork(join(import.meta.dirname, 'training-session-worker.ts'), [provider], {
    env: { ...process.env, VK_ICD_FILENAMES: SWIFTSHADER, LD_LIBRARY_PATH: '/usr/lib/chromium', XDG_RUNTIME_DIR: '/tmp' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => undefined)
  const message = await Promise.race([once(child, 'message').then(([result]) => result as TrainedOn), ended])
  if (message === undefined) throw new Error(`training on ${provider} ended without a result`)
  await ended
  return message
}
