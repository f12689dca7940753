import type { PreparedFusion } from '../../../../core/goodsam/fusion.ts'
import { edgeWeights, windowColumnToPanorama } from '../../../../core/goodsam/windows.ts'
import type { Raster } from '../../../../core/raster/raster.ts'

/**
 * All SAM masks as one map of the panorama: 1 + index among the masks of all windows, 0 where none. Windows overlap: a
 * pixel shows the topmost mask of the window in whose middle it lies most (edge weights as the votes have them), so this
 * map does not change with theta.
 */
export function paintMaskLayer(prepared: PreparedFusion): Raster<Uint32Array<ArrayBuffer>> {
  const { widthPx, heightPx } = prepared
  const data = new Uint32Array(widthPx * heightPx)
  const best = new Float32Array(widthPx * heightPx)
  for (const { window, ensemble, firstMask } of prepared.windows) {
    const across = edgeWeights(window.width)
    const down = edgeWeights(window.height)
    for (let y = 0; y < window.height; y++) {
      const row = (window.y + y) * widthPx
      for (let x = 0; x < window.width; x++) {
        const mask = ensemble[y * window.width + x]
        if (mask === 0) continue
        const pixel = row + windowColumnToPanorama(window, x, widthPx)
        const weight = across[x] * down[y]
        if (weight <= best[pixel]) continue
        best[pixel] = weight
        data[pixel] = firstMask + mask
      }
    }
  }
  return { width: widthPx, height: heightPx, data }
}
