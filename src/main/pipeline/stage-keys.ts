import { createHash } from 'node:crypto'
import type { Equirectangular } from '../../core/geometry/equirectangular.ts'
import type { GoodsamConfig, SamSettings } from '../../core/goodsam/config.ts'
import type { PanoramaWindow } from '../../core/goodsam/types.ts'
import type { SegmentRequest } from '../engine/training-protocol.ts'

/**
 * Cache keys of the labelling stages. A stage is a function of (input hashes, model hash, the parameters it reads);
 * its key is the SHA-256 of exactly these, so a parameter that a stage does not read never invalidates it: theta is
 * read by fusion alone. The execution provider is no part of a key: providers agree to rounding.
 */

/** Raise a stage's number when its algorithm or its artifact's layout changes. */
const VERSIONS = { embedding: 1, masks: 1, semantics: 2, boundary: 1, fusion: 1, prediction: 2 } as const
export type Stage = keyof typeof VERSIONS

export interface StageInputs {
  /** SHA-256 of the panorama's image artifact */
  readonly image: string
  readonly cyclic: boolean
  readonly sam: { readonly sha256: string; readonly settings: SamSettings } | null
  readonly ta: { readonly sha256: string }
  readonly config: GoodsamConfig
  /** how the panorama's pixels lie on the sphere: where shares are counted by solid angle */
  readonly projection: Equirectangular
  /** layoutWindows of this panorama */
  readonly windows: readonly PanoramaWindow[]
}

export interface StageKeys {
  /** by window index; empty for a TA-only run */
  readonly embeddings: readonly string[]
  /** null for a TA-only run */
  readonly masks: string | null
  readonly semantics: string
  readonly boundary: string | null
  readonly fusion: string
}

function key(stage: Stage, inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify([stage, VERSIONS[stage], inputs])).digest('hex')
}

export function stageKeys(inputs: StageInputs): StageKeys {
  const { image, sam, ta, config } = inputs
  // a gnomonic window is its view, too; others have keys as they had before there were any
  const rectangles = inputs.windows.map(({ x, y, width, height, view }) => (view === undefined ? [x, y, width, height] : [x, y, width, height, view]))
  const frame = { image, cyclic: inputs.cyclic }

  const embeddings = sam ? rectangles.map((window) => key('embedding', { image, sam: sam.sha256, window })) : []
  const masks = sam ? key('masks', { ...frame, sam: sam.sha256, filters: filtersOf(sam.settings), windows: rectangles }) : null
  const semantics = key('semantics', { ...frame, ta: ta.sha256, windows: rectangles, contextWeight: config.contextWeight })
  const boundary = masks ? key('boundary', { masks, semantics, radius: config.boundaryRadiusFraction }) : null
  const fusion = key('fusion', { masks, semantics, ...(masks ? fusionInputs(inputs) : { fusion: null }) })
  return { embeddings, masks, semantics, boundary, fusion }
}

/**
 * Shares over windows have keys as they had before there were others; those over the panorama depend on the rows' solid
 * angles. Likewise where pixels of no mask keep the TA's class.
 */
function fusionInputs({ config, projection }: StageInputs): Record<string, unknown> {
  const { shares, uncovered, ...others } = config.fusion
  const rest = uncovered === 'ta' ? others : { ...others, uncovered }
  return shares === 'window' ? { fusion: rest } : { fusion: { ...rest, shares }, projection }
}

/** pointsPerBatch changes speed and memory, never the masks. */
function filtersOf(settings: SamSettings): Omit<SamSettings, 'pointsPerBatch'> {
  const { pointsPerBatch: _, ...filters } = settings
  return filters
}

export interface PredictionInputs {
  /** SHA-256 of the panorama's image artifact */
  readonly image: string
  readonly cyclic: boolean
  /** SHA-256 of the network */
  readonly network: string
  readonly mode: SegmentRequest['mode']
}

/** Keys of a network's prediction for a panorama, and of that for the panorama turned by half a turn. */
export function predictionKeys({ image, cyclic, network, mode }: PredictionInputs): { readonly prediction: string; readonly rolled: string } {
  const inputs = { image, cyclic, network, mode: settingsOf(mode) }
  return { prediction: key('prediction', inputs), rolled: key('prediction', { ...inputs, rolled: true }) }
}

/** What a prediction depends on besides the network and the panorama. */
export function settingsOf(mode: SegmentRequest['mode']): unknown {
  if (mode.kind === 'whole') return mode
  const { windows, contextWeight } = mode.config
  return { kind: mode.kind, windows, contextWeight }
}
