import type { Equirectangular } from '../../../../core/geometry/equirectangular.ts'
import type { FusionConfig } from '../../../../core/goodsam/config.ts'
import type { PixelExplanation } from '../../../../core/goodsam/explain.ts'
import type { IndexLayer, IndexRaster } from '../gl/scene-textures.ts'
import type { ArtifactUrls } from '../types.ts'

/** The three maps of a fused panorama that the viewer shows, each one byte per pixel. */
export interface FusedMaps {
  readonly label: Uint8Array<ArrayBuffer>
  readonly confidence: Uint8Array<ArrayBuffer>
  readonly provenance: Uint8Array<ArrayBuffer>
}

/**
 * What the page asks the fusion worker for. A scene is one showing of one panorama; opening another abandons the one
 * before. `fuse` and `explain` are answered once each, whatever happens.
 */
export type FusionRequest =
  /** URLs are absolute */
  | { readonly type: 'open'; readonly scene: number; readonly artifacts: ArtifactUrls; readonly width: number; readonly height: number; readonly projection: Equirectangular }
  | { readonly type: 'close' }
  | {
    readonly type: 'fuse'
    readonly scene: number
    readonly seq: number
    readonly fusion: FusionConfig
    /** maps the page is done with, to be written again */
    readonly recycled: FusedMaps | null
  }
  | { readonly type: 'explain'; readonly scene: number; readonly seq: number; readonly fusion: FusionConfig; readonly x: number; readonly y: number }
  | { readonly type: 'prefetch'; readonly urls: readonly string[] }

export type FusionAnswer =
  /** layers as they become available */
  | { readonly type: 'layers'; readonly scene: number; readonly layers: Partial<Record<IndexLayer, IndexRaster>> }
  /** everything is loaded; prepareMs null: without TA semantics there is no live fusion */
  | { readonly type: 'opened'; readonly scene: number; readonly prepareMs: number | null }
  | { readonly type: 'open-failed'; readonly scene: number; readonly message: string }
  | { readonly type: 'fused'; readonly scene: number; readonly seq: number; readonly maps: FusedMaps; readonly ms: number }
  | { readonly type: 'fuse-failed'; readonly scene: number; readonly seq: number; readonly message: string }
  /** null: it cannot be explained */
  | { readonly type: 'explained'; readonly scene: number; readonly seq: number; readonly explanation: PixelExplanation | null }
