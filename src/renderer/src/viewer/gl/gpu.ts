import { createRenderer } from './renderer.ts'
import type { Renderer } from './renderer.ts'

/** The canvas's GPU context, which a driver may take away and give back at any time. */
export interface Gpu {
  /** null while the context is lost, and where there is none */
  renderer(): Renderer | null
  /** why this browser cannot draw; null where it can */
  unsupported(): string | null
  destroy(): void
}

export interface GpuEvents {
  onLost(): void
  /** everything has to be uploaded again */
  onRestored(renderer: Renderer): void
}

export function createGpu(canvas: HTMLCanvasElement, maxTextureSize: number, events: GpuEvents): Gpu {
  const controller = new AbortController()
  const { signal } = controller
  const gl = canvas.getContext('webgl2', {
    alpha: false, antialias: false, depth: false, stencil: false, preserveDrawingBuffer: false,
  })
  let renderer: Renderer | null = null
  let unsupported: string | null = null

  const build = (): void => {
    if (!gl) {
      unsupported = 'This browser offers no WebGL 2. Turn on hardware acceleration, or update the browser or the graphics driver.'
      return
    }
    if (gl.isContextLost()) return
    try {
      renderer = createRenderer(gl, maxTextureSize)
    } catch (error) {
      unsupported = error instanceof Error ? error.message : String(error)
    }
  }
  build()
  canvas.addEventListener('webglcontextlost', (event) => {
    if (unsupported) return
    // without this it would stay lost
    event.preventDefault()
    renderer = null
    events.onLost()
  }, { signal })
  canvas.addEventListener('webglcontextrestored', () => {
    if (!unsupported) build()
    if (renderer) events.onRestored(renderer)
  }, { signal })
  return {
    renderer: () => renderer,
    unsupported: () => unsupported,
    destroy() {
      controller.abort()
      renderer?.dispose()
      renderer = null
      // browsers keep few contexts: a canvas that waits to be collected must not hold one
      gl?.getExtension('WEBGL_lose_context')?.loseContext()
    },
  }
}
