import type { InitialWeights } from '../../contract/training-schemas.ts'
import { DISTILLATION_DEFAULTS, LEARNING_RATES, TA_REFINEMENT, type DistillationConfig } from '../../core/goodsam/distillation-config.ts'

/** What a configuration is where a person said nothing, from what is distilled: sizes, schedules, rates. All [D]. */

interface Size {
  readonly height: number
  readonly width: number
}

/** Pixels of a batch that a machine without a large GPU still trains on. */
const BATCH_PIXELS = 2 * 512 * 1024
const MOST_BATCH = 4
/** Warm-up takes this share of a short run. */
const WARMUP_SHARE = 0.05
/** A short run is still scored, kept and pictured so many times. */
const LEAST_SCORES = 4
const LEAST_SAMPLES = 8
/** Students take sizes whose sides divide by this. */
export const MULTIPLE = 32

/**
 * The training size for panoramas of this size: their aspect at no more pixels than 512x1024, and no more than they have.
 */
export function trainingSize(panorama: Size | null): Size {
  const { height, width } = DISTILLATION_DEFAULTS
  if (panorama === null) return { height, width }
  const scale = Math.min(1, Math.sqrt((height * width) / (panorama.height * panorama.width)))
  const side = (length: number): number => Math.max(MULTIPLE, Math.round((length * scale) / MULTIPLE) * MULTIPLE)
  return { height: side(panorama.height), width: side(panorama.width) }
}

/** What a network's file leaves no choice of. */
export interface FixedInput {
  readonly batch?: number
  readonly height?: number
  readonly width?: number
}

/** The configuration of a run: what a person asked for, what the student's file says, and for the rest what suits it. */
export function completeConfig(
  asked: Partial<DistillationConfig>,
  { panorama, init, fixed = {} }: { /** of the labelling run; null: not known yet */ readonly panorama: Size | null; readonly init: InitialWeights['kind']; readonly fixed?: FixedInput },
): DistillationConfig {
  const size = { ...trainingSize(panorama), ...defined(fixed) }
  const height = asked.height ?? size.height
  const width = asked.width ?? size.width
  const steps = asked.steps ?? DISTILLATION_DEFAULTS.steps
  const every = (most: number, times: number): number => Math.min(most, Math.ceil(steps / times))
  return {
    ...DISTILLATION_DEFAULTS,
    batch: fixed.batch ?? Math.min(MOST_BATCH, Math.max(1, Math.floor(BATCH_PIXELS / (height * width)))),
    learningRate: init === 'random' ? LEARNING_RATES.random : LEARNING_RATES.pretrained,
    warmupSteps: Math.min(DISTILLATION_DEFAULTS.warmupSteps, Math.round(steps * WARMUP_SHARE)),
    validateEvery: every(DISTILLATION_DEFAULTS.validateEvery, LEAST_SCORES),
    checkpointEvery: every(DISTILLATION_DEFAULTS.checkpointEvery, LEAST_SCORES),
    sampleEvery: every(DISTILLATION_DEFAULTS.sampleEvery, LEAST_SAMPLES),
    ...defined(asked),
    height, width, steps,
  }
}

/** Numbers of steps of a refinement that nobody chose, and how long it may take where it is the larger. */
const REFINEMENT_STEPS: readonly number[] = [20, 50, 100, 200, 500, TA_REFINEMENT.steps]
const REFINEMENT_SECONDS = 20 * 60

/** How many steps a TA is refined in where nobody said: a large network on a processor without a GPU takes half a minute for each. */
export function refinementSteps(secondsPerStep: number): number {
  return REFINEMENT_STEPS.findLast((steps) => steps * secondsPerStep <= REFINEMENT_SECONDS) ?? REFINEMENT_STEPS[0]
}

/** Without what is undefined: an option that was not given must not erase a default. */
function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}
