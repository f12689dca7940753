/** The two semantic networks that come with the program, and how each is trained. */
import { type SegformerConfig, studentConfig } from '../src/core/networks/segformer/config.ts'
import { LEVEL_STREETS, MIXED_STREETS, PITCHED_STREETS, type StreetSplit, WALKED_STREETS } from './street-images.ts'
import type { Augmentation, SampleSize } from './street-samples.ts'

export type SegformerName = 'street-ta' | 'mit-b0'

export interface PlannedPhase {
  /** share of the course's steps that are done at its end */
  readonly until: number
  readonly batch: number
  readonly size: SampleSize
  readonly augmentation: Augmentation
  /** share of samples that are chosen for their rare classes */
  readonly chosen: number
  /** how much a class counts in the loss: its share of the pixels to the power of minus this */
  readonly classPower: number
}

/** A stretch of a training with streets and a learning rate of its own, which falls to nothing at its end. */
export interface Course {
  readonly steps: number
  readonly streets: StreetSplit
  readonly learningRate: number
  readonly warmupSteps: number
  readonly phases: readonly PlannedPhase[]
}

export interface SegformerPlan {
  readonly name: SegformerName
  readonly title: string
  readonly summary: string
  readonly config: SegformerConfig
  readonly seed: number
  /** the model whose weights it begins with, made wider (widen.ts); null: random weights */
  readonly widenedFrom: SegformerName | null
  readonly courses: readonly Course[]
  readonly weightDecay: number
  readonly clipNorm: number
  readonly averageDecay: number
  /** images at the first step of streets, and how many more each step brings, up to `most` */
  readonly images: { readonly first: number; readonly perStep: number; readonly most: number }
}

const CLASSES = 19
const BASE = studentConfig('mini', CLASSES)

const AUGMENTATION: Augmentation = { scales: [0.5, 1.2], stretch: 1.25, turn: 0.07, colour: 0.4, noise: 0.03 }

/** From small pieces, of which a step takes many, to whole images. */
const PHASES: readonly PlannedPhase[] = [
  { until: 0.68, batch: 8, size: { width: 256, height: 128 }, augmentation: AUGMENTATION, chosen: 0.5, classPower: 0.5 },
  { until: 0.92, batch: 4, size: { width: 384, height: 192 }, augmentation: { ...AUGMENTATION, scales: [0.75, 1.35] }, chosen: 0.5, classPower: 0.4 },
  { until: 1, batch: 2, size: { width: 512, height: 256 }, augmentation: { ...AUGMENTATION, scales: [0.9, 1.3], turn: 0.04 }, chosen: 0.3, classPower: 0.25 },
]

/** For weights that know the classes already. */
const SHORT_PHASES: readonly PlannedPhase[] = [{ ...PHASES[0], until: 0.5 }, { ...PHASES[1], until: 0.85 }, PHASES[2]]

/** Pieces that are wider than high, turned and recoloured further: what windows of a panorama show away from its horizon, in another light. */
const PITCHED_PHASES = SHORT_PHASES.map(({ augmentation, ...phase }): PlannedPhase => ({
  ...phase, augmentation: { ...augmentation, scales: [0.8 * augmentation.scales[0], augmentation.scales[1]], stretch: 1.6, turn: 0.2, colour: 0.55 },
}))

/** From those to whole images as the camera takes them. */
const LAST_PHASES: readonly PlannedPhase[] = [{ ...PITCHED_PHASES[0], until: 0.4 }, { ...PHASES[1], until: 0.7 }, PHASES[2]]

const SHARED = { weightDecay: 0.02, clipNorm: 1, images: { first: 120, perStep: 0.25, most: 2500 } }

export const SEGFORMER_PLANS: Readonly<Record<SegformerName, SegformerPlan>> = {
  'street-ta': {
    ...SHARED, name: 'street-ta', seed: 11, widenedFrom: null, averageDecay: 0.998,
    courses: [
      { steps: 5600, streets: LEVEL_STREETS, learningRate: 1e-3, warmupSteps: 200, phases: PHASES },
      { steps: 2200, streets: PITCHED_STREETS, learningRate: 5e-4, warmupSteps: 100, phases: PITCHED_PHASES },
      { steps: 2000, streets: PITCHED_STREETS, learningRate: 5e-4, warmupSteps: 100, phases: LAST_PHASES },
      { steps: 1800, streets: WALKED_STREETS, learningRate: 5e-4, warmupSteps: 100, phases: LAST_PHASES },
      { steps: 3000, streets: MIXED_STREETS, learningRate: 5e-4, warmupSteps: 100, phases: LAST_PHASES },
    ],
    title: 'Street TA',
    summary: 'A teacher assistant: a SegFormer of 1.3 million parameters that knows the 19 Cityscapes classes from generated street images',
    config: { ...BASE, hiddenSizes: [24, 48, 96, 128], heads: [1, 2, 3, 4], depths: [2, 2, 3, 2], mlpRatios: [4, 4, 4, 3], decoderSize: 128 },
  },
  'mit-b0': {
    ...SHARED, name: 'mit-b0', seed: 12, widenedFrom: 'street-ta', averageDecay: 0.996,
    courses: [{ steps: 600, streets: MIXED_STREETS, learningRate: 5e-4, warmupSteps: 60, phases: PITCHED_PHASES }],
    title: 'MiT-B0',
    summary: 'A SegFormer-B0 trained on generated street images alone: what a student starts from, and what it is compared with',
    config: BASE,
  },
}

/** A course with the steps of the whole training that are its own. */
export interface PlacedCourse extends Course {
  /** steps of the courses before it */
  readonly begin: number
  readonly end: number
  /** `begin` of the first course in the same streets: more and more of their images are drawn from then on */
  readonly drawnFrom: number
}

/** Updates of the whole plan. */
export function plannedSteps({ courses }: Pick<SegformerPlan, 'courses'>): number {
  return courses.reduce((sum, { steps }) => sum + steps, 0)
}

/** The courses one after the other; with `steps` in all where that is not the plan's own number. */
export function placedCourses({ courses }: Pick<SegformerPlan, 'courses'>, steps?: number): readonly PlacedCourse[] {
  const planned = plannedSteps({ courses })
  const factor = (steps ?? planned) / planned
  const ends = courses.map((_, index) => Math.round(factor * courses.slice(0, index + 1).reduce((sum, course) => sum + course.steps, 0)))
  const begins = [0, ...ends]
  return courses.map((course, index) => {
    const [begin, end] = [begins[index], ends[index]]
    return { ...course, begin, end, steps: end - begin, drawnFrom: begins[courses.findIndex(({ streets }) => streets === course.streets)] }
  })
}
