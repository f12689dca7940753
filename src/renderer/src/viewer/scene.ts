import type { FusedMaps } from './fusion/fusion-messages.ts'
import type { IndexLayer, IndexRaster, SceneTextures } from './gl/scene-textures.ts'
import type { Renderer } from './gl/renderer.ts'
import type { PanoramaGrid } from './panorama-grid.ts'
import type { PanoramaSource } from './types.ts'

/** One showing of one panorama: its layers' values, and their textures while there is a GPU context. */
export interface Scene {
  readonly id: number
  readonly source: PanoramaSource
  readonly grid: PanoramaGrid
  /** values as shown */
  readonly rasters: ReadonlyMap<IndexLayer, IndexRaster>
  readonly textures: SceneTextures | null
  /** layers as the artifacts hold them */
  store(layers: Partial<Record<IndexLayer, IndexRaster>>): void
  /** Shows live maps, or (null) the stored ones again. Returns live maps that are no longer needed. */
  showFused(live: FusedMaps | null): FusedMaps | null
  clearLayers(): void
  /** makes textures on a new context and uploads the layers; the image has to be uploaded anew */
  attach(renderer: Renderer): void
  /** the context is gone, and all its textures with it */
  detach(): void
  dispose(): void
}

const FUSED_LAYERS = ['label', 'confidence', 'provenance'] as const

export function createScene(id: number, source: PanoramaSource, renderer: Renderer | null): Scene {
  const { width, height } = source
  const { hfovDeg, vfovDeg, horizonOffsetPx, cyclic } = source.projection
  const rasters = new Map<IndexLayer, IndexRaster>()
  const stored = new Map<IndexLayer, IndexRaster>()
  let live: FusedMaps | null = null
  let textures = renderer?.createTextures(source) ?? null

  const put = (layer: IndexLayer, raster: IndexRaster | null): void => {
    if (raster) rasters.set(layer, raster)
    else rasters.delete(layer)
    textures?.uploadIndex(layer, raster)
  }
  return {
    id,
    source,
    grid: { width, height, hfovDeg, vfovDeg, horizonOffsetPx, cyclic },
    rasters,
    get textures() {
      return textures
    },
    store(layers) {
      for (const [name, raster] of Object.entries(layers) as [IndexLayer, IndexRaster][]) {
        stored.set(name, raster)
        const covered = live !== null && (FUSED_LAYERS as readonly IndexLayer[]).includes(name)
        if (!covered) put(name, raster)
      }
    },
    showFused(maps) {
      const before = live
      live = maps
      if (maps === null && before === null) return null
      for (const layer of FUSED_LAYERS) {
        put(layer, maps ? { width, height, data: maps[layer] } : (stored.get(layer) ?? null))
      }
      return before
    },
    clearLayers() {
      live = null
      stored.clear()
      for (const layer of rasters.keys()) put(layer, null)
    },
    attach(fresh) {
      textures = fresh.createTextures(source)
      for (const [layer, raster] of rasters) textures.uploadIndex(layer, raster)
    },
    detach() {
      textures = null
    },
    dispose() {
      textures?.dispose()
      textures = null
    },
  }
}
