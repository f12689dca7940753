import type { WindowFamily } from './config.ts'
import { layoutViews } from './gnomonic-layout.ts'
import type { PanoramaFrame, PanoramaWindow } from './types.ts'
import { cyclicPositions, spreadPositions } from './window-positions.ts'

/**
 * The windows W_i of a panorama (METHOD section 1), family by family, row by row, left to right.
 *
 * Columns of a full turn are cyclic: their number is a multiple of four and window k starts at floor(k * W / n), so that
 * rolling the panorama by a quarter turn (W divisible by 4) rolls the layout, and the last windows pass the seam. Partial
 * panoramas have an edge on both sides: the last window ends there. Rows are spread evenly, the first at y = 0, the last
 * ending at the panorama's bottom. Every pixel lies in at least one window of every family. Gnomonic windows: `layoutViews`.
 *
 * Throws RangeError where a fraction or the frame makes no sense.
 */
export function layoutWindows(frame: PanoramaFrame, families: readonly WindowFamily[]): PanoramaWindow[] {
  checkFrame(frame)
  if (families.length === 0) throw new RangeError('A layout needs at least one window family.')
  const windows: PanoramaWindow[] = []
  for (const family of families) {
    checkFraction(family.name, 'widthFraction', family.widthFraction)
    checkFraction(family.name, 'strideFraction', family.strideFraction)
    if (family.heightFraction !== null) checkFraction(family.name, 'heightFraction', family.heightFraction)
    if (family.name === 'gnomonic') {
      for (const view of layoutViews(frame, family)) windows.push({ index: windows.length, ...view })
      continue
    }
    const nominal = { width: frame.widthPx * family.widthFraction, strideFraction: family.strideFraction }
    const columns = frame.cyclic
      ? cyclicPositions(frame.widthPx, nominal.width * family.strideFraction)
      : spreadPositions(frame.widthPx, wholePx(nominal.width), family.strideFraction)
    // Rounding must not open a gap between neighbours.
    const width = frame.cyclic
      ? Math.max(wholePx(nominal.width), Math.ceil(frame.widthPx / columns.length))
      : Math.min(frame.widthPx, wholePx(nominal.width))
    const height = Math.min(
      frame.heightPx,
      family.heightFraction === null ? width : wholePx(frame.heightPx * family.heightFraction),
    )
    for (const y of spreadPositions(frame.heightPx, height, family.strideFraction)) {
      for (const x of columns) windows.push({ index: windows.length, family: family.name, x, y, width, height })
    }
  }
  return windows
}

/**
 * Views over the panorama's whole height, as wide as the TA's input is for its height (`taAspect` = input width / height),
 * half a view of stride: together they are the TA's prediction of the whole panorama, without a seam. Cyclic columns as in
 * `layoutWindows`.
 */
export function contextWindows(frame: PanoramaFrame, taAspect: number): PanoramaWindow[] {
  checkFrame(frame)
  if (!(taAspect > 0)) throw new RangeError(`The aspect of the TA's input must be positive, not ${taAspect}.`)
  const width = Math.min(frame.widthPx, wholePx(frame.heightPx * taAspect))
  const columns = frame.cyclic
    ? cyclicPositions(frame.widthPx, width / 2)
    : spreadPositions(frame.widthPx, width, 0.5)
  return columns.map((x, index) => ({ index, family: 'context', x, y: 0, width, height: frame.heightPx }))
}

/**
 * How much a pixel counts by its distance to the window's edge: cosine, 1 in the middle, small but above 0 at the edges
 * (a pixel that a single window sees still counts). Symmetric to the bit; `length` values in (0, 1].
 */
export function edgeWeights(length: number): Float32Array {
  const weights = new Float32Array(length)
  for (let left = 0, right = length - 1; left <= right; left++, right--) {
    weights[left] = edgeWeightAt(left + 0.5, length)
    weights[right] = weights[left]
  }
  return weights
}

/** `edgeWeights` at a continuous position: pixel i spans i .. i + 1, its centre is i + 0.5. */
export function edgeWeightAt(position: number, length: number): number {
  return Math.max(Math.cos(Math.PI * (position / length - 0.5)), 1e-6)
}

/** Whether a layout goes around: some window passes the right edge, which only cyclic columns allow. */
export function layoutIsCyclic(windows: readonly PanoramaWindow[], widthPx: number): boolean {
  return windows.some((window) => window.x + window.width > widthPx)
}

/** Panorama column of a window's column (both in whole pixels, from 0). */
export function windowColumnToPanorama(window: PanoramaWindow, column: number, widthPx: number): number {
  return (window.x + column) % widthPx
}

/** Window column of a panorama's column, or -1 where the window does not see it. Inverse of `windowColumnToPanorama`. */
export function panoramaColumnToWindow(window: Pick<PanoramaWindow, 'x' | 'width'>, column: number, widthPx: number): number {
  const offset = (((column - window.x) % widthPx) + widthPx) % widthPx
  return offset < window.width ? offset : -1
}

function wholePx(length: number): number {
  return Math.max(1, Math.round(length))
}

function checkFrame(frame: PanoramaFrame): void {
  const whole = Number.isInteger(frame.widthPx) && Number.isInteger(frame.heightPx)
  if (!whole || frame.widthPx < 1 || frame.heightPx < 1) {
    throw new RangeError(`A panorama of ${frame.widthPx} x ${frame.heightPx} px has no windows.`)
  }
}

function checkFraction(family: string, name: string, value: number): void {
  if (!(value > 0 && value <= 1)) throw new RangeError(`${name} of window family "${family}" must lie in (0, 1], not ${value}.`)
}
