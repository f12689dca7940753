import type { LabellingRun } from '../../../../contract/schemas.ts'
import { geometryOf, RECIPES, type FusionConfig, type Recipe, type SamSettings, type WindowGeometry } from '../../../../core/goodsam/config.ts'
import type { PanoramaWindow } from '../../../../core/goodsam/types.ts'
import { plural } from '../../app/format.ts'

export const RECIPE_NAMES: Readonly<Record<Recipe, string>> = { goodsam: 'GoodSAM', 'goodsam++': 'GoodSAM++' }

/** How windows lie on a panorama, for people. */
export const GEOMETRY_NAMES: Readonly<Record<WindowGeometry, string>> = { sliding: 'Parts of the panorama', gnomonic: 'Undistorted views' }

/** "GoodSAM, theta 0.50"; a baseline run has no masks and so no theta. */
export function runSummary(run: Pick<LabellingRun, 'samId' | 'config'>): string {
  const method = run.samId === null ? 'TA only' : `${RECIPE_NAMES[run.config.recipe]}, theta ${run.config.fusion.theta.toFixed(2)}`
  return geometryOf(run.config) === 'gnomonic' ? `${method}, undistorted views` : method
}

export function sameFusion(a: FusionConfig, b: FusionConfig): boolean {
  return a.theta === b.theta && a.belowTheta === b.belowTheta && a.confidenceWeightedShares === b.confidenceWeightedShares
    && a.shares === b.shares && a.uncovered === b.uncovered
    && a.thetaPerAreaLevel === b.thetaPerAreaLevel && a.areaLevels[0] === b.areaLevels[0] && a.areaLevels[1] === b.areaLevels[1]
}

/** Theta as the slider and the keys move it: 0..1 in hundredths. */
export function stepTheta(theta: number, step: number): number {
  return Math.min(1, Math.max(0, Math.round((theta + step) * 100) / 100))
}

export interface Plan {
  readonly panoramas: number
  readonly sam: { readonly name: string; readonly settings: SamSettings } | null
  readonly ta: string
  readonly recipe: Recipe
  readonly theta: number
  /** of one typical panorama; null where not known yet */
  readonly windows: readonly PanoramaWindow[] | null
  readonly geometry: WindowGeometry
}

/** What a run is going to do, a sentence per step. */
export function planSentences(plan: Plan): readonly string[] {
  const { windows, sam, ta } = plan
  const sentences = [
    `${plural(plan.panoramas, 'panorama')} will be labelled. No human label is used.`,
    windowSentence(plan),
    `${ta} names the class of every pixel.`,
  ]
  if (sam === null) return [...sentences, 'No masks: its classes are the labels. This is the baseline to compare a run against.']
  const perWindow = sam.settings.pointsPerSide ** 2
  const prompts = windows === null ? `${plural(perWindow, 'point')} per window` : `${plural(perWindow * windows.length, 'point')} per panorama`
  const shares = RECIPES[plan.recipe].fusion.confidenceWeightedShares ? ', counting sure pixels more' : ''
  const bar = RECIPES[plan.recipe].fusion.thetaPerAreaLevel ? `theta ${plan.theta.toFixed(2)} of what is usual for its size` : `theta ${plan.theta.toFixed(2)}`
  return [
    ...sentences,
    `${sam.name} looks for masks at ${prompts}.`,
    `Each mask takes the class that most of its area on the sphere has${shares}, if that share reaches ${bar}; otherwise its pixels keep the class of ${ta}.`,
    'Theta can be changed afterwards and redraws at once: masks and classes are kept.',
  ]
}

function windowSentence({ windows, geometry }: Plan): string {
  if (geometry === 'gnomonic') {
    const views = windows === null ? 'overlapping views' : plural(windows.length, 'overlapping view')
    return `Each panorama is seen in ${views}, as a camera in its middle would see it: straight lines are straight. What is found there is brought back to the panorama.`
  }
  const cut = windows === null ? 'overlapping windows' : plural(windows.length, 'overlapping window')
  return `Each panorama is cut into ${cut}; windows cross the seam.`
}
