import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { studentConfig } from '../../src/core/networks/segformer/config.ts'
import { segformer } from '../../src/core/networks/segformer/network.ts'
import { initialWeights } from '../../src/core/networks/segformer/parameters.ts'
import { toSafetensors } from '../../src/core/networks/segformer/weights.ts'
import { writeModel } from '../../src/core/onnx/write.ts'
import { createEngine } from '../../src/main/engine/engine.ts'
import { forkEngine } from '../../src/main/engine/engine-transport.ts'
import { addMini, importPainted, openExportHost } from '../support/export-host.ts'
import type { BenchResult } from './result.ts'

/** Seconds that the export of Mini may take. */
const MOST_SECONDS = 20
const SIZE = { height: 512, width: 1024 }

/**
 * Export of Mini at its usual size to a folder and a zip: three networks, calibrated and compared on eight panoramas, on the
 * CPU. Its weights are random, which takes as long as any others.
 */
export async function bench(): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'goodsam-bench-'))
  const engine = createEngine({ launch: forkEngine, settings: { provider: 'cpu', cpuThreads: 0, recycleBytes: 2 ** 40 } })
  const host = openExportHost(folder, { engine })
  try {
    await importPainted(host, 8)
    const config = studentConfig('mini', 19)
    const weights = initialWeights(config, 1)
    const student = await addMini(host, { network: writeModel(segformer(config, weights)), weights: toSafetensors(config, weights) }, SIZE)
    const started = performance.now()
    const { record, job } = await host.export(student, { out: join(folder, 'out'), zip: true })
    const seconds = (performance.now() - started) / 1000
    if (record.status !== 'done') throw new Error(job.error ?? 'the export failed')
    const megabytes = (name: string): number => (record.files.find((file) => file.name === name)?.bytes ?? 0) / 1e6
    const milliseconds = (name: string): number => record.files.find((file) => file.name === name)?.latencyMs ?? 0
    const networks = { float32: 'onnx/model.onnx', float16: 'onnx/model_fp16.onnx', int8: 'onnx/model_quantized.onnx' }
    return {
      name: 'export',
      values: {
        'export of Mini (s)': seconds,
        'zip (MB)': (record.zipBytes ?? 0) / 1e6,
        ...Object.fromEntries(Object.entries(networks).flatMap(([name, file]) => [[`${name} (MB)`, megabytes(file)], [`${name}, one panorama (ms)`, milliseconds(file)]])),
      },
      ratios: { 'allowed time / time of the export': { value: MOST_SECONDS / seconds, floor: 1, ok: seconds <= MOST_SECONDS } },
    }
  } finally {
    await host.close()
    await engine.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
