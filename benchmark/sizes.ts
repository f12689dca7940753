import type { StudentSize } from '../src/contract/training-schemas.ts'
import type { SamSettings } from '../src/core/goodsam/config.ts'

/** How much is drawn, labelled and trained: one name for everything that makes a benchmark longer. */
export interface BenchmarkSize {
  readonly name: string
  /** panoramas without labels, for the product to learn from; their truth stays outside */
  readonly training: number
  /** panoramas with truth, which score */
  readonly evaluation: number
  /** of the training panoramas, those that the label ablations are scored on */
  readonly ablation: number
  /** pixels of a panorama */
  readonly width: number
  readonly height: number
  readonly student: StudentSettings
  /** updates of the TA in rows where it is refined */
  readonly refinementSteps: number
  /** trainings per student row unless --seeds says otherwise */
  readonly seeds: number
  /** of every labelling run with masks, where the row does not say otherwise: prompts are what labelling takes its time for */
  readonly samSettings: Partial<SamSettings>
  /** measured unless --only says otherwise: names of groups or rows */
  readonly rows: readonly string[]
}

/** The same for all students, the supervised one included: what differs between them is what they are taught. */
export interface StudentSettings {
  readonly height: number
  readonly width: number
  readonly batch: number
  readonly steps: number
  readonly learningRate: number
}

/** Parts of the benchmark, from what matters most to what takes longest. */
export const GROUPS = ['check', 'baselines', 'labels', 'students', 'label-ablations', 'loss-ablations', 'sizes'] as const
export type Group = (typeof GROUPS)[number]

export const SIZES = {
  /** Whether everything runs, in minutes on two cores. Its students learn too little to say anything about the method. */
  quick: {
    name: 'quick', training: 8, evaluation: 6, ablation: 2, width: 512, height: 256,
    student: { height: 128, width: 256, batch: 2, steps: 40, learningRate: 2e-4 }, refinementSteps: 10,
    seeds: 1, samSettings: { pointsPerSide: 6 }, rows: ['check', 'baselines', 'labels-goodsam', 'self-training', 'goodsam', 'supervised'],
  },
  /** What two cores manage in most of a day. */
  medium: {
    name: 'medium', training: 40, evaluation: 40, ablation: 10, width: 1024, height: 512,
    student: { height: 512, width: 1024, batch: 1, steps: 600, learningRate: 2e-4 }, refinementSteps: 1000,
    seeds: 1, samSettings: { pointsPerSide: 8 }, rows: ['check', 'baselines', 'labels', 'students', 'label-ablations'],
  },
  /** Students that are taught long enough to tell labels apart, of the rows that the goals are about: a night on two cores. */
  large: {
    name: 'large', training: 120, evaluation: 100, ablation: 10, width: 1024, height: 512,
    student: { height: 512, width: 1024, batch: 1, steps: 2400, learningRate: 2e-4 }, refinementSteps: 1000,
    seeds: 1, samSettings: { pointsPerSide: 8 }, rows: ['check', 'baselines', 'labels-goodsam', 'labels-perfect-masks', 'self-training', 'goodsam', 'supervised', 'perfect-masks'],
  },
  full: {
    name: 'full', training: 200, evaluation: 100, ablation: 30, width: 1024, height: 512,
    student: { height: 512, width: 1024, batch: 2, steps: 6000, learningRate: 2e-4 }, refinementSteps: 3000,
    seeds: 3, samSettings: {}, rows: GROUPS,
  },
} as const satisfies Readonly<Record<string, BenchmarkSize>>

export type SizeName = keyof typeof SIZES

/** Trainable students and what the papers call them. */
export const STUDENT_TITLES: Readonly<Record<StudentSize, string>> = { mini: 'Mini', tiny: 'Tiny', small: 'Small' }
