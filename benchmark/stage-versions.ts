import type { FusionConfig, SamSettings } from '../src/core/goodsam/config.ts'
import { stageKeys } from '../src/main/pipeline/stage-keys.ts'
import { digestOf } from './digest.ts'

/**
 * Raise it when a row's number would come out otherwise for the same inputs and no other version says so: losses, training and its
 * defaults, metrics. Students are trained again then.
 */
export const ROWS_VERSION = 1

/** Of what windows with masks teach (E_i, M_i), which no stage's key says: raise it when that changes. Students without masks are not concerned. */
export const TARGETS_VERSION = 2

/** Of the labels with the true regions as masks. */
export const PERFECT_MASKS_VERSION = 2

/** Says which versions of the method's stages there are. The keys of the stages carry their versions: those of one imagined panorama change when a version does. */
export function stageVersions(): string {
  const window = { index: 0, family: 'sliding', x: 0, y: 0, width: 1, height: 1 } as const
  const fusion: FusionConfig = { theta: 0, belowTheta: 'ta', uncovered: 'ta', shares: 'window', confidenceWeightedShares: false, thetaPerAreaLevel: false, areaLevels: [0, 0] }
  const settings: SamSettings = { pointsPerSide: 0, pointsPerBatch: 0, predIou: 0, stability: 0, stabilityOffset: 0, boxNms: 0, minAreaFraction: 0 }
  return digestOf(stageKeys({
    image: '', cyclic: true, ta: { sha256: '' }, sam: { sha256: '', settings }, windows: [window], projection: { hfovDeg: 0, vfovDeg: 0, horizonOffsetPx: 0 },
    config: { recipe: 'goodsam', windows: [], contextWeight: 0, boundaryRadiusFraction: 0, fusion },
  }))
}
