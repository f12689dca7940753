import { join } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { LabellingRun, Model } from '../../contract/schemas.ts'
import type { StudentArchitecture } from '../../contract/training-schemas.ts'
import type { DistillationConfig } from '../../core/goodsam/distillation-config.ts'
import { geometryOf } from '../../core/goodsam/config.ts'
import { windowPairs } from '../../core/goodsam/distillation/refinement-sampler.ts'
import { layoutWindows } from '../../core/goodsam/windows.ts'
import { taFrame, taGeometry } from '../models/ta-geometry.ts'
import { getModel } from '../store/models.ts'
import type { Store } from '../store/open-store.ts'
import { getPanorama } from '../store/panoramas.ts'

/** Pixels of the windows of a batch that a machine without a large GPU still trains on. */
const BATCH_PIXELS = 2 * 512 * 1024
const MOST_PAIRS = 4

/** The TA of a labelling run as a network to be trained, and how. */
export interface Refinement {
  readonly ta: Model
  /** absolute path of its .onnx file */
  readonly network: string
  readonly config: DistillationConfig
}

/**
 * How the TA of a labelling run is refined for a distillation (METHOD section 5: CE(S_i, E_i) +
 * CE(S_i, E_H^i) + L_CC), on pairs of neighbouring windows at the size that the TA sees them at. Throws `bad-input` where
 * the labels say nothing of masks, or no two windows overlap.
 */
export function planRefinement({ read, paths }: Store, run: LabellingRun, { config, panoramaId }: { readonly config: DistillationConfig; readonly panoramaId: string }): Refinement {
  if (config.taRefinement === null) throw new StudioError('internal', 'No refinement of the TA was asked for.')
  if (run.samId === null) {
    throw new StudioError('bad-input', `"${run.name}" was labelled without SAM: there are no masks that the TA could learn from. Label with SAM, or do not refine the TA.`)
  }
  const ta = getModel(read, run.taId)
  const file = ta.files.find(({ role }) => role === 'network')
  if (file === undefined) throw new StudioError('bad-model', `"${ta.name}" has no network file: remove it and add it again.`)
  if (geometryOf(run.config) === 'gnomonic') {
    throw new StudioError('bad-input', `"${run.name}" was labelled with gnomonic windows: its TA cannot be refined, since that compares rectangles of the panorama. Label with sliding windows, or do not refine the TA.`)
  }
  const { width: widthPx, height: heightPx, projection: { cyclic } } = getPanorama(read, panoramaId)
  const windows = layoutWindows({ widthPx, heightPx, cyclic }, run.config.windows)
  if (windowPairs({ width: widthPx, cyclic, windows: windows.map((window) => ({ window })) }).length === 0) {
    throw new StudioError('bad-input', `No two windows of "${run.name}" overlap by about half: its TA cannot be refined. Use the recipe "goodsam".`)
  }
  const { height, width } = taFrame(taGeometry(file), windows[0])
  const { steps, learningRate } = config.taRefinement
  const every = Math.ceil(steps / 4)
  return {
    ta,
    network: join(paths.models, ta.id, file.name),
    config: {
      ...config, height, width, steps, learningRate, warmupSteps: Math.min(config.warmupSteps, Math.round(steps / 20)),
      batch: Math.min(MOST_PAIRS, Math.max(1, Math.floor(BATCH_PIXELS / (2 * height * width)))), accumulate: 1, heldOut: 0, patience: null,
      checkpointEvery: Math.min(config.checkpointEvery, every), validateEvery: steps, sampleEvery: steps, taRefinement: null,
    },
  }
}

/** What the row of a refinement says it trains. */
export function refinedArchitecture({ files, name }: Model): StudentArchitecture {
  return { kind: 'onnx', model: files[0].sha256, name }
}
