import { ensembleMap } from '../../../../core/goodsam/shares.ts'
import type { PanoramaMasks, PanoramaWindow } from '../../../../core/goodsam/types.ts'
import { pixelCentres, viewWeightRows } from '../../../../core/goodsam/view-weights.ts'
import { edgeWeights, windowColumnToPanorama } from '../../../../core/goodsam/windows.ts'
import type { Raster } from '../../../../core/raster/raster.ts'

/**
 * All SAM masks as one map of the panorama: 1 + index among the masks of all windows, 0 where none. Windows overlap: a
 * pixel shows the topmost mask of the window in whose middle it lies most (edge weights as the votes have them), so this
 * map does not change with theta.
 */
export function paintMaskLayer(
  masks: PanoramaMasks, size: { readonly width: number; readonly height: number },
): Raster<Uint32Array<ArrayBuffer>> {
  const { width, height } = size
  const data = new Uint32Array(width * height)
  const best = new Float32Array(width * height)
  let firstMask = 0
  for (const { window, masks: table } of masks.windows) {
    const ensemble = ensembleMap(table)
    const columns = Uint32Array.from({ length: window.width }, (_, x) => windowColumnToPanorama(window, x, width))
    const weightsOf = rowWeights(window)
    for (let y = 0; y < window.height; y++) {
      const weights = weightsOf(y)
      const row = (window.y + y) * width
      for (let x = 0; x < window.width; x++) {
        const mask = ensemble[y * window.width + x]
        if (mask === 0) continue
        const pixel = row + columns[x]
        const weight = weights[x]
        if (weight <= best[pixel]) continue
        best[pixel] = weight
        data[pixel] = firstMask + mask
      }
    }
    firstMask += table.count
  }
  return { width, height, data }
}

/** How much the pixels of a row of the window count, by their distance to the edges of what it shows. */
function rowWeights(window: PanoramaWindow): (y: number) => Float64Array {
  if (window.view !== undefined) {
    const rowOf = viewWeightRows(window.view, pixelCentres(window.width))
    return (y) => rowOf(y + 0.5)
  }
  const across = edgeWeights(window.width)
  const down = edgeWeights(window.height)
  return (y) => Float64Array.from(across, (weight) => weight * down[y])
}
