import { createPanoramaViewer } from '../../../src/renderer/src/viewer/panorama-viewer.ts'
import type { HoverInfo, LayerName, PanoramaViewer, ViewerOptions, ViewerState } from '../../../src/renderer/src/viewer/types.ts'

/** Options that can be sent to a page. */
export type HarnessOptions = Pick<ViewerOptions, 'maxTextureSize' | 'imageCacheBytes' | 'highlightMask' | 'layers'> & {
  /** the viewer keeps its readout in the page's paragraph */
  readonly withReadout?: boolean
}

/** What the specs call through page.evaluate: the viewer itself, and pixels in a form that travels. */
export interface Harness {
  viewer: PanoramaViewer
  /** every hover told, oldest first */
  readonly hovers: (HoverInfo | null)[]
  readonly states: ViewerState[]
  /** draw calls since the page was opened */
  draws(): number
  make(options?: HarnessOptions): void
  resize(widthPx: number, heightPx: number): Promise<void>
  pixels(): Promise<Travelling>
  snapshot(): Promise<Travelling>
  layer(name: LayerName): Promise<(Travelling & { bytesPerValue: number }) | null>
  loseContext(): Promise<void>
  restoreContext(): Promise<void>
}

/** bytes as base64 */
export interface Travelling {
  readonly width: number
  readonly height: number
  readonly base64: string
}

declare global {
  interface Window {
    harness: Harness
  }
}

const canvas = document.querySelector('canvas')!
let drawCalls = 0
let loseExtension: WEBGL_lose_context | null = null

const drawArrays = WebGL2RenderingContext.prototype.drawArrays
WebGL2RenderingContext.prototype.drawArrays = function counted(...args) {
  drawCalls++
  return drawArrays.apply(this, args)
}

async function base64(bytes: Uint8Array): Promise<string> {
  const url = await new Promise<string>((resolve) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => resolve(reader.result as string))
    reader.readAsDataURL(new Blob([bytes as Uint8Array<ArrayBuffer>]))
  })
  return url.slice(url.indexOf(',') + 1)
}

const frames = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise(requestAnimationFrame)
}

window.harness = {
  viewer: null as unknown as PanoramaViewer,
  hovers: [],
  states: [],
  draws: () => drawCalls,
  make(options = {}) {
    this.viewer?.destroy()
    this.hovers.length = 0
    this.states.length = 0
    const readout = options.withReadout ? { readout: document.querySelector<HTMLElement>('#readout')! } : {}
    this.viewer = createPanoramaViewer(canvas, { ...options, ...readout })
    this.viewer.onHover((hover) => this.hovers.push(hover))
    this.viewer.onState((state) => this.states.push(state))
  },
  async resize(widthPx, heightPx) {
    canvas.style.width = `${widthPx}px`
    canvas.style.height = `${heightPx}px`
    await frames(2)
  },
  async pixels() {
    const { width, height, data } = this.viewer.renderToPixels()
    return { width, height, base64: await base64(data) }
  },
  async snapshot() {
    const blob = await this.viewer.snapshot()
    return { width: canvas.width, height: canvas.height, base64: await base64(new Uint8Array(await blob.arrayBuffer())) }
  },
  async layer(name) {
    const raster = await this.viewer.readLayer(name)
    if (!raster) return null
    const { width, height, data } = raster
    return { width, height, bytesPerValue: data.BYTES_PER_ELEMENT, base64: await base64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) }
  },
  async loseContext() {
    // fetched before the loss: a lost context gives no extensions
    loseExtension = canvas.getContext('webgl2')!.getExtension('WEBGL_lose_context')!
    loseExtension.loseContext()
    await frames(2)
  },
  async restoreContext() {
    loseExtension?.restoreContext()
    await frames(2)
  },
}
