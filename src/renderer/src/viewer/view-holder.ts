import { clampView, convertView, panView, resetView, zoomView } from './view-transform.ts'
import type { Viewport } from './view-transform.ts'
import type { Point } from './panorama-grid.ts'
import type { FlatView, SphereView, View } from './types.ts'

/** The present view. Until somebody moves it, it shows the whole panorama at every size of the canvas. */
export interface ViewHolder {
  get(): View
  /** Canvas or panorama changed. `keep`: the panorama is of the same shape, so what was looked at stays. */
  setViewport(viewport: Viewport, options: { keep: boolean }): void
  set(view: Partial<FlatView> | Partial<SphereView>): void
  setKind(kind: View['kind']): void
  reset(): void
  pan(drag: { from: Point; to: Point }): void
  zoom(zoom: { at: Point; factor: number }): void
}

export function createViewHolder(onChange: () => void): ViewHolder {
  let viewport: Viewport | null = null
  let view: View = { kind: 'flat', centerX: 0, centerY: 0, scale: 1 }
  let moved = false
  const apply = (next: View): void => {
    view = next
    onChange()
  }
  return {
    get: () => view,
    setViewport(next, { keep }) {
      // a view asked for before there was a panorama is kept too
      const stays = moved && (keep || viewport === null)
      viewport = next
      if (!stays) moved = false
      apply(stays ? clampView(view, next) : resetView(next, view.kind))
    },
    set(change) {
      moved = true
      const kind = change.kind ?? view.kind
      const base = viewport ? convertView(view, viewport, kind) : defaultView(view, kind)
      const next = { ...base, ...change } as View
      apply(viewport ? clampView(next, viewport) : next)
    },
    setKind(kind) {
      if (kind === view.kind) return
      if (!viewport) return apply(defaultView(view, kind))
      // from the whole panorama the other view starts whole as well
      apply(moved ? convertView(view, viewport, kind) : resetView(viewport, kind))
    },
    reset() {
      moved = false
      if (viewport) apply(resetView(viewport, view.kind))
    },
    pan(drag) {
      if (!viewport) return
      moved = true
      apply(panView(view, viewport, drag))
    },
    zoom(zoom) {
      if (!viewport) return
      moved = true
      apply(zoomView(view, viewport, zoom))
    },
  }
}

function defaultView(view: View, kind: View['kind']): View {
  if (view.kind === kind) return view
  return kind === 'sphere' ? { kind, yawDeg: 0, pitchDeg: 0, fovDeg: 75 } : { kind, centerX: 0, centerY: 0, scale: 1 }
}
