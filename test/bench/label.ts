import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RECIPES } from '../../src/core/goodsam/config.ts'
import { createEngine } from '../../src/main/engine/engine.ts'
import { forkEngine } from '../../src/main/engine/engine-transport.ts'
import type { Engine, LabelPanoramaRequest, LabelPanoramaResponse } from '../../src/main/engine/protocol.ts'
import { realLabelRequest } from '../support/real-labelling.ts'
import type { BenchResult } from './result.ts'

/** Least share of the wall time of labelling that onnxruntime must be at work. */
const ORT_SHARE = 0.85
/** Least ratio of labelling to fusing again at another theta. */
const CACHED_SPEEDUP = 50

/**
 * One real panorama of 2048x692 with the real TA and promptable segmenter on the CPU, everything kept (embeddings, too):
 * share of the time inside onnxruntime, and how much quicker it is when only theta changes.
 */
export async function bench(): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'goodsam-bench-'))
  const engine = createEngine({ launch: forkEngine, settings: { provider: 'cpu', cpuThreads: 0, recycleBytes: 2 ** 40 } })
  try {
    const request = (name: string): LabelPanoramaRequest => realLabelRequest(name, { width: 2048, height: 692 }, folder)
    // opens the sessions: their start is paid once per run, not per panorama
    const cold = await timed(engine, request('pass_1027U_0.png'))
    const first = await timed(engine, request('pass_1210U_1.png'))
    const { masks, semantics, boundary } = first.response.artifacts
    let cachedSeconds = Infinity
    for (const theta of [0.55, 0.6, 0.65]) {
      const again = await timed(engine, {
        ...request('pass_1210U_1.png'),
        config: { ...RECIPES.goodsam, fusion: { ...RECIPES.goodsam.fusion, theta } },
        cached: { masks, semantics, boundary, fusion: null, embeddings: [] },
      })
      cachedSeconds = Math.min(cachedSeconds, again.seconds)
    }
    const { stats } = first.response
    const share = stats.ortSeconds / stats.seconds
    const speedup = first.seconds / cachedSeconds
    return {
      name: 'label',
      values: {
        'first panorama, sessions opened (s)': cold.seconds,
        'labelling (s)': first.seconds,
        'inside onnxruntime (s)': stats.ortSeconds,
        'SAM masks': stats.masks,
        'at another theta, all else cached (s)': cachedSeconds,
      },
      ratios: {
        'share of time inside onnxruntime': { value: share, floor: ORT_SHARE, ok: share >= ORT_SHARE },
        'labelling / another theta': { value: speedup, floor: CACHED_SPEEDUP, ok: speedup >= CACHED_SPEEDUP },
      },
    }
  } finally {
    await engine.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function timed(engine: Engine, request: LabelPanoramaRequest): Promise<{ response: LabelPanoramaResponse; seconds: number }> {
  const started = performance.now()
  const response = await engine.labelPanorama(request, { signal: new AbortController().signal, onProgress: () => {} })
  return { response, seconds: (performance.now() - started) / 1000 }
}
