/** The trained nano-sam as a folder that comes with the program: weights of 16 bits, sizes, filters, measured scores, card. */
import { join } from 'node:path'
import { writeSafetensors } from '../../src/core/formats/safetensors.ts'
import { SAM_DEFAULTS, type SamSettings } from '../../src/core/goodsam/config.ts'
import { nanoSamParameters } from '../../src/core/networks/nano-sam/parameters.ts'
import { parameterCount } from '../../src/core/networks/parameters.ts'
import { float16ToFloat32, float32ToFloat16 } from '../../src/core/onnx/half.ts'
import { float32, type Tensor } from '../../src/core/onnx/tensor.ts'
import { replaceFile, thinned } from '../checkpoint.ts'
import { machinesOf } from '../machine.ts'
import type { Trained } from '../training-loop.ts'
import { type AutomaticScores, chooseSettings, scoreAutomatic } from './automatic.ts'
import { nanoSamCard } from './card.ts'
import { collageImage } from './images.ts'
import { COLLAGE_SEED, HELD_OUT_STREET_SEED, NANO_SAM, PLAN, SIDE, WINDOW } from './plan.ts'
import { LEAST_SCORED_AREA, type RegionScores, scoreRegions } from './score.ts'
import { openNanoSam, type Segmenter } from './segmenter.ts'
import { REGIONS, slidingWindows, type StreetRegions } from './street-regions.ts'

/** Held-out panoramas by which the model is scored, by which the filters are chosen (others), and by which a test looks again */
export const SCORED_PANORAMAS = 12
const [FIRST_TUNED, TUNED_PANORAMAS] = [12, 2]
export const CHECKED_WINDOWS = 8
const SCORED_COLLAGES = 40
/** Purity of masks that the filters are to leave */
const WANTED_PURITY = 0.9

export interface NanoSamRecord {
  readonly name: string
  readonly parameters: number
  readonly seed: number
  readonly steps: number
  readonly finished: boolean
  readonly wallSeconds: number
  readonly machine: string
  /** what the street generator drew when it was scored */
  readonly world: string
  readonly definition: string
  readonly panoramas: RegionScores
  /** the windows at the horizon alone */
  readonly horizon: RegionScores
  readonly collages: RegionScores
  readonly automatic: AutomaticScores
  readonly tried: readonly AutomaticScores[]
  /** the first windows alone: what a test looks at again */
  readonly check: { readonly windows: number; readonly regions: number; readonly oracle: number }
  readonly plan: typeof PLAN
  readonly progress: Trained['progress']
}

/** Scores the weights as they are written and writes the folder, the weights last. */
export async function writeNanoSam({ weights, progress, finished }: Pick<Trained, 'weights' | 'progress' | 'finished'>, options: { readonly panorama: (index: number) => StreetRegions; readonly world: string; readonly output: string; readonly threads: number }): Promise<NanoSamRecord> {
  const halves = toHalves(weights)
  const rounded = new Map([...halves].map(([name, { dims, data }]) => [name, float32(dims, float16ToFloat32(data))]))
  const segmenter = await openNanoSam(NANO_SAM, rounded, options.threads)
  try {
    const measured = await measure(segmenter, options.panorama)
    const record: NanoSamRecord = {
      name: 'nano-sam', parameters: parameterCount(nanoSamParameters(NANO_SAM)), seed: PLAN.seed, steps: progress.step, finished,
      wallSeconds: progress.stretches.reduce((sum, { seconds }) => sum + seconds, 0),
      machine: machinesOf(progress.stretches),
      world: options.world,
      definition: `mean IoU over regions of the best of three masks for one click at the region's innermost pixel; regions: ${REGIONS}, of at least ${LEAST_SCORED_AREA} pixels in windows of ${WINDOW}x${WINDOW} (a quarter turn, half overlapping, as the method lays them, ${24 * SCORED_PANORAMAS} windows) of ${SCORED_PANORAMAS} generated panoramas of the target style, seed ${HELD_OUT_STREET_SEED}, of which no training saw any; the network sees them at ${SIDE}x${SIDE}, its masks are brought back to the window; weights of 16 bits`,
      ...measured, plan: PLAN, progress: thinned(progress),
    }
    await writeFiles(options.output, record, writeSafetensors(Object.fromEntries([...halves].map(([name, { dims, data }]) => [name, { dtype: 'F16' as const, shape: dims, data }])), { format: 'pt' }))
    return record
  } finally {
    await segmenter.close()
  }
}

async function measure(segmenter: Segmenter, panorama: (index: number) => StreetRegions): Promise<Pick<NanoSamRecord, 'panoramas' | 'horizon' | 'collages' | 'automatic' | 'tried' | 'check'>> {
  const windows = Array.from({ length: SCORED_PANORAMAS }, (_, index) => slidingWindows(panorama(index), WINDOW)).flat()
  const tuned = Array.from({ length: TUNED_PANORAMAS }, (_, index) => slidingWindows(panorama(FIRST_TUNED + index), WINDOW)).flat()
  const collages = Array.from({ length: SCORED_COLLAGES }, (_, index) => collageImage(COLLAGE_SEED, index, WINDOW))
  const tried = await scoreAutomatic(segmenter, tuned, candidates())
  const [automatic] = await scoreAutomatic(segmenter, windows.slice(0, 4 * 24), [chooseSettings(tried, WANTED_PURITY).settings])
  const check = await scoreRegions(segmenter, checkedWindows(windows))
  return {
    panoramas: await scoreRegions(segmenter, windows), horizon: await scoreRegions(segmenter, windows.filter((_, index) => index % 3 === 1)),
    collages: await scoreRegions(segmenter, collages, [0, 1, 2]), automatic, tried, check: { windows: CHECKED_WINDOWS, regions: check.regions, oracle: check.oracle },
  }
}

/** Of the windows at the horizon of the first panorama. */
export function checkedWindows<Window>(windows: readonly Window[]): readonly Window[] {
  return windows.filter((_, index) => index % 3 === 1).slice(0, CHECKED_WINDOWS)
}

/** Filters to choose from: from loose ones to strict ones. */
function candidates(): readonly SamSettings[] {
  return [0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9].flatMap((predIou) => [0.5, 0.6, 0.7, 0.8, 0.9].map((stability): SamSettings => ({ ...SAM_DEFAULTS, pointsPerSide: PLAN.pointsPerSide, predIou, stability })))
}

async function writeFiles(output: string, record: NanoSamRecord, weights: Uint8Array): Promise<void> {
  const text = (name: string, contents: string): Promise<void> => replaceFile(join(output, name), new TextEncoder().encode(contents))
  const json = (name: string, value: unknown): Promise<void> => text(name, `${JSON.stringify(value, null, 2)}\n`)
  const { pointsPerSide, predIou, stability } = record.automatic.settings
  await json('config.json', { model_type: 'nano-sam', ...NANO_SAM })
  await json('settings.json', { name: 'Nano SAM (generated streets)', pointsPerSide, predIou, stability })
  await json('training.json', record)
  await text('README.md', nanoSamCard(record))
  await replaceFile(join(output, 'model.safetensors'), weights)
}

interface Half {
  readonly dims: readonly number[]
  readonly data: Uint16Array<ArrayBuffer>
}

/** Throws RangeError where a weight is missing or beyond what 16 bits hold. */
function toHalves(weights: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Half> {
  return new Map([...nanoSamParameters(NANO_SAM).keys()].map((name) => {
    const tensor = weights.get(name)
    if (!(tensor?.data instanceof Float32Array)) throw new RangeError(`The training has no parameter "${name}".`)
    const data = float32ToFloat16(tensor.data)
    if (!float16ToFloat32(data).every(Number.isFinite)) throw new RangeError(`"${name}" holds numbers that do not fit into 16 bits.`)
    return [name, { dims: tensor.dims, data }]
  }))
}
