import type { Equirectangular } from '../geometry/equirectangular.ts'
import { solidAngleRowWeights } from '../metrics/latitude.ts'
import type { Cell } from './cells.ts'
import { cutCells } from './cells.ts'
import type { FusionConfig } from './config.ts'
import { PROVENANCE } from './config.ts'
import { makeEdgePool, type EdgePlace } from './edge-pool.ts'
import type { MaskShares } from './shares.ts'
import { ensembleMap, maskShares } from './shares.ts'
import { stitchedWindow } from './stitched-window.ts'
import type { FusedPanorama, PanoramaMasks, PanoramaSemantics, PanoramaWindow } from './types.ts'
import { MOST_VOTERS, countRow, decideMasks, makeVoters, packPixels, type Poll } from './votes.ts'
import { panoramaColumnToWindow } from './windows.ts'

/** Everything of one window that does not depend on theta. */
export interface PreparedWindow {
  readonly window: PanoramaWindow
  readonly shares: MaskShares
  /** index of this window's first mask among the masks of all windows */
  readonly firstMask: number
  /** where this window's part of `PreparedFusion.pixels` begins */
  readonly firstPixel: number
  /** where its edge weights lie in `PreparedFusion.edges` */
  readonly edges: EdgePlace
}

/** Everything that does not depend on theta: prepare once, fuse at every move of the slider. */
export interface PreparedFusion {
  readonly widthPx: number
  readonly heightPx: number
  readonly classes: number
  readonly semantics: PanoramaSemantics
  /** null for a TA-only run: `windows`, `cells` and `pixels` are empty and the fused label is S_TA^w */
  readonly masks: PanoramaMasks | null
  readonly windows: readonly PreparedWindow[]
  readonly cells: readonly Cell[]
  /** ensemble map (topmost mask), S_i and confidence of all windows, packed as votes.ts says */
  readonly pixels: Uint32Array
  /** whole edge weights (votes.ts) of every window */
  readonly edges: Int32Array
  /** mean Y_max of the small, medium and large masks of the panorama; 0 where there is none */
  readonly meanYMax: readonly [small: number, medium: number, large: number]
  /** the settings it was prepared with */
  readonly settings: ShareSettings
}

/** What shares depend on. */
export type ShareSettings = Pick<FusionConfig, 'shares' | 'confidenceWeightedShares' | 'areaLevels'> & {
  /** how the panorama's pixels lie on the sphere, for `shares` panorama; undefined: as a full turn of square pixels does */
  readonly projection?: Equirectangular | undefined
}

/**
 * Shares, Y_max, area levels and ensemble maps of all windows: what CTCF (Eq. 3) needs and theta does not change.
 * `masks` null: a TA-only run. Throws RangeError where masks and semantics are not of the same windows.
 */
export function prepareFusion(masks: PanoramaMasks | null, semantics: PanoramaSemantics, settings: ShareSettings): PreparedFusion {
  const { classes } = semantics
  const { width: widthPx, height: heightPx } = semantics.label
  const windows: PreparedWindow[] = []
  const edges = makeEdgePool()
  const tables = masks === null ? [] : sameWindows(masks, semantics)
  const shares = sharesOfMasks(tables, semantics, settings)
  const pixels = new Uint32Array(tables.reduce((sum, { table }) => sum + table.width * table.height, 0))
  let firstMask = 0
  let firstPixel = 0
  for (const [index, { table, seen }] of tables.entries()) {
    const { window } = seen
    const end = firstPixel + window.width * window.height
    packPixels(pixels.subarray(firstPixel, end), ensembleMap(table), seen.label, seen.confidence)
    windows.push({ window, shares: shares[index], firstMask, firstPixel, edges: edges.place(window) })
    firstMask += table.count
    firstPixel = end
  }
  const cells = masks === null ? [] : cutCells(windows.map(({ window, edges: { spans } }) => ({ ...window, spans })), widthPx, heightPx)
  if (cells.some((cell) => cell.seenBy.length > MOST_VOTERS)) {
    throw new RangeError(`More than ${MOST_VOTERS} windows see one pixel: use a larger window stride.`)
  }
  return {
    widthPx, heightPx, classes, semantics, masks, windows, cells, pixels, settings, edges: edges.weights(),
    meanYMax: meanYMaxByLevel(windows),
  }
}

/** Solid angles as whole numbers: sums of them are exact. */
const HORIZON = 1 << 12

/** Shares by window, counted over what the settings say. */
function sharesOfMasks(
  tables: ReturnType<typeof sameWindows>, semantics: PanoramaSemantics, { projection, ...settings }: ShareSettings,
): MaskShares[] {
  const options = { ...settings, classes: semantics.classes }
  if (settings.shares === 'window') return tables.map(({ table, seen }) => maskShares(table, seen, options))
  const { width, height } = semantics.label
  const solidAngles = solidAngleRowWeights(height, projection ?? { hfovDeg: 360, vfovDeg: (360 * height) / width, horizonOffsetPx: 0 })
    .map((weight) => Math.max(1, Math.round(HORIZON * weight)))
  return tables.map(({ table, seen }) => {
    const rowWeights = solidAngles.subarray(seen.window.y, seen.window.y + seen.window.height)
    return maskShares(table, stitchedWindow(seen, semantics), { ...options, rowWeights })
  })
}

/** Whether `prepared` serves this configuration, or shares and levels have to be prepared again. */
export function isPreparedFor({ settings }: PreparedFusion, fusion: FusionConfig): boolean {
  return (
    settings.shares === fusion.shares &&
    settings.confidenceWeightedShares === fusion.confidenceWeightedShares &&
    settings.areaLevels[0] === fusion.areaLevels[0] &&
    settings.areaLevels[1] === fusion.areaLevels[1]
  )
}

/** Y_max from which a mask of each area level is trusted: theta, or theta x mean Y_max(level) (GoodSAM++). */
export function levelThresholds(
  prepared: PreparedFusion,
  fusion: Pick<FusionConfig, 'theta' | 'thetaPerAreaLevel'>,
): [small: number, medium: number, large: number] {
  const [small, medium, large] = prepared.meanYMax
  const { theta } = fusion
  return fusion.thetaPerAreaLevel ? [theta * small, theta * medium, theta * large] : [theta, theta, theta]
}

/**
 * The panorama-level result (METHOD section 4): label, confidence, provenance and deciding mask of every pixel.
 *
 * Every window that sees a pixel casts one vote (a gnomonic one not where its view does not reach). Under a trusted mask (Y_max >= theta) it votes for the mask's majority
 * class with Y_max; under a mask below theta as `belowTheta` says (TA's class with its confidence, majority class with
 * Y_max, or 255 with Y_max); elsewhere for S_i with the TA's confidence; always times the weight of the distance to the
 * window's edge. Most votes win (ties: lowest trainId). Confidence is the winner's votes over the most a class could
 * have got; provenance is the kind of vote that gave the winner most; mask is that of its heaviest vote. Where the TA
 * decides so (TA only, or below theta with `belowTheta` 'ta') and S_TA^w says otherwise, label and confidence are those of
 * S_TA^w: the result differs from S_TA^w only where a mask says so. With `uncovered` 'ignore' the label of TA-only pixels is 255.
 *
 * `out` is written and returned where its size fits (the slider allocates nothing). Throws RangeError where `prepared`
 * was made for other shares or area levels (`isPreparedFor`).
 */
export function fusePanorama(prepared: PreparedFusion, fusion: FusionConfig, out?: FusedPanorama): FusedPanorama {
  if (!isPreparedFor(prepared, fusion)) {
    throw new RangeError('The fusion was prepared for other area levels or other shares: call prepareFusion again.')
  }
  const fused = fits(out, prepared) ? out : emptyFused(prepared.widthPx, prepared.heightPx)
  if (prepared.masks === null) return fuseTaOnly(prepared.semantics, fused)
  const poll = openPoll(prepared, fusion, fused)
  for (const cell of prepared.cells) countCell(prepared, poll, cell)
  letTaDecide(prepared.semantics, fusion, fused)
  return fused
}

/** Who decides a pixel of this provenance: the votes, the TA where no trusted mask gave the winner most of them, or nobody: it is left out. */
export function lastWord(provenance: number, { belowTheta, uncovered }: Pick<FusionConfig, 'belowTheta' | 'uncovered'>): 'votes' | 'ta' | 'nobody' {
  if (provenance === PROVENANCE.taOnly) return uncovered === 'ta' ? 'ta' : 'nobody'
  return provenance === PROVENANCE.samBelowTheta && belowTheta === 'ta' ? 'ta' : 'votes'
}

/** S_TA^w, a mean of probabilities, judges better than the votes of argmaxes: it is the label where the TA decides. */
function letTaDecide(semantics: PanoramaSemantics, fusion: FusionConfig, fused: FusedPanorama): void {
  const label = fused.label.data
  const confidence = fused.confidence.data
  const provenance = fused.provenance.data
  const taLabel = semantics.label.data
  const taConfidence = semantics.confidence.data
  const taOnly = PROVENANCE.taOnly
  const below = lastWord(PROVENANCE.samBelowTheta, fusion) === 'ta' ? PROVENANCE.samBelowTheta : taOnly
  const leftOut = lastWord(taOnly, fusion) === 'nobody'
  for (let p = 0; p < label.length; p++) {
    const kind = provenance[p]
    if (kind !== taOnly && kind !== below) continue
    if (leftOut && kind === taOnly) label[p] = 255
    else if (label[p] !== taLabel[p]) {
      label[p] = taLabel[p]
      confidence[p] = taConfidence[p]
    }
  }
}

function countCell(prepared: PreparedFusion, poll: Poll, cell: Cell): void {
  const { voters, edges } = poll
  const seenBy = cell.seenBy.map((index) => prepared.windows[index])
  const columns = seenBy.map(({ window }) => panoramaColumnToWindow(window, cell.x0, prepared.widthPx))
  seenBy.forEach((seen, i) => {
    voters.decisionAt[i] = firstDecision(seen, cell.seenBy[i])
  })
  for (let y = cell.y0; y < cell.y1; y++) {
    for (let i = 0; i < seenBy.length; i++) {
      const { window, firstPixel, edges: { x0, stride, y0, step } } = seenBy[i]
      const row = y - window.y
      voters.pixelAt[i] = firstPixel + row * window.width + columns[i]
      voters.edgeAt[i] = x0 + stride * row + columns[i]
      voters.rowWeight[i] = edges[y0 + step * row]
    }
    countRow(poll, seenBy.length, cell.x1 - cell.x0, y * prepared.widthPx + cell.x0)
  }
}

/** Each window has one decision for "no mask" before those of its masks. */
function firstDecision(window: PreparedWindow, index: number): number {
  return window.firstMask + index
}

function openPoll(prepared: PreparedFusion, fusion: FusionConfig, fused: FusedPanorama): Poll {
  const thresholds = levelThresholds(prepared, fusion)
  const total = prepared.windows.reduce((sum, { shares }) => sum + shares.count + 1, 0)
  const decisions = new Int32Array(total)
  const masks = new Uint32Array(total)
  prepared.windows.forEach((window, index) => {
    const at = firstDecision(window, index)
    decideMasks(decisions.subarray(at, at + window.shares.count + 1), window.shares, thresholds, fusion.belowTheta)
    for (let m = 1; m <= window.shares.count; m++) masks[at + m] = window.firstMask + m
  })
  return {
    pixels: prepared.pixels, decisions, masks, edges: prepared.edges, voters: makeVoters(),
    label: fused.label.data, confidence: fused.confidence.data,
    provenance: fused.provenance.data, mask: fused.mask.data,
  }
}

/** Without masks the TA's stitched map is the label. */
function fuseTaOnly(semantics: PanoramaSemantics, fused: FusedPanorama): FusedPanorama {
  fused.label.data.set(semantics.label.data)
  fused.confidence.data.set(semantics.confidence.data)
  fused.provenance.data.fill(PROVENANCE.taOnly)
  fused.mask.data.fill(0)
  return fused
}

function emptyFused(width: number, height: number): FusedPanorama {
  const bytes = () => ({ width, height, data: new Uint8Array(width * height) })
  return {
    label: bytes(), confidence: bytes(), provenance: bytes(),
    mask: { width, height, data: new Uint32Array(width * height) },
  }
}

function fits(out: FusedPanorama | undefined, prepared: PreparedFusion): out is FusedPanorama {
  return out !== undefined && out.label.width === prepared.widthPx && out.label.height === prepared.heightPx
}

/** Mask tables beside the semantics of the same windows. */
function sameWindows(masks: PanoramaMasks, semantics: PanoramaSemantics) {
  if (masks.windows.length !== semantics.windows.length) {
    throw new RangeError(`Masks of ${masks.windows.length} windows do not go with TA maps of ${semantics.windows.length}.`)
  }
  return masks.windows.map(({ window, masks: table }, index) => {
    const seen = semantics.windows[index]
    const same =
      window.x === seen.window.x && window.y === seen.window.y &&
      table.width === seen.window.width && table.height === seen.window.height
    if (!same) throw new RangeError(`Window ${index} of the masks is not window ${index} of the TA maps.`)
    return { table, seen }
  })
}

function meanYMaxByLevel(windows: readonly PreparedWindow[]): [small: number, medium: number, large: number] {
  const sums: [number, number, number] = [0, 0, 0]
  const counts = [0, 0, 0]
  for (const { shares } of windows) {
    for (let m = 0; m < shares.count; m++) {
      sums[shares.level[m]] += shares.yMax[m]
      counts[shares.level[m]]++
    }
  }
  return sums.map((sum, level) => (counts[level] === 0 ? 0 : sum / counts[level])) as [number, number, number]
}
