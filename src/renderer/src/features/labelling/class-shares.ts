import { useEffect, useState } from 'react'
import type { PanoramaViewer, ViewerTimings } from '../../viewer/types.ts'

/** wait for the slider to rest: counting is cheap, the list that jumps is not */
const REST_MS = 150

/** Share of each value among the pixels; index is the trainId. */
export function sharesOf(labels: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(256)
  for (let pixel = 0; pixel < labels.length; pixel++) counts[labels[pixel]] += 1
  for (let id = 0; id < 256; id++) counts[id] /= Math.max(1, labels.length)
  return counts
}

/** Class shares of the fused label as it is shown now, counted when it has changed and rests; null while there is none. */
export function useClassShares(viewer: PanoramaViewer | null): Float64Array | null {
  const [shares, setShares] = useState<Float64Array | null>(null)
  useEffect(() => {
    if (viewer === null) return
    let counted: ViewerTimings | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    let ended = false
    const count = async (): Promise<void> => {
      const layer = await viewer.readLayer('label')
      if (!ended) setShares(layer === null ? null : sharesOf(layer.data))
    }
    const end = viewer.onState(({ artifacts, fusion, timings }) => {
      // every new map on the screen comes with new timings
      if (artifacts !== 'ready' || fusion === 'loading' || timings === counted) return
      counted = timings
      clearTimeout(timer)
      timer = setTimeout(() => void count(), REST_MS)
    })
    return () => {
      ended = true
      end()
      clearTimeout(timer)
    }
  }, [viewer])
  return shares
}
