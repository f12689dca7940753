import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import type { WindowFamily } from '../../src/core/goodsam/config.ts'
import { createEngine } from '../../src/main/engine/engine.ts'
import { forkEngine } from '../../src/main/engine/engine-transport.ts'
import type { LabelPanoramaRequest } from '../../src/main/engine/protocol.ts'
import { REAL } from '../support/real-data.ts'
import { realLabelRequest, realTa } from '../support/real-labelling.ts'
import type { BenchResult } from './result.ts'

/** Panoramas labelled; GOODSAM_MEMORY_PANORAMAS asks for another number. */
const PANORAMAS = 200
/** Caches and heaps fill up first. */
const WARM_UP = 0.25
/** Resident memory may not have grown by more than this over the measured panoramas. */
const FLAT = 0.95

/** Few, large windows and few prompts: the same steps as always, hundreds of times in a few minutes. */
const WINDOWS: WindowFamily = { name: 'sliding', widthFraction: 0.5, heightFraction: null, strideFraction: 1 }

/** Resident memory of host and engine over many real panoramas: a line through it must be level. */
export async function bench(): Promise<BenchResult> {
  const count = Math.max(20, Number(process.env['GOODSAM_MEMORY_PANORAMAS'] ?? PANORAMAS))
  if (!REAL.present) throw new Error('No real panoramas here: name their folder in GOODSAM_REAL (panoramas/, models/).')
  const names = (await readdir(REAL.panoramas)).filter((name) => /\.(jpg|png)$/.test(name)).sort()
  const folder = await mkdtemp(join(tmpdir(), 'goodsam-bench-'))
  const engine = createEngine({ launch: forkEngine, settings: { provider: 'cpu', cpuThreads: 0, recycleBytes: 2 ** 40 } })
  try {
    const host: number[] = []
    /** as of the last heartbeat: at most a second old */
    const worker: number[] = []
    for (let index = 0; index < count; index++) {
      const request = await quickRequest(names[index % names.length], join(folder, `${index}`))
      await engine.labelPanorama(request, { signal: new AbortController().signal, onProgress: () => {} })
      await rm(request.artifactsRoot, { recursive: true, force: true })
      host.push(process.memoryUsage.rss())
      worker.push(engine.status().rssBytes ?? 0)
      if (index % 20 === 19) console.error(`  ${index + 1} panoramas, ${mebibytes(host[index])} + ${mebibytes(worker[index])} MiB`)
    }
    if (engine.status().restarts > 0) throw new Error('the engine process was restarted while its memory was measured')
    const measured = host.map((bytes, index) => bytes + worker[index]).slice(Math.floor(WARM_UP * count))
    const line = fitLine(measured)
    const flatness = line.first / line.last
    return {
      name: 'memory',
      values: {
        panoramas: count,
        'host at the end (MiB)': mebibytes(host[count - 1]),
        'engine at the end (MiB)': mebibytes(worker[count - 1]),
        'slope (MiB per 100 panoramas)': mebibytes(100 * line.slope),
        'noise around the line (MiB)': mebibytes(line.noise),
        'slope / its standard error': line.slope / line.slopeError,
      },
      ratios: { 'memory after the warm-up / at the end': { value: flatness, floor: FLAT, ok: flatness >= FLAT } },
    }
  } finally {
    await engine.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function quickRequest(name: string, artifactsRoot: string): Promise<LabelPanoramaRequest> {
  const { width, height } = await sharp(join(REAL.panoramas, name)).metadata()
  const request = realLabelRequest(name, { width, height }, artifactsRoot)
  if (request.sam === null) throw new Error('a request with SAM was expected')
  return {
    ...request,
    sam: { ...request.sam, settings: { ...request.sam.settings, pointsPerSide: 6 } },
    ta: realTa(join(dirname(REAL.ta), 'espnetv2-0.5-cityscapes-512x512.onnx')),
    config: { ...request.config, windows: [WINDOWS], contextWeight: 0 },
  }
}

/** Least squares over equally spaced samples. */
function fitLine(samples: readonly number[]): { first: number; last: number; slope: number; slopeError: number; noise: number } {
  const n = samples.length
  const meanX = (n - 1) / 2
  const meanY = samples.reduce((sum, y) => sum + y, 0) / n
  const spread = samples.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0)
  const slope = samples.reduce((sum, y, x) => sum + (x - meanX) * (y - meanY), 0) / spread
  const at = (x: number): number => meanY + slope * (x - meanX)
  const noise = Math.sqrt(samples.reduce((sum, y, x) => sum + (y - at(x)) ** 2, 0) / (n - 2))
  return { first: at(0), last: at(n - 1), slope, slopeError: noise / Math.sqrt(spread), noise }
}

function mebibytes(bytes: number): number {
  return bytes / 2 ** 20
}
