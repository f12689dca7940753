import type { PixelExplanation } from '../../../core/goodsam/explain.ts'
import { hoverAt, readoutText } from './hover.ts'
import { createListeners } from './listeners.ts'
import type { Point } from './panorama-grid.ts'
import type { Scene } from './scene.ts'
import type { HoverInfo, View } from './types.ts'
import type { CanvasSize } from './view-transform.ts'

/** Follows the pointer over the picture: once per frame, and again when the picture moves or changes under it. */
export interface HoverTracker {
  pointer(at: Point | null): void
  /** the maps changed: what is known of the pixel is no longer true */
  stale(): void
  /** To be called once per frame. True when the picture has to be drawn again (outline or pixel frame moved). */
  update(scene: Scene | null, view: View, canvas: CanvasSize): boolean
  explained(scene: Scene, explanation: PixelExplanation | null): void
  current(): HoverInfo | null
  listen(listener: (hover: HoverInfo | null) => void): () => void
}

export function createHoverTracker(
  options: { explain: (x: number, y: number) => void; readout: HTMLElement | null },
): HoverTracker {
  const listeners = createListeners<HoverInfo | null>()
  let at: Point | null = null
  let hover: HoverInfo | null = null
  let scene: Scene | null = null
  let changed = false

  const tell = (): void => {
    listeners.tell(hover)
    if (options.readout && scene) options.readout.textContent = readoutText(hover, scene.source.labelSet)
  }
  return {
    pointer(point) {
      at = point
    },
    stale() {
      changed = true
    },
    update(shown, view, canvas) {
      const viewport = shown && canvas.width > 0 ? { grid: shown.grid, canvas } : null
      const next = at && shown && viewport ? hoverAt(at, view, { viewport, rasters: shown.rasters }) : null
      const same = next?.x === hover?.x && next?.y === hover?.y && shown === scene
      if (same && !changed) return false
      const before = hover
      scene = shown
      changed = false
      hover = next
      if (before || hover) tell()
      if (hover) options.explain(hover.x, hover.y)
      return true
    },
    explained(of, explanation) {
      if (of !== scene || !hover || !explanation || changed) return
      if (explanation.x !== hover.x || explanation.y !== hover.y) return
      hover = { ...hover, explanation }
      tell()
    },
    current: () => hover,
    listen: (listener) => listeners.add(listener),
  }
}
