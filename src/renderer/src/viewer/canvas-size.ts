import type { CanvasSize } from './view-transform.ts'

/**
 * Tells the size of a canvas in whole device pixels, whatever the zoom of the page: exact where the browser knows it,
 * rounded from CSS pixels elsewhere. `onSize` is called before the page is painted. Ends with the returned function.
 */
export function watchCanvasSize(canvas: HTMLCanvasElement, onSize: (size: CanvasSize) => void): () => void {
  const observer = new ResizeObserver((entries) => {
    const entry = entries.at(-1)
    if (!entry) return
    // lib.dom promises it, Safari does not have it
    const exact = (entry.devicePixelContentBoxSize as readonly ResizeObserverSize[] | undefined)?.[0]
    const rounded = cssToDevice(entry.contentRect.width, entry.contentRect.height)
    // a devicePixelRatio that the browser's tools emulate is unknown to the exact size
    const agree = exact && Math.abs(exact.inlineSize - rounded.width) <= 1 && Math.abs(exact.blockSize - rounded.height) <= 1
    onSize(agree ? { width: exact.inlineSize, height: exact.blockSize } : rounded)
  })
  try {
    observer.observe(canvas, { box: 'device-pixel-content-box' })
  } catch {
    observer.observe(canvas)
  }
  return () => observer.disconnect()
}

function cssToDevice(width: number, height: number): CanvasSize {
  return { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) }
}
