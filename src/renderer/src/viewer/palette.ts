import type { LabelSet } from '../../../core/labels/label-set.ts'
import { IGNORE_ID } from '../../../core/labels/label-set.ts'
import { PROVENANCE } from '../../../core/goodsam/config.ts'
import type { Provenance } from '../../../core/goodsam/config.ts'
import { PALETTE_ROWS } from './shaders/panorama.frag.ts'

/** RGBA rows of 256 colours: what the values of an index layer look like. Alpha 0 hides a value. */
export const PALETTE_WIDTH = 256
export const PALETTE_HEIGHT = Object.keys(PALETTE_ROWS).length

type Rgb = readonly [red: number, green: number, blue: number]

/** Distinguishable with the common colour-vision deficiencies (Okabe and Ito, 2008). */
export const PROVENANCE_COLORS: Readonly<Record<Provenance, Rgb | null>> = {
  [PROVENANCE.none]: null,
  [PROVENANCE.samMajority]: [0, 158, 115],
  [PROVENANCE.samBelowTheta]: [230, 159, 0],
  [PROVENANCE.taOnly]: [86, 180, 233],
  [PROVENANCE.reviewer]: [204, 121, 167],
}

const BOUNDARY_COLOR: Rgb = [255, 236, 61]

/** Perceptually even from dark (doubtful) to bright (certain): nodes of matplotlib's viridis (CC0). */
const CONFIDENCE_NODES: readonly Rgb[] = [
  [68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37],
]

/** Colour of a confidence of 0..255. */
export function confidenceColor(confidence: number): Rgb {
  const at = (confidence / 255) * (CONFIDENCE_NODES.length - 1)
  const low = Math.min(Math.floor(at), CONFIDENCE_NODES.length - 2)
  const from = CONFIDENCE_NODES[low]
  const to = CONFIDENCE_NODES[low + 1]
  const channel = (c: 0 | 1 | 2): number => Math.round(from[c] + (to[c] - from[c]) * (at - low))
  return [channel(0), channel(1), channel(2)]
}

/** The palette texture's bytes, all rows. */
export function buildPalette(labelSet: LabelSet, hidden: ReadonlySet<number>): Uint8Array {
  const bytes = new Uint8Array(PALETTE_WIDTH * PALETTE_HEIGHT * 4)
  const put = (row: number, value: number, color: Rgb): void => {
    bytes.set([...color, 255], (row * PALETTE_WIDTH + value) * 4)
  }
  for (const { trainId, color } of labelSet.classes) {
    if (trainId !== IGNORE_ID && !hidden.has(trainId)) put(PALETTE_ROWS.classes, trainId, color)
  }
  for (let value = 0; value < 256; value++) put(PALETTE_ROWS.confidence, value, confidenceColor(value))
  for (const provenance of Object.values(PROVENANCE)) {
    const color = PROVENANCE_COLORS[provenance]
    if (color) put(PALETTE_ROWS.provenance, provenance, color)
  }
  put(PALETTE_ROWS.boundary, 1, BOUNDARY_COLOR)
  return bytes
}
