import type { Raster } from '../../../../core/raster/raster.ts'
import { imageLevels, layoutTiles, tileRects } from '../tiling.ts'
import type { TileLayout } from '../tiling.ts'
import type { LayerName } from '../types.ts'

export type IndexLayer = Exclude<LayerName, 'image'>
/** masks: 1 + mask index; others: one byte per pixel */
export type IndexRaster = Raster<Uint8Array> | Raster<Uint32Array>

/** The textures of one panorama: its image and its index layers, all as layers of texture arrays. */
export interface SceneTextures {
  readonly imageTiles: TileLayout
  readonly indexTiles: TileLayout
  image(): WebGLTexture | null
  index(layer: IndexLayer): WebGLTexture | null
  /** one bitmap per tile of `imageTiles`, each as large as a tile; `pause` lets the page breathe between tiles, and may throw to stop */
  uploadImage(tiles: readonly ImageBitmap[], pause: () => Promise<void>): Promise<void>
  /** null drops the layer's texture */
  uploadIndex(layer: IndexLayer, raster: IndexRaster | null): void
  /** RGBA of the whole panorama, read back */
  readImage(): Uint8Array
  dispose(): void
}

/** How the image of a panorama is cut for textures of at most `maxSize`. */
export function imageLayout(width: number, height: number, maxSize: number): TileLayout {
  return layoutTiles(width, height, { maxSize, levels: imageLevels(width) })
}

export function createSceneTextures(
  gl: WebGL2RenderingContext, size: { width: number; height: number }, maxSize: number,
): SceneTextures {
  const imageTiles = imageLayout(size.width, size.height, maxSize)
  const indexTiles = layoutTiles(size.width, size.height, { maxSize, levels: 1 })
  let image: WebGLTexture | null = null
  const indices = new Map<IndexLayer, { texture: WebGLTexture; format: GLenum }>()

  const dropIndex = (layer: IndexLayer): void => {
    const entry = indices.get(layer)
    if (entry) gl.deleteTexture(entry.texture)
    indices.delete(layer)
  }
  const indexTexture = (layer: IndexLayer, format: GLenum): WebGLTexture => {
    const known = indices.get(layer)
    if (known?.format === format) return known.texture
    dropIndex(layer)
    const texture = allocateArray(gl, indexTiles, format)
    indices.set(layer, { texture, format })
    return texture
  }

  return {
    imageTiles,
    indexTiles,
    image: () => image,
    index: (layer) => indices.get(layer)?.texture ?? null,
    async uploadImage(tiles, pause) {
      if (image) gl.deleteTexture(image)
      image = null
      const texture = allocateArray(gl, imageTiles, gl.RGBA8)
      for (const [layer, tile] of tiles.entries()) {
        if (layer > 0) {
          await pause().catch((reason: unknown) => {
            gl.deleteTexture(texture)
            throw reason
          })
        }
        if (tile.width !== imageTiles.tileWidth || tile.height !== imageTiles.tileHeight) {
          throw new RangeError(`Tile ${layer} is ${tile.width} x ${tile.height}, not ${imageTiles.tileWidth} x ${imageTiles.tileHeight}.`)
        }
        gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture)
        // bytes as they are in the file: no colour management, no alpha
        gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE)
        gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false)
        gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, layer, tile.width, tile.height, 1, gl.RGBA, gl.UNSIGNED_BYTE, tile)
      }
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture)
      if (imageTiles.levels > 1) gl.generateMipmap(gl.TEXTURE_2D_ARRAY)
      if (gl.getError() === gl.OUT_OF_MEMORY) {
        gl.deleteTexture(texture)
        throw new Error(`The graphics card has no memory left for a panorama of ${size.width} x ${size.height} px. Close other windows, or import it smaller.`)
      }
      image = texture
    },
    uploadIndex(layer, raster) {
      if (!raster) return dropIndex(layer)
      if (raster.width !== size.width || raster.height !== size.height) {
        throw new RangeError(`Layer ${layer} is ${raster.width} x ${raster.height}, the panorama ${size.width} x ${size.height}.`)
      }
      const wide = raster.data instanceof Uint32Array
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, indexTexture(layer, wide ? gl.R32UI : gl.R8UI))
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
      gl.pixelStorei(gl.UNPACK_ROW_LENGTH, size.width)
      for (const rect of tileRects(indexTiles)) {
        // an offset, because UNPACK_SKIP_ROWS would have to stay within the height of one layer
        gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, rect.layer, rect.width, rect.height, 1,
          gl.RED_INTEGER, wide ? gl.UNSIGNED_INT : gl.UNSIGNED_BYTE, raster.data, rect.y * size.width + rect.x)
      }
      // it would also apply to what is read from a bitmap
      gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0)
    },
    readImage: () => readArray(gl, imageTiles, image),
    dispose() {
      if (image) gl.deleteTexture(image)
      image = null
      for (const layer of indices.keys()) dropIndex(layer)
    },
  }
}

function allocateArray(gl: WebGL2RenderingContext, layout: TileLayout, format: GLenum): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture)
  // the shader fetches texels, filters itself and needs no sampler; NEAREST makes integer textures complete
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, layout.levels > 1 ? gl.NEAREST_MIPMAP_NEAREST : gl.NEAREST)
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
  gl.texStorage3D(gl.TEXTURE_2D_ARRAY, layout.levels, format, layout.tileWidth, layout.tileHeight, layout.columns * layout.rows)
  return texture
}

function readArray(gl: WebGL2RenderingContext, layout: TileLayout, texture: WebGLTexture | null): Uint8Array {
  const whole = new Uint8Array(layout.width * layout.height * 4)
  const framebuffer = gl.createFramebuffer()
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, framebuffer)
  gl.pixelStorei(gl.PACK_ROW_LENGTH, layout.width)
  for (const rect of tileRects(layout)) {
    gl.framebufferTextureLayer(gl.READ_FRAMEBUFFER, gl.COLOR_ATTACHMENT0, texture, 0, rect.layer)
    gl.pixelStorei(gl.PACK_SKIP_PIXELS, rect.x)
    gl.pixelStorei(gl.PACK_SKIP_ROWS, rect.y)
    gl.readPixels(0, 0, rect.width, rect.height, gl.RGBA, gl.UNSIGNED_BYTE, whole)
  }
  gl.pixelStorei(gl.PACK_ROW_LENGTH, 0)
  gl.pixelStorei(gl.PACK_SKIP_PIXELS, 0)
  gl.pixelStorei(gl.PACK_SKIP_ROWS, 0)
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null)
  gl.deleteFramebuffer(framebuffer)
  return whole
}
