import type { Projection } from '../../../contract/schemas.ts'
import type { FusionConfig, Provenance } from '../../../core/goodsam/config.ts'
import type { PixelExplanation } from '../../../core/goodsam/explain.ts'
import type { LabelSet } from '../../../core/labels/label-set.ts'
import type { RasterData } from '../../../core/raster/raster.ts'

/** What the viewer shows and tells. Plain data: nothing here holds a texture, a DOM node or a promise. */

/** Drawn in this order, later ones over earlier ones. */
export const LAYERS = ['image', 'semantics', 'label', 'confidence', 'provenance', 'masks', 'boundary'] as const
export type LayerName = (typeof LAYERS)[number]

export interface LayerStyle {
  readonly visible: boolean
  /** 0..1 */
  readonly opacity: number
}

/** `width` and `height` are the panorama's pixels; labels, masks and image lie on the same grid. */
export interface PanoramaSource {
  /** upright 8-bit RGB in any format the browser decodes; relative URLs are taken from the document */
  readonly imageUrl: string
  readonly width: number
  readonly height: number
  readonly projection: Omit<Projection, 'source'>
  readonly labelSet: LabelSet
}

/** Stage artifacts of the panorama last given to setPanorama (core/formats/bundles.ts); null where there is none. */
export interface ArtifactUrls {
  /** SAM masks per window: needed for the mask layer and for live fusion (without them fusion is TA only) */
  readonly masks: string | null
  /** TA semantics: needed for the semantics layer, live fusion and explanations */
  readonly semantics: string | null
  readonly boundary: string | null
  /** the run's stored fused result, shown until setFusion asks for something else */
  readonly fusion: string | null
  /** the parameters `fusion` was made with; without them the stored result cannot be explained */
  readonly runFusion: FusionConfig | null
}

/**
 * Flat view. Panorama pixels are continuous: pixel i covers i .. i + 1, so the panorama's centre is (width / 2, height / 2).
 * `scale` is device pixels per panorama pixel; 1 shows every pixel exactly once, whatever the devicePixelRatio.
 */
export interface FlatView {
  readonly kind: 'flat'
  readonly centerX: number
  readonly centerY: number
  readonly scale: number
}

/** Perspective view. Yaw 0 is the panorama's middle column, right is positive; pitch 0 is the horizon, up is positive. */
export interface SphereView {
  readonly kind: 'sphere'
  /** -180 .. 180 */
  readonly yawDeg: number
  /** -90 .. 90 */
  readonly pitchDeg: number
  /** vertical field of view */
  readonly fovDeg: number
}

export type View = FlatView | SphereView

/** What lies under the cursor. Numbers that no loaded layer can give are null. */
export interface HoverInfo {
  /** panorama pixel */
  readonly x: number
  readonly y: number
  readonly yawDeg: number
  readonly pitchDeg: number
  /** fused label (trainId, 255 = ignore) of what is shown now, the same for the following four */
  readonly label: number | null
  /** 0..255 */
  readonly confidence: number | null
  readonly provenance: Provenance | null
  /** the TA's stitched class */
  readonly semantics: number | null
  /** 1 + index (masks of all windows in order) of the mask that the mask layer shows; 0 where none */
  readonly mask: number | null
  /** why, under the fusion shown; follows a few milliseconds after the rest (a second call for the same pixel) */
  readonly explanation: PixelExplanation | null
}

/** empty: nothing asked for; ready: on the screen */
export type Stage = 'empty' | 'loading' | 'ready' | 'failed'

export interface ViewerState {
  readonly image: Stage
  /** 0..1 while the image loads (fetch, then decode and upload); 1 otherwise */
  readonly imageProgress: number
  /** the stored artifacts' layers */
  readonly artifacts: Stage
  /** live fusion: `loading` while a computation is under way, `ready` when the shown map is of the last setFusion */
  readonly fusion: Stage
  /** the view in flat and sphere is drawn by the GPU; `lost` while its context is gone (it comes back by itself) */
  readonly gpu: 'ready' | 'lost' | 'unsupported'
  /** what failed and what to do; null while nothing did */
  readonly error: string | null
  readonly timings: ViewerTimings
}

/** Milliseconds of the last time each was done; null before that. */
export interface ViewerTimings {
  readonly imageMs: number | null
  /** fetching and decoding masks and semantics, and everything in fusion that does not depend on theta */
  readonly prepareMs: number | null
  /** the fusion itself, in the worker */
  readonly fuseMs: number | null
  /** textures of the fused layers */
  readonly uploadMs: number | null
  /** from setFusion to the frame that shows it */
  readonly fusionLatencyMs: number | null
}

export interface ViewerOptions {
  /** textures are never made larger than this (device's own limit when left out); tests lower it to force tiles */
  readonly maxTextureSize?: number
  /** decoded images kept for quick switching, bytes (default 256 MiB) */
  readonly imageCacheBytes?: number
  /** shortcut S (sphere / flat) and Space listen here (default: window); null: the page has its own, and calls setViewKind */
  readonly keyTarget?: EventTarget | null
  /** outline the mask under the cursor (default true) */
  readonly highlightMask?: boolean
  /** its text is kept at the pixel under the cursor, so that the readout costs no rendering of the page */
  readonly readout?: HTMLElement
  /** initial styles, merged over the defaults: image and label visible, label at 0.6 */
  readonly layers?: Partial<Record<LayerName, Partial<LayerStyle>>>
}

export interface LayerRaster {
  readonly width: number
  readonly height: number
  /** image: RGBA interleaved; masks: 1 + mask index; others: one byte per pixel */
  readonly data: RasterData
}

/**
 * The viewer on one canvas. No call blocks; none throws for bad data (see onState); all may be called at any time,
 * before anything is loaded too. Listeners are called at most once per frame; each `on...` returns its own end.
 */
export interface PanoramaViewer {
  /** Shows another panorama; the last picture stays until the new one is there. Forgets artifacts and fusion. null: empties. */
  setPanorama(source: PanoramaSource | null): void
  /** Layers of the panorama last set. null: image only. */
  setArtifacts(artifacts: ArtifactUrls | null): void
  setLayer(layer: LayerName, style: Partial<LayerStyle>): void
  layers(): Readonly<Record<LayerName, LayerStyle>>
  /** Affects semantics and label; uploads one row of the palette, no map. */
  setClassVisible(trainId: number, visible: boolean): void
  /** Live fusion with these parameters (dragging calls it as often as it likes, the last one wins); null: the stored result. */
  setFusion(fusion: FusionConfig | null): void
  setView(view: Partial<FlatView> | Partial<SphereView>): void
  /** Keeps what is in the middle in the middle. */
  setViewKind(kind: View['kind']): void
  /** The whole panorama. */
  resetView(): void
  view(): View
  state(): ViewerState
  /** null: the cursor left the panorama */
  onHover(listener: (hover: HoverInfo | null) => void): () => void
  onView(listener: (view: View) => void): () => void
  /** called at once with the present state */
  onState(listener: (state: ViewerState) => void): () => void
  /** The canvas as it is now, PNG. */
  snapshot(): Promise<Blob>
  /** Exact values of a layer on the panorama's grid (not a picture of it); null where it is not loaded. */
  readLayer(layer: LayerName): Promise<LayerRaster | null>
  /** RGBA of the canvas, top row first. */
  renderToPixels(): { readonly width: number; readonly height: number; readonly data: Uint8Array }
  /** Loads a neighbour's image and artifacts into the memory cache, at low priority. */
  prefetch(source: PanoramaSource, artifacts?: ArtifactUrls | null): void
  /** Resolves when nothing is being loaded or computed and the frame is drawn. */
  settled(): Promise<ViewerState>
  /** gives the GPU context back: the canvas cannot be drawn on again */
  destroy(): void
}
