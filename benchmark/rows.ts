import { isDeepStrictEqual } from 'node:util'
import type { InferenceMode, StudentSize } from '../src/contract/training-schemas.ts'
import { geometryOf, RECIPES, withGeometry, type FusionConfig, type GoodsamConfig, type SamSettings } from '../src/core/goodsam/config.ts'
import { DISTILLATION_DEFAULTS, type DistillationConfig } from '../src/core/goodsam/distillation-config.ts'
import { lossesWithoutMasks } from '../src/core/goodsam/distillation/loss.ts'
import { STUDENT_TITLES, type BenchmarkSize, type Group } from './sizes.ts'

/** The rows of the benchmark as data: what is measured, not how. */

export interface LabelSpec {
  /** false: the TA alone, stitched */
  readonly sam: boolean
  readonly config: GoodsamConfig
  /** changes to the SAM model's own settings */
  readonly samSettings: Partial<SamSettings>
}

export type Subject =
  /** labels that are the truth: what is wrong here is wrong in the benchmark */
  | { readonly kind: 'truth' }
  /** the network that students begin with, as it is */
  | { readonly kind: 'source' }
  /** the TA by itself */
  | { readonly kind: 'ta'; readonly mode: InferenceMode }
  /** labels of the TA that a student's training refines first */
  | { readonly kind: 'refined-labels'; readonly of: StudentSubject & { readonly labels: LabelSpec } }
  /** what the TA and a segmenter without fault would give */
  | { readonly kind: 'perfect-masks'; readonly labels: LabelSpec }
  /** labels of a labelling run; `ablation`: on training panoramas, against truth that the product does not know */
  | { readonly kind: 'labels'; readonly labels: LabelSpec; readonly on: 'evaluation' | 'ablation' }
  | StudentSubject

/** Labels that no labelling makes: the truth, the upper bound; or the TA's with the true regions as masks, the bound for any SAM. */
export type BoundLabels = 'truth' | 'perfect-masks'

export interface StudentSubject {
  readonly kind: 'student'
  readonly student: StudentSize
  /** what it is taught */
  readonly labels: LabelSpec | BoundLabels
  readonly losses: DistillationConfig['losses']
  /** whether the TA is refined on its labels first, and labels again */
  readonly refineTa?: true
  /** source: the weights trained on street images, for the student whose shapes they fit */
  readonly init: 'source' | 'random'
}

export interface RowSpec {
  readonly name: string
  readonly group: Group
  readonly title: string
  readonly subject: Subject
}

const GOODSAM: LabelSpec = { sam: true, config: RECIPES.goodsam, samSettings: {} }
const GOODSAM_PLUS: LabelSpec = { sam: true, config: RECIPES['goodsam++'], samSettings: {} }
const GNOMONIC: LabelSpec = { ...GOODSAM, config: withGeometry(RECIPES.goodsam, 'gnomonic') }
export const TA_ALONE: LabelSpec = { sam: false, config: RECIPES.goodsam, samSettings: {} }

type Losses = DistillationConfig['losses']
const ALL = DISTILLATION_DEFAULTS.losses

/** The terms of the names alone, as the defaults weigh them; what is off weighs the same whatever its default: nobody reads it. */
function terms(...names: readonly (keyof Losses)[]): Losses {
  const term = (name: keyof Losses): Losses[keyof Losses] => (names.includes(name) ? ALL[name] : { on: false, weight: 1 })
  return { image: term('image'), window: term('window'), confident: term('confident'), boundary: term('boundary') }
}

function mini(labels: LabelSpec | BoundLabels, losses: Losses): StudentSubject {
  return { kind: 'student', student: 'mini', labels, losses, init: 'source' }
}

const CHECK: readonly RowSpec[] = [
  { name: 'truth', group: 'check', title: 'Truth against itself', subject: { kind: 'truth' } },
]

const BASELINES: readonly RowSpec[] = [
  { name: 'source-only', group: 'baselines', title: 'Source-only student, trained on street images', subject: { kind: 'source' } },
  { name: 'ta-direct', group: 'baselines', title: 'TA on the whole panorama', subject: { kind: 'ta', mode: 'whole' } },
  { name: 'ta-windows', group: 'baselines', title: 'TA with sliding windows, stitched', subject: { kind: 'labels', labels: TA_ALONE, on: 'evaluation' } },
]

const LABELS: readonly RowSpec[] = [
  ...labelRows('labels', 'evaluation', [['labels-goodsam', 'TA + SAM, fused as GoodSAM', GOODSAM]]),
  { name: 'labels-perfect-masks', group: 'labels', title: 'TA + the true regions as masks: the bound for any SAM', subject: { kind: 'perfect-masks', labels: TA_ALONE } },
]

const SELF_TRAINING = mini(TA_ALONE, terms('image'))
const REFINED = { ...mini(GOODSAM, ALL), labels: GOODSAM, refineTa: true } as const

const STUDENTS: readonly RowSpec[] = [
  { name: 'self-training', group: 'students', title: 'Mini taught the TA\'s labels', subject: SELF_TRAINING },
  { name: 'goodsam', group: 'students', title: 'Mini, full GoodSAM', subject: mini(GOODSAM, ALL) },
  { name: 'goodsam-refined', group: 'students', title: 'Mini, full GoodSAM with its TA refined first', subject: REFINED },
  { name: 'labels-refined', group: 'students', title: 'Refined TA + SAM, fused as GoodSAM', subject: { kind: 'refined-labels', of: REFINED } },
  { name: 'supervised', group: 'students', title: 'Mini taught the truth', subject: mini('truth', terms('image')) },
  { name: 'perfect-masks', group: 'students', title: 'Mini taught the TA\'s labels with the true regions as masks', subject: mini('perfect-masks', terms('image')) },
  // the image term's target is the TA's map: alone it is self-training, the very same run
  { name: 'mka-image', group: 'students', title: 'Mini, image term', subject: SELF_TRAINING },
  { name: 'mka-window', group: 'students', title: 'Mini, image + window', subject: mini(GOODSAM, terms('image', 'window')) },
  { name: 'mka-confident', group: 'students', title: 'Mini, image + window + confident', subject: mini(GOODSAM, terms('image', 'window', 'confident')) },
]

/** Beside the published recipe: other windows. */
const VARIANTS: readonly RowSpec[] = [
  ...labelRows('labels', 'evaluation', [
    ['labels-gnomonic', 'TA + SAM, fused as GoodSAM, gnomonic windows', GNOMONIC],
    ['labels-goodsam++', 'TA + SAM, fused as GoodSAM++', GOODSAM_PLUS],
  ]),
  { name: 'goodsam-gnomonic', group: 'students', title: 'Mini, full GoodSAM with gnomonic windows', subject: mini(GNOMONIC, ALL) },
  { name: 'goodsam++', group: 'students', title: 'Mini, full GoodSAM++', subject: mini(GOODSAM_PLUS, ALL) },
]

const LABEL_ABLATIONS: readonly RowSpec[] = labelRows('label-ablations', 'ablation', [
  ['labels=ta', 'TA alone', TA_ALONE],
  ['labels=goodsam', 'GoodSAM as it is', GOODSAM],
  ['labels=ta-gnomonic', 'TA alone, gnomonic windows', { ...GNOMONIC, sam: false }],
  ['labels=gnomonic', 'GoodSAM, gnomonic windows', GNOMONIC],
  ...[0, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9].map((theta): Labelled => [`theta=${theta}`, `theta ${theta}`, withFusion({ theta })]),
  ...(['majority', 'ignore'] as const).map((belowTheta): Labelled => [`below=${belowTheta}`, `masks below theta: ${belowTheta}`, withFusion({ belowTheta })]),
  ['uncovered=ignore', 'pixels of no mask: left out', withFusion({ uncovered: 'ignore' })],
  ['shares=window', 'shares of each mask by its window alone', withFusion({ shares: 'window' })],
  ...[0, 0.15, 0.35, 0.5, 0.75, 1].map((contextWeight): Labelled => [`context=${contextWeight}`, `weight ${contextWeight} of the context views`, withConfig({ contextWeight })]),
  ...[0.125, 0.1875, 0.375, 0.5].map((width): Labelled => [`window=${width}`, `windows of ${width} of the width`, withWindows({ widthFraction: width })]),
  ...[0.33, 1].map((stride): Labelled => [`stride=${stride}`, `stride of ${stride} of a window`, withWindows({ strideFraction: stride })]),
  ...[8, 16, 24, 32].map((points): Labelled => [`points=${points}`, `${points} x ${points} points`, { ...GOODSAM, samSettings: { pointsPerSide: points } }]),
  ...[0.3, 0.4, 0.5, 0.6, 0.7, 0.8].map((predIou): Labelled => [`pred-iou=${predIou}`, `predicted IoU from ${predIou}`, { ...GOODSAM, samSettings: { predIou } }]),
  ...[0.5, 0.6, 0.7, 0.8, 0.9].map((stability): Labelled => [`stability=${stability}`, `stability from ${stability}`, { ...GOODSAM, samSettings: { stability } }]),
])

/** Weights of one term; the radius of the boundary changes only what its term is taught. */
const LOSS_ABLATIONS: readonly RowSpec[] = [
  ...(['image', 'window', 'confident', 'boundary'] as const).flatMap((term) =>
    (term === 'boundary' ? [0, 1] : [0, 3]).map((weight): RowSpec => ({
      name: `weight-${term}=${weight}`, group: 'loss-ablations', title: `Mini, ${term} term with weight ${weight}`,
      subject: mini(GOODSAM, { ...ALL, [term]: { on: weight > 0, weight } }),
    }))),
  ...[0.004, 0.016].map((radius): RowSpec => ({
    name: `radius=${radius}`, group: 'loss-ablations', title: `Mini, boundary radius ${radius} of the window`,
    subject: mini(withConfig({ boundaryRadiusFraction: radius }), ALL),
  })),
]

/** From random weights: those trained on street images fit Mini alone. */
const SIZES: readonly RowSpec[] = (['mini', 'tiny', 'small'] as const).flatMap((student) => ([
  ['self-training', TA_ALONE, terms('image')], ['goodsam', GOODSAM, ALL],
] as const).map(([what, labels, losses]): RowSpec => ({
  name: `${what}-${student}-random`, group: 'sizes', title: `${STUDENT_TITLES[student]} from random weights, ${what}`,
  subject: { kind: 'student', student, labels, losses, init: 'random' },
})))

/** All rows, from what matters most to what takes longest. */
export const ROWS: readonly RowSpec[] = [...CHECK, ...BASELINES, ...LABELS, ...STUDENTS, ...VARIANTS, ...LABEL_ABLATIONS, ...LOSS_ABLATIONS, ...SIZES]

/**
 * The rows that words name: by their name, by their group, or by what stands before "=" (theta). Throws RangeError naming what
 * there is where a word is none of these.
 */
export function chooseRows(words: readonly string[], rows: readonly RowSpec[] = ROWS): readonly RowSpec[] {
  const matches = (word: string, { name, group }: RowSpec): boolean => name === word || group === word || name.startsWith(`${word}=`)
  const unknown = words.filter((word) => !rows.some((row) => matches(word, row)))
  if (unknown.length > 0) {
    throw new RangeError(`There is no row or group ${unknown.map((word) => `"${word}"`).join(', ')}. Groups: ${[...new Set(rows.map(({ group }) => group))].join(', ')}. Rows: ${rows.map(({ name }) => name).join(', ')}.`)
  }
  return rows.filter((row) => words.some((word) => matches(word, row)))
}

/** The labels as a size makes them: its SAM settings, where the row has none of its own. */
export function labelsAt({ samSettings }: Pick<BenchmarkSize, 'samSettings'>, labels: LabelSpec): LabelSpec {
  return labels.sam ? { ...labels, samSettings: { ...samSettings, ...labels.samSettings } } : labels
}

/**
 * What of the labels' settings is read: without masks nothing is shared, and nothing covered. Shares by windows, and the TA's
 * class where nothing covers, have the keys that all had before there was something else.
 */
export function settingsRead(labels: LabelSpec): object {
  const { shares, uncovered, ...fusion } = labels.config.fusion
  const read = { ...fusion, ...(labels.sam && shares === 'panorama' ? { shares } : {}), ...(labels.sam && uncovered === 'ignore' ? { uncovered } : {}) }
  return { ...labels, config: { ...labels.config, fusion: read } }
}

/** Without masks there is nothing confident and no boundary; the product says the same. */
export function effectiveLosses({ labels, losses }: StudentSubject): Losses {
  return typeof labels === 'string' || !labels.sam ? lossesWithoutMasks(losses) : losses
}

/** Whether recipe, geometry, theta and SAM settings say it all: the product starts such a run when it is asked to. */
export function isStartable({ config }: LabelSpec): boolean {
  const recipe = withGeometry(RECIPES[config.recipe], geometryOf(config))
  return isDeepStrictEqual({ ...config, fusion: { ...config.fusion, theta: recipe.fusion.theta } }, recipe)
}

type Labelled = readonly [name: string, title: string, labels: LabelSpec]

function labelRows(group: Group, on: 'evaluation' | 'ablation', rows: readonly Labelled[]): RowSpec[] {
  return rows.map(([name, title, labels]) => ({ name, group, title, subject: { kind: 'labels', labels, on } }))
}

function withConfig(changes: Partial<GoodsamConfig>): LabelSpec {
  return { ...GOODSAM, config: { ...GOODSAM.config, ...changes } }
}

function withFusion(changes: Partial<FusionConfig>): LabelSpec {
  return withConfig({ fusion: { ...GOODSAM.config.fusion, ...changes } })
}

function withWindows(changes: Partial<GoodsamConfig['windows'][number]>): LabelSpec {
  return withConfig({ windows: GOODSAM.config.windows.map((family) => ({ ...family, ...changes })) })
}
