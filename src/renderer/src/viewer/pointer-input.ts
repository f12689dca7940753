import type { Point } from './panorama-grid.ts'

/** What a person does to the canvas. Points are device pixels of the drawing buffer. */
export interface InputEvents {
  onDrag(drag: { from: Point; to: Point }): void
  onZoom(zoom: { at: Point; factor: number }): void
  onDoubleClick(): void
  /** null: the pointer left */
  onPointer(at: Point | null): void
  onToggleSphere(): void
}

/** A wheel notch of 100 px zooms by this factor. */
const ZOOM_PER_NOTCH = 1.25

/** Listens until the returned function is called. `keyTarget` null: no keys. */
export function listenToInput(canvas: HTMLCanvasElement, keyTarget: EventTarget | null, events: InputEvents): () => void {
  const controller = new AbortController()
  const { signal } = controller
  let dragFrom: { pointer: number; at: Point } | null = null
  let spaceHeld = false
  let pointerInside = false

  const locate = (event: MouseEvent): Point => {
    const box = canvas.getBoundingClientRect()
    return {
      x: ((event.clientX - box.left) / box.width) * canvas.width,
      y: ((event.clientY - box.top) / box.height) * canvas.height,
    }
  }
  const showCursor = (): void => {
    if (dragFrom) canvas.style.cursor = 'grabbing'
    else canvas.style.cursor = spaceHeld ? 'grab' : 'crosshair'
  }
  const endDrag = (event: PointerEvent): void => {
    if (dragFrom?.pointer !== event.pointerId) return
    dragFrom = null
    showCursor()
  }

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button > 1 || dragFrom) return
    canvas.setPointerCapture(event.pointerId)
    dragFrom = { pointer: event.pointerId, at: locate(event) }
    showCursor()
  }, { signal })
  canvas.addEventListener('pointermove', (event) => {
    pointerInside = true
    const at = locate(event)
    if (dragFrom?.pointer === event.pointerId) {
      events.onDrag({ from: dragFrom.at, to: at })
      dragFrom = { pointer: event.pointerId, at }
    }
    events.onPointer(at)
  }, { signal })
  canvas.addEventListener('pointerup', endDrag, { signal })
  canvas.addEventListener('pointercancel', endDrag, { signal })
  canvas.addEventListener('pointerleave', () => {
    pointerInside = false
    events.onPointer(null)
  }, { signal })
  canvas.addEventListener('dblclick', () => events.onDoubleClick(), { signal })
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault()
    // a pinch on a touchpad arrives as small ctrl+wheel steps
    const notches = -wheelPixels(event, canvas) / (event.ctrlKey ? 12 : 100)
    events.onZoom({ at: locate(event), factor: ZOOM_PER_NOTCH ** notches })
  }, { signal, passive: false })

  keyTarget?.addEventListener('keydown', (event) => {
    if (!(event instanceof KeyboardEvent) || event.defaultPrevented || isTyping(event.target)) return
    if (event.code === 'Space' && (pointerInside || dragFrom)) {
      spaceHeld = true
      event.preventDefault()
      showCursor()
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey
    if (event.key.toLowerCase() === 's' && plain && !event.repeat) events.onToggleSphere()
  }, { signal })
  keyTarget?.addEventListener('keyup', (event) => {
    if (!(event instanceof KeyboardEvent) || event.code !== 'Space') return
    spaceHeld = false
    showCursor()
  }, { signal })

  canvas.style.touchAction = 'none'
  showCursor()
  return () => controller.abort()
}

function wheelPixels(event: WheelEvent, canvas: HTMLCanvasElement): number {
  if (event.deltaMode === WheelEvent.DOM_DELTA_LINE) return event.deltaY * 33
  if (event.deltaMode === WheelEvent.DOM_DELTA_PAGE) return event.deltaY * canvas.clientHeight
  return event.deltaY
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
