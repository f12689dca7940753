import { watchCanvasSize } from './canvas-size.ts'
import { createDirector } from './director.ts'
import { createGpu } from './gl/gpu.ts'
import type { Renderer } from './gl/renderer.ts'
import { createHoverTracker } from './hover-tracker.ts'
import { createListeners } from './listeners.ts'
import { buildPalette } from './palette.ts'
import { listenToInput } from './pointer-input.ts'
import { PALETTE_ROWS } from './shaders/panorama.frag.ts'
import { createStateStore } from './state-store.ts'
import { LAYERS } from './types.ts'
import type { LayerName, LayerStyle, PanoramaViewer, View, ViewerOptions, ViewerState } from './types.ts'
import { createViewHolder } from './view-holder.ts'

const IMAGE_CACHE_BYTES = 256 * 2 ** 20

const DEFAULT_LAYERS: Readonly<Record<LayerName, LayerStyle>> = {
  image: { visible: true, opacity: 1 },
  semantics: { visible: false, opacity: 0.6 },
  label: { visible: true, opacity: 0.6 },
  confidence: { visible: false, opacity: 0.8 },
  provenance: { visible: false, opacity: 0.7 },
  masks: { visible: false, opacity: 0.7 },
  boundary: { visible: false, opacity: 1 },
}

/**
 * Makes a viewer that draws on `canvas` until `destroy()`. Draws only when something changed, at most once per frame.
 * A canvas without WebGL 2 makes no error: `state().gpu` is 'unsupported' and all else works.
 */
export function createPanoramaViewer(canvas: HTMLCanvasElement, options: ViewerOptions = {}): PanoramaViewer {
  const state = createStateStore()
  const viewListeners = createListeners<View>()
  const layers = mergeStyles(options.layers)
  const hidden = new Set<number>()
  let dirty = true
  let viewTold: View | null = null
  let frameAsked = 0
  let waiting: ((state: ViewerState) => void)[] = []

  const gpu = createGpu(canvas, options.maxTextureSize ?? Number.POSITIVE_INFINITY, {
    onLost() {
      director.gpuLost()
      state.set({ gpu: 'lost' })
    },
    onRestored(renderer) {
      state.set({ gpu: 'ready' })
      sendPalette(renderer)
      director.gpuRestored(renderer)
      redraw()
    },
  })
  if (gpu.unsupported()) state.set({ gpu: 'unsupported', error: gpu.unsupported() })

  const view = createViewHolder(redraw)
  const hover = createHoverTracker({ explain: (x, y) => director.explain(x, y), readout: options.readout ?? null })
  const director = createDirector(gpu, state, {
    imageCacheBytes: options.imageCacheBytes ?? IMAGE_CACHE_BYTES,
    events: {
      onShow(scene, before) {
        if (scene) {
          const keep = before !== null && JSON.stringify(before.grid) === JSON.stringify(scene.grid)
          view.setViewport({ grid: scene.grid, canvas: canvasSize() }, { keep })
        }
        sendPalette(gpu.renderer())
        hover.stale()
        redraw()
      },
      onLayers() {
        hover.stale()
        redraw()
      },
      onExplained: (scene, explanation) => hover.explained(scene, explanation),
    },
  })

  function canvasSize(): { width: number; height: number } {
    return { width: canvas.width, height: canvas.height }
  }

  function sendPalette(renderer: Renderer | null, row?: number): void {
    const labelSet = director.shown()?.source.labelSet
    if (labelSet) renderer?.setPalette(buildPalette(labelSet, hidden), row)
  }

  function redraw(): void {
    dirty = true
    askFrame()
  }

  function askFrame(): void {
    if (frameAsked === 0) frameAsked = requestAnimationFrame(frame)
  }

  function frame(): void {
    frameAsked = 0
    if (hover.update(director.shown(), view.get(), canvasSize())) dirty = true
    if (dirty) draw()
    if (viewTold !== view.get()) {
      viewTold = view.get()
      viewListeners.tell(viewTold)
    }
    settle()
  }

  /** Also called outside frames, by whoever needs the canvas's pixels now. */
  function draw(): void {
    const renderer = gpu.renderer()
    if (!renderer || canvas.width === 0 || canvas.height === 0) return
    const scene = director.shown()
    const under = hover.current()
    renderer.draw(scene?.textures ? {
      grid: scene.grid, textures: scene.textures, view: view.get(), layers,
      highlight: options.highlightMask === false ? 0 : (under?.mask ?? 0),
      cursor: view.get().kind === 'flat' && scaleOf(view.get()) >= FRAME_FROM_SCALE ? under : null,
      outlinePx: Math.max(1, Math.round(devicePixelRatio)),
    } : null)
    dirty = false
    director.drawn()
  }

  function settle(): void {
    // a lost context comes back; an unsupported or hidden canvas will never be drawn
    const undrawn = dirty && state.get().gpu === 'ready' && canvas.width > 0 && canvas.height > 0
    if (waiting.length === 0 || undrawn || director.busy() || state.get().gpu === 'lost') return
    const done = waiting
    waiting = []
    for (const resolve of done) resolve(state.get())
  }

  const endSize = watchCanvasSize(canvas, (size) => {
    if (size.width === canvas.width && size.height === canvas.height) return
    canvas.width = size.width
    canvas.height = size.height
    const scene = director.shown()
    if (scene && size.width > 0 && size.height > 0) view.setViewport({ grid: scene.grid, canvas: size }, { keep: true })
    // a resized canvas is blank: fill it before the page is painted
    draw()
    redraw()
  })
  const endInput = listenToInput(canvas, options.keyTarget === undefined ? window : options.keyTarget, {
    onDrag: view.pan,
    onZoom: view.zoom,
    onDoubleClick: view.reset,
    onPointer(at) {
      hover.pointer(at)
      askFrame()
    },
    onToggleSphere: () => view.setKind(view.get().kind === 'flat' ? 'sphere' : 'flat'),
  })
  const endSettling = state.listen(askFrame)

  return {
    setPanorama: director.setPanorama,
    setArtifacts: director.setArtifacts,
    setFusion: director.setFusion,
    setLayer(layer, style) {
      layers[layer] = { ...layers[layer], ...style }
      redraw()
    },
    layers: () => ({ ...layers }),
    setClassVisible(trainId, visible) {
      if (visible) hidden.delete(trainId)
      else hidden.add(trainId)
      sendPalette(gpu.renderer(), PALETTE_ROWS.classes)
      redraw()
    },
    setView: view.set,
    setViewKind: view.setKind,
    resetView: view.reset,
    view: view.get,
    state: state.get,
    onHover: hover.listen,
    onView: viewListeners.add,
    onState: state.listen,
    snapshot() {
      // in the same task as the drawing: the buffer is not kept longer
      draw()
      return new Promise((resolve, reject) => {
        canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture could not be made: the canvas is empty.'))), 'image/png')
      })
    },
    async readLayer(layer) {
      const scene = director.shown()
      if (!scene) return null
      if (layer === 'image') {
        if (!scene.textures?.image()) return null
        return { width: scene.grid.width, height: scene.grid.height, data: scene.textures.readImage() }
      }
      const raster = scene.rasters.get(layer)
      return raster ? { width: raster.width, height: raster.height, data: raster.data.slice() } : null
    },
    renderToPixels() {
      draw()
      return gpu.renderer()?.readPixels() ?? { width: 0, height: 0, data: new Uint8Array() }
    },
    prefetch: (source, artifacts) => director.prefetch(source, artifacts ?? null),
    settled() {
      askFrame()
      return new Promise((resolve) => waiting.push(resolve))
    },
    destroy() {
      cancelAnimationFrame(frameAsked)
      endSize()
      endInput()
      endSettling()
      director.destroy()
      gpu.destroy()
    },
  }
}

/** The pixel under the cursor is framed from this scale on. */
const FRAME_FROM_SCALE = 6

function scaleOf(view: View): number {
  return view.kind === 'flat' ? view.scale : 0
}

function mergeStyles(styles: ViewerOptions['layers']): Record<LayerName, LayerStyle> {
  const merged = { ...DEFAULT_LAYERS }
  for (const layer of LAYERS) merged[layer] = { ...merged[layer], ...styles?.[layer] }
  return merged
}
