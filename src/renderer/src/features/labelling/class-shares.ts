import { useEffect, useState } from 'react'
import type { PanoramaViewer, ViewerState } from '../../viewer/types.ts'

/** wait for the slider to rest: counting is cheap, the list that jumps is not */
const REST_MS = 150

/** Share of each value among the pixels; index is the trainId. */
export function sharesOf(labels: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(256)
  for (let pixel = 0; pixel < labels.length; pixel++) counts[labels[pixel]] += 1
  for (let id = 0; id < 256; id++) counts[id] /= Math.max(1, labels.length)
  return counts
}

/** Class shares of the fused label as it is shown now; null while there is none. */
export function useClassShares(viewer: PanoramaViewer | null, state: ViewerState | null): Float64Array | null {
  const [shares, setShares] = useState<Float64Array | null>(null)
  const ready = state !== null && state.artifacts === 'ready' && state.fusion !== 'loading' && state.fusion !== 'failed'
  useEffect(() => {
    if (viewer === null || !ready) return
    let ended = false
    const timer = setTimeout(() => {
      void viewer.readLayer('label').then((layer) => {
        if (!ended) setShares(layer === null ? null : sharesOf(layer.data))
      })
    }, REST_MS)
    return () => {
      ended = true
      clearTimeout(timer)
    }
  }, [viewer, ready, state?.timings])
  return shares
}
