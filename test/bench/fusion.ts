import { deepStrictEqual } from 'node:assert/strict'
import { RECIPES, type FusionConfig } from '../../src/core/goodsam/config.ts'
import { fusePanorama, prepareFusion } from '../../src/core/goodsam/fusion.ts'
import { ensembleMap } from '../../src/core/goodsam/shares.ts'
import type { FusedPanorama } from '../../src/core/goodsam/types.ts'
import { referenceFusion } from '../fixtures/fusion-reference.ts'
import { streetScene, type Scene } from '../fixtures/goodsam-scenes.ts'
import type { BenchResult } from './result.ts'
import { median } from './median.ts'

/**
 * What a move of the theta slider costs: fusion of a 2048x1024 panorama, 24 windows, 500 masks, at several theta.
 * Against a plain pass over the same memory (every window's maps read once, the result written once), and against the
 * fusion written down pixel by pixel and mask by mask, on a quarter-size panorama with equal results.
 */
const ROUNDS = 5
const WARM_UP = 2
const THETAS = [0, 0.5, 0.7, 0.9, 1]
/** A dragged slider must not wait longer for its map. */
const LIVE_MS = 100
/** Fewer passes over the pixels' memory than this. */
const MOST_PASSES = 3
const REFERENCE_FLOOR = 10

export async function bench(): Promise<BenchResult> {
  const scene = streetScene({ frame: { widthPx: 2048, heightPx: 1024, cyclic: true }, classes: 19, masks: 500, seed: 1 })
  const config = RECIPES.goodsam.fusion
  const prepared = prepareFusion(scene.masks, scene.semantics, config)
  const fused = fusePanorama(prepared, config)
  const plain = plainPass(scene, fused)
  const times = { prepare: [] as number[], fusion: [] as number[], plain: [] as number[] }
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const prepare = timed(() => prepareFusion(scene.masks, scene.semantics, config))
    for (const theta of THETAS) {
      const elapsed = { fusion: timed(() => fusePanorama(prepared, { ...config, theta }, fused)), plain: timed(plain) }
      if (round < 0) continue
      times.fusion.push(elapsed.fusion)
      times.plain.push(elapsed.plain)
    }
    if (round >= 0) times.prepare.push(prepare)
  }
  const fusionMs = median(times.fusion)
  const passes = fusionMs / median(times.plain)
  const speedup = timesReference(config)
  const pixels = scene.frame.widthPx * scene.frame.heightPx
  return {
    name: 'fusion',
    values: {
      panorama: '2048x1024, 24 windows, 500 masks',
      'fusion (ms)': fusionMs,
      'slowest theta (ms)': Math.max(...times.fusion),
      'megapixels per second': pixels / 1000 / fusionMs,
      'prepared once per panorama (ms)': median(times.prepare),
      'a plain pass over the same memory (ms)': median(times.plain),
      "passes over the pixels' memory": passes,
    },
    ratios: {
      [`plain pass / fusion (under ${MOST_PASSES} passes)`]: { value: 1 / passes, floor: 1 / MOST_PASSES, ok: passes < MOST_PASSES },
      'live theta: 100 ms / slowest theta': { value: LIVE_MS / Math.max(...times.fusion), floor: 1, ok: Math.max(...times.fusion) <= LIVE_MS },
      'per-pixel, per-mask reference / fusion': { value: speedup, floor: REFERENCE_FLOOR, ok: speedup >= REFERENCE_FLOOR },
    },
  }
}

/** Reads every window's ensemble map, S_i and confidence once and writes the result once, doing nothing else. */
function plainPass({ masks, semantics }: Scene, out: FusedPanorama): () => number {
  const ensembles = masks.windows.map((window) => ensembleMap(window.masks))
  const label = out.label.data
  const confidence = out.confidence.data
  const provenance = out.provenance.data
  const mask = out.mask.data
  return () => {
    let sum = 0
    ensembles.forEach((ensemble, i) => {
      const { label: seen, confidence: sure } = semantics.windows[i]
      for (let p = 0; p < ensemble.length; p++) sum = (sum + ensemble[p] + seen[p] + sure[p]) | 0
    })
    for (let p = 0; p < label.length; p++) {
      label[p] = sum
      confidence[p] = sum >> 1
      provenance[p] = sum >> 2
      mask[p] = sum >>> 3
    }
    return sum
  }
}

/** How much faster than the definition, both starting from masks and TA maps. */
function timesReference(config: FusionConfig): number {
  const scene = streetScene({ frame: { widthPx: 512, heightPx: 256, cyclic: true }, classes: 19, masks: 500, seed: 2 })
  const ours = () => fusePanorama(prepareFusion(scene.masks, scene.semantics, config), config)
  const reference = () => referenceFusion(scene.masks, scene.semantics, config)
  const { label, confidence, provenance, mask } = ours()
  deepStrictEqual({ label: label.data, confidence: confidence.data, provenance: provenance.data, mask: mask.data }, reference())
  const rounds = Array.from({ length: ROUNDS }, () => ({ ours: timed(ours), reference: timed(reference) }))
  return median(rounds.map((round) => round.reference)) / median(rounds.map((round) => round.ours))
}

function timed(work: () => unknown): number {
  const started = performance.now()
  work()
  return performance.now() - started
}
