/**
 * Every number the papers leave open, with its default, in one place.
 * Sources: GoodSAM (arXiv 2403.16370), GoodSAM++ (arXiv 2408.09115). [P] published, [D] decided here.
 */

export type Recipe = 'goodsam' | 'goodsam++'

/** What a pixel of a mask below theta becomes in the panorama-level label. */
export type BelowTheta =
  /** the TA's own class: a mask too mixed to be trusted does not overrule the TA (default) */
  | 'ta'
  /** the mask's majority class all the same: the ensemble map E as the paper paints it */
  | 'majority'
  /** 255: the high-confidence subset E_H as the paper's second loss sees it */
  | 'ignore'

/**
 * How windows lie on the panorama: rectangles of it, as the recipe has them, or views from its middle as a camera would take
 * them, without the distortion of the projection (METHOD section 1, beyond the papers).
 */
export type WindowGeometry = 'sliding' | 'gnomonic'

/** Window size and stride as fractions of the panorama's width (w) and height (h). */
export interface WindowFamily {
  readonly name: 'sliding' | 'wide' | 'tall' | 'gnomonic'
  /** gnomonic: the field of view as a fraction of a full turn */
  readonly widthFraction: number
  /** fraction of the panorama's height; null: as high as wide, at most the panorama's height */
  readonly heightFraction: number | null
  /** stride as a fraction of the window, both directions */
  readonly strideFraction: number
}

export interface FusionConfig {
  /** share of its majority class under which a mask is not trusted, 0..1 [D] */
  readonly theta: number
  readonly belowTheta: BelowTheta
  /** what a pixel becomes that no mask covers: the TA's own class, or 255: left out [D] */
  readonly uncovered: 'ta' | 'ignore'
  /**
   * What a mask's shares are counted by [D]. `window`: S_i of its window, every pixel once, as published. `panorama`: S_TA^w,
   * which all windows made, every pixel by its solid angle.
   */
  readonly shares: 'window' | 'panorama'
  /** goodsam++: shares weighted by the TA's confidence (CTCFv2) [P] */
  readonly confidenceWeightedShares: boolean
  /**
   * goodsam++: theta per area level [P: from the mean Y_max of that level]. When true the threshold of a level is
   * `theta * mean Y_max(level)`, [D] so that theta keeps one meaning for both recipes.
   */
  readonly thetaPerAreaLevel: boolean
  /** upper area bound of "small" and of "medium" masks, as fractions of the window's area [D] */
  readonly areaLevels: readonly [small: number, medium: number]
}

export interface GoodsamConfig {
  readonly recipe: Recipe
  readonly windows: readonly WindowFamily[]
  /** weight of the whole-height context views in the TA's probabilities, 0 (windows alone) .. 1 [D] */
  readonly contextWeight: number
  /** r of the refined boundary as a fraction of the window's height, at least 2 px [D] */
  readonly boundaryRadiusFraction: number
  readonly fusion: FusionConfig
}

/** METHOD section 1: width W/4 (90 degrees), height min(H, W/4), half a window of stride. */
const SLIDING: WindowFamily = { name: 'sliding', widthFraction: 0.25, heightFraction: null, strideFraction: 0.5 }
/** GoodSAM++ figure: wide windows of about 26 % x 31 %, tall ones of about 13 % x 53 %. [P] */
const WIDE: WindowFamily = { name: 'wide', widthFraction: 0.26, heightFraction: 0.31, strideFraction: 0.5 }
const TALL: WindowFamily = { name: 'tall', widthFraction: 0.13, heightFraction: 0.53, strideFraction: 0.5 }

/** A field of view of 90 degrees, as high as wide, half a view of stride: as many windows as the sliding ones of goodsam. [D] */
const GNOMONIC: WindowFamily = { name: 'gnomonic', widthFraction: 0.25, heightFraction: null, strideFraction: 0.5 }

const FUSION: FusionConfig = {
  theta: 0.5,
  belowTheta: 'ta',
  uncovered: 'ta',
  shares: 'panorama',
  confidenceWeightedShares: false,
  thetaPerAreaLevel: false,
  areaLevels: [0.01, 0.1],
}

export const RECIPES: Readonly<Record<Recipe, GoodsamConfig>> = {
  goodsam: {
    recipe: 'goodsam',
    windows: [SLIDING],
    contextWeight: 0.25,
    boundaryRadiusFraction: 0.008,
    fusion: FUSION,
  },
  'goodsam++': {
    recipe: 'goodsam++',
    windows: [WIDE, TALL],
    contextWeight: 0.25,
    boundaryRadiusFraction: 0.008,
    fusion: { ...FUSION, confidenceWeightedShares: true, thetaPerAreaLevel: true, theta: 0.75 },
  },
}

/** The recipe with windows of this geometry. */
export function withGeometry(config: GoodsamConfig, geometry: WindowGeometry): GoodsamConfig {
  return geometry === 'gnomonic' ? { ...config, windows: [GNOMONIC] } : config
}

export function geometryOf({ windows }: Pick<GoodsamConfig, 'windows'>): WindowGeometry {
  return windows.some(({ name }) => name === 'gnomonic') ? 'gnomonic' : 'sliding'
}

/** Filters of SAM's automatic mask generation. Settings of a model: defaults by dialect, settings.json, window, run. */
export interface SamSettings {
  /** prompts per window: a grid of this many points per side */
  readonly pointsPerSide: number
  /** prompts per decoder run, where the dialect can batch */
  readonly pointsPerBatch: number
  /** least predicted IoU */
  readonly predIou: number
  /** least stability score */
  readonly stability: number
  /** logit offset of the stability score */
  readonly stabilityOffset: number
  /** IoU of boxes above which the lower-scored mask is dropped */
  readonly boxNms: number
  /** least mask area, and largest hole or island that is cleaned, as a fraction of the window's area */
  readonly minAreaFraction: number
}

/** As in segment-anything's automatic mask generator; 16 x 16 points because a window is a quarter of a turn. [D] */
export const SAM_DEFAULTS: SamSettings = {
  pointsPerSide: 16,
  pointsPerBatch: 64,
  predIou: 0.88,
  stability: 0.95,
  stabilityOffset: 1,
  boxNms: 0.7,
  minAreaFraction: 0.0005,
}

/** Where a pixel's label came from; stored per pixel. */
export const PROVENANCE = { none: 0, samMajority: 1, samBelowTheta: 2, taOnly: 3, reviewer: 4 } as const
export type Provenance = (typeof PROVENANCE)[keyof typeof PROVENANCE]
