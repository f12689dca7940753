import { IGNORE_ID, type LabelSet } from '../../../../core/labels/label-set.ts'
import type { Raster } from '../../../../core/raster/raster.ts'

/** RGBA, ready for a canvas. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray<ArrayBuffer>
}

/** Where two label maps differ. 255 in the truth: nobody knows. */
export interface DifferencePicture extends Picture {
  /** of the pixels shown, 0..1 */
  readonly shares: { readonly differ: number; readonly firstRight: number; readonly secondRight: number }
}

type Rgb = readonly [red: number, green: number, blue: number]

/** Distinguishable with the common colour-vision deficiencies (Okabe and Ito, 2008). */
export const DIFFERENCE_COLORS = { firstRight: [230, 159, 0], secondRight: [0, 158, 115], other: [204, 121, 167], same: [38, 40, 46] } as const satisfies Record<string, Rgb>

/** A label map in its label set's colours, at most `widthPx` wide: every nth pixel, never a mixture. */
export function paintLabels(map: Raster, labelSet: LabelSet, widthPx: number): Picture {
  const colors = new Map(labelSet.classes.map(({ trainId, color }) => [trainId, color]))
  return paint(map, widthPx, (at) => colors.get(map.data[at]) ?? [0, 0, 0])
}

/**
 * Where `second` differs from `first`, and with the truth who is right there. Throws RangeError where sizes differ.
 */
export function paintDifference(first: Raster, second: Raster, options: { readonly truth: Raster | null; readonly widthPx: number }): DifferencePicture {
  const { truth, widthPx } = options
  requireSameSize(first, second)
  if (truth !== null) requireSameSize(first, truth)
  let [pixels, differ, firstRight, secondRight] = [0, 0, 0, 0]
  const picture = paint(first, widthPx, (at) => {
    pixels += 1
    const [a, b] = [first.data[at], second.data[at]]
    if (a === b) return DIFFERENCE_COLORS.same
    differ += 1
    const right = truth === null ? IGNORE_ID : truth.data[at]
    if (right === IGNORE_ID || (a !== right && b !== right)) return DIFFERENCE_COLORS.other
    if (a === right) firstRight += 1
    else secondRight += 1
    return a === right ? DIFFERENCE_COLORS.firstRight : DIFFERENCE_COLORS.secondRight
  })
  return { ...picture, shares: { differ: differ / pixels, firstRight: firstRight / pixels, secondRight: secondRight / pixels } }
}

/** Where a prediction is not what the truth says; unlabelled pixels are nobody's mistake. Throws RangeError where sizes differ. */
export function paintMistakes(prediction: Raster, truth: Raster, widthPx: number): Picture {
  requireSameSize(prediction, truth)
  return paint(truth, widthPx, (at) => {
    const right = truth.data[at]
    return right === IGNORE_ID || right === prediction.data[at] ? DIFFERENCE_COLORS.same : DIFFERENCE_COLORS.firstRight
  })
}

function requireSameSize(first: Raster, other: Raster): void {
  if (other.width !== first.width || other.height !== first.height) throw new RangeError('The label maps are not of one size.')
}

function paint({ width, height }: Raster, widthPx: number, colorAt: (index: number) => Rgb): Picture {
  const scale = Math.min(1, widthPx / width)
  const [columns, rows] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
  const data = new Uint8ClampedArray(columns * rows * 4)
  for (let row = 0; row < rows; row++) {
    const y = Math.floor(((row + 0.5) * height) / rows)
    for (let column = 0; column < columns; column++) {
      const x = Math.floor(((column + 0.5) * width) / columns)
      const [red, green, blue] = colorAt(y * width + x)
      const to = 4 * (row * columns + column)
      data[to] = red
      data[to + 1] = green
      data[to + 2] = blue
      data[to + 3] = 255
    }
  }
  return { width: columns, height: rows, data }
}
