import type { PanoramaViewer, ViewerOptions } from './types.ts'

/** Makes a viewer that draws on `canvas` until `destroy()`. */
export function createPanoramaViewer(canvas: HTMLCanvasElement, options: ViewerOptions = {}): PanoramaViewer {
  throw new Error(`the panorama viewer is not there yet (${canvas.width}, ${options.maxTextureSize})`)
}
