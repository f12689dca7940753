import { wrap } from '../panorama-grid.ts'
import type { PanoramaGrid } from '../panorama-grid.ts'
import { PALETTE_HEIGHT, PALETTE_WIDTH } from '../palette.ts'
import { PANORAMA_FRAGMENT_SHADER } from '../shaders/panorama.frag.ts'
import { PANORAMA_VERTEX_SHADER } from '../shaders/panorama.vert.ts'
import { cameraAxes, flatOrigin, focalLengthPx } from '../view-transform.ts'
import type { TileLayout } from '../tiling.ts'
import { LAYERS } from '../types.ts'
import type { LayerName, LayerStyle, View } from '../types.ts'
import { linkProgram } from './program.ts'
import type { Program } from './program.ts'
import { createSceneTextures } from './scene-textures.ts'
import type { IndexLayer, SceneTextures } from './scene-textures.ts'

/** One picture: everything the shader is told. */
export interface Frame {
  readonly grid: PanoramaGrid
  readonly textures: SceneTextures
  readonly view: View
  readonly layers: Readonly<Record<LayerName, LayerStyle>>
  /** mask to outline, 0: none */
  readonly highlight: number
  /** panorama pixel under the cursor */
  readonly cursor: { readonly x: number; readonly y: number } | null
  /** width of outlines, device px */
  readonly outlinePx: number
}

export interface Renderer {
  /** textures are at most this large */
  readonly maxTextureSize: number
  createTextures(size: { width: number; height: number }): SceneTextures
  /** all rows, or only one row of the palette */
  setPalette(bytes: Uint8Array, row?: number): void
  /** null: nothing to show, background only */
  draw(frame: Frame | null): void
  /** RGBA of the canvas as last drawn in this task, top row first */
  readPixels(): { width: number; height: number; data: Uint8Array }
  dispose(): void
}

/** What lies outside the panorama, 0..255 each. */
export const BACKGROUND = [18, 19, 22] as const
/** Larger textures gain nothing and are refused by some drivers that claim to have them. */
const LARGEST_TILE = 8192
const UNIT = { image: 0, palette: 1, firstIndex: 2 } as const
const INDEX_LAYERS: readonly IndexLayer[] = ['semantics', 'label', 'confidence', 'provenance', 'masks', 'boundary']

/** Builds program, palette and stand-ins on a fresh context. Throws Error where the shader does not compile. */
export function createRenderer(gl: WebGL2RenderingContext, maxTextureSize: number): Renderer {
  const program = linkProgram(gl, PANORAMA_VERTEX_SHADER, PANORAMA_FRAGMENT_SHADER)
  const vertexArray = gl.createVertexArray()
  const paletteTexture = createPaletteTexture(gl)
  // every sampler must see a texture of its own kind, loaded or not
  const standIn = createSceneTextures(gl, { width: 1, height: 1 }, 1)
  for (const layer of INDEX_LAYERS) standIn.uploadIndex(layer, { width: 1, height: 1, data: new Uint8Array(1) })
  const imageStandIn = createImageStandIn(gl)
  gl.disable(gl.DITHER)
  gl.disable(gl.BLEND)
  gl.useProgram(program.handle)
  gl.uniform1i(program.uniform('uImage'), UNIT.image)
  gl.uniform1i(program.uniform('uPalette'), UNIT.palette)
  for (const [at, layer] of INDEX_LAYERS.entries()) {
    gl.uniform1i(program.uniform(samplerName(layer)), UNIT.firstIndex + at)
  }
  const limit = Math.max(Math.min(maxTextureSize, gl.getParameter(gl.MAX_TEXTURE_SIZE) as number, LARGEST_TILE), 1)

  return {
    maxTextureSize: limit,
    createTextures: (size) => createSceneTextures(gl, size, limit),
    setPalette(bytes, row) {
      gl.activeTexture(gl.TEXTURE0 + UNIT.palette)
      gl.bindTexture(gl.TEXTURE_2D, paletteTexture)
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row ?? 0, PALETTE_WIDTH, row === undefined ? PALETTE_HEIGHT : 1,
        gl.RGBA, gl.UNSIGNED_BYTE, bytes, (row ?? 0) * PALETTE_WIDTH * 4)
    },
    draw(frame) {
      gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight)
      if (!frame) {
        gl.clearColor(BACKGROUND[0] / 255, BACKGROUND[1] / 255, BACKGROUND[2] / 255, 1)
        gl.clear(gl.COLOR_BUFFER_BIT)
        return
      }
      gl.useProgram(program.handle)
      gl.bindVertexArray(vertexArray)
      bindTexture(gl, UNIT.image, gl.TEXTURE_2D_ARRAY, frame.textures.image() ?? imageStandIn)
      bindTexture(gl, UNIT.palette, gl.TEXTURE_2D, paletteTexture)
      for (const [at, layer] of INDEX_LAYERS.entries()) {
        bindTexture(gl, UNIT.firstIndex + at, gl.TEXTURE_2D_ARRAY, frame.textures.index(layer) ?? standIn.index(layer))
      }
      setFrameUniforms(gl, program, frame)
      setViewUniforms(gl, program, frame)
      gl.drawArrays(gl.TRIANGLES, 0, 3)
      gl.activeTexture(gl.TEXTURE0)
    },
    readPixels() {
      const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight]
      const upsideDown = new Uint8Array(width * height * 4)
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upsideDown)
      const data = new Uint8Array(upsideDown.length)
      const row = width * 4
      for (let y = 0; y < height; y++) data.set(upsideDown.subarray(y * row, (y + 1) * row), (height - 1 - y) * row)
      return { width, height, data }
    },
    dispose() {
      standIn.dispose()
      gl.deleteTexture(imageStandIn)
      gl.deleteTexture(paletteTexture)
      gl.deleteVertexArray(vertexArray)
      gl.deleteProgram(program.handle)
    },
  }
}

function samplerName(layer: IndexLayer): string {
  return `u${layer[0].toUpperCase()}${layer.slice(1)}`
}

function createPaletteTexture(gl: WebGL2RenderingContext): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, PALETTE_WIDTH, PALETTE_HEIGHT)
  return texture
}

function createImageStandIn(gl: WebGL2RenderingContext): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture)
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
  gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.RGBA8, 1, 1, 1)
  return texture
}

function bindTexture(gl: WebGL2RenderingContext, unit: number, target: GLenum, texture: WebGLTexture | null): void {
  gl.activeTexture(gl.TEXTURE0 + unit)
  gl.bindTexture(target, texture)
}

function setFrameUniforms(gl: WebGL2RenderingContext, program: Program, frame: Frame): void {
  const { textures, layers, grid } = frame
  const loaded = (layer: LayerName): boolean => (layer === 'image' ? textures.image() : textures.index(layer)) !== null
  const opacities = LAYERS.map((layer) => (layers[layer].visible && loaded(layer) ? layers[layer].opacity : 0))
  gl.uniform1fv(program.uniform('uOpacity'), opacities)
  gl.uniform3f(program.uniform('uBackground'), BACKGROUND[0] / 255, BACKGROUND[1] / 255, BACKGROUND[2] / 255)
  gl.uniform2i(program.uniform('uSize'), grid.width, grid.height)
  gl.uniform1i(program.uniform('uCyclic'), grid.cyclic ? 1 : 0)
  const { imageTiles, indexTiles } = textures
  setTiles(gl, program.uniform('uImageTiles'), imageTiles)
  gl.uniform1i(program.uniform('uImageLevels'), imageTiles.levels)
  setTiles(gl, program.uniform('uIndexTiles'), indexTiles)
  gl.uniform1ui(program.uniform('uHighlight'), loaded('masks') ? frame.highlight : 0)
  gl.uniform2i(program.uniform('uCursor'), frame.cursor?.x ?? -1, frame.cursor?.y ?? -1)
  gl.uniform1f(program.uniform('uOutlinePx'), frame.outlinePx)
}

/** 0 columns: one tile holds all, and no texel needs a division to be found. */
function setTiles(gl: WebGL2RenderingContext, location: WebGLUniformLocation | null, tiles: TileLayout): void {
  gl.uniform3i(location, tiles.columns * tiles.rows === 1 ? 0 : tiles.columns, tiles.tileWidth, tiles.tileHeight)
}

function setViewUniforms(gl: WebGL2RenderingContext, program: Program, { view, grid }: Frame): void {
  const canvas = { width: gl.drawingBufferWidth, height: gl.drawingBufferHeight }
  gl.uniform2f(program.uniform('uCanvas'), canvas.width, canvas.height)
  gl.uniform1i(program.uniform('uSphere'), view.kind === 'sphere' ? 1 : 0)
  if (view.kind === 'flat') {
    const origin = flatOrigin(view, canvas)
    // near 0, where single precision is finest
    gl.uniform2f(program.uniform('uOrigin'), grid.cyclic ? wrap(origin.x, grid.width) : origin.x, origin.y)
    gl.uniform1f(program.uniform('uScale'), view.scale)
    return
  }
  const { right, up, forward } = cameraAxes(view)
  gl.uniform3f(program.uniform('uRight'), right[0], right[1], right[2])
  gl.uniform3f(program.uniform('uUp'), up[0], up[1], up[2])
  gl.uniform3f(program.uniform('uForward'), forward[0], forward[1], forward[2])
  gl.uniform1f(program.uniform('uFocal'), focalLengthPx(view, canvas))
  const degrees = 180 / Math.PI
  gl.uniform2f(program.uniform('uPxPerRad'), (grid.width / grid.hfovDeg) * degrees, (grid.height / grid.vfovDeg) * degrees)
  gl.uniform1f(program.uniform('uHorizon'), grid.height / 2 + grid.horizonOffsetPx)
}
