import type { Provenance } from '../../../core/goodsam/config.ts'
import { PROVENANCE } from '../../../core/goodsam/config.ts'
import type { LabelSet } from '../../../core/labels/label-set.ts'
import type { IndexLayer, IndexRaster } from './gl/scene-textures.ts'
import { panoramaToAngles } from './panorama-grid.ts'
import type { Point } from './panorama-grid.ts'
import { canvasToPanorama } from './view-transform.ts'
import type { Viewport } from './view-transform.ts'
import type { HoverInfo, View } from './types.ts'

/** What the loaded layers say of the pixel under a canvas point; null outside the panorama. */
export function hoverAt(
  at: Point, view: View, seen: { viewport: Viewport; rasters: ReadonlyMap<IndexLayer, IndexRaster> },
): HoverInfo | null {
  const { grid } = seen.viewport
  const point = canvasToPanorama(view, seen.viewport, at)
  if (!point) return null
  const x = Math.min(Math.floor(point.x), grid.width - 1)
  const y = Math.min(Math.floor(point.y), grid.height - 1)
  const value = (layer: IndexLayer): number | null => seen.rasters.get(layer)?.data[y * grid.width + x] ?? null
  return {
    x, y, ...panoramaToAngles(grid, { x: x + 0.5, y: y + 0.5 }),
    label: value('label'), confidence: value('confidence'), provenance: value('provenance') as Provenance | null,
    semantics: value('semantics'), mask: value('masks'), explanation: null,
  }
}

const PROVENANCE_WORDS: Readonly<Record<Provenance, string>> = {
  [PROVENANCE.none]: 'no label',
  [PROVENANCE.samMajority]: 'SAM majority',
  [PROVENANCE.samBelowTheta]: 'SAM below theta',
  [PROVENANCE.taOnly]: 'TA only',
  [PROVENANCE.reviewer]: 'reviewer',
}

/** One line for the readout: place, class, confidence, where it came from. */
export function readoutText(hover: HoverInfo | null, labelSet: LabelSet): string {
  if (!hover) return ''
  const name = (trainId: number): string => labelSet.classes.find((c) => c.trainId === trainId)?.name ?? 'ignore'
  const parts = [`x ${hover.x}, y ${hover.y}`, `yaw ${hover.yawDeg.toFixed(1)}°, pitch ${hover.pitchDeg.toFixed(1)}°`]
  if (hover.label !== null) {
    parts.push(hover.confidence === null ? name(hover.label) : `${name(hover.label)} ${percent(hover.confidence / 255)}`)
  } else if (hover.semantics !== null) {
    parts.push(`TA ${name(hover.semantics)}`)
  }
  if (hover.provenance !== null) parts.push(PROVENANCE_WORDS[hover.provenance])
  return parts.join(' · ')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
