import type { EmbeddingTensor } from '../../core/formats/bundles.ts'
import type { FusionConfig, GoodsamConfig, SamSettings } from '../../core/goodsam/config.ts'
import type { FusionSummary } from '../../core/goodsam/fusion-summary.ts'
import type { DecodedBatch, MaskCandidates, WindowMasks } from '../../core/goodsam/sam-masks.ts'
import type { WindowProbabilities } from '../../core/goodsam/ta-semantics.ts'
import type { MaskFunnel, PanoramaFrame, PanoramaMasks, PanoramaSemantics, PanoramaWindow, WindowSemantics } from '../../core/goodsam/types.ts'
import type { Equirectangular } from '../../core/geometry/equirectangular.ts'
import type { TangentView } from '../../core/geometry/tangent-view.ts'
import type { PixelRect } from '../../core/raster/crop.ts'
import type { ClassPlanes, Raster, RgbImage } from '../../core/raster/raster.ts'
import type { UpsampledArgmaxOptions } from '../../core/raster/upsampled-argmax.ts'
import type { StoredArtifact } from '../artifacts/artifact-store.ts'
import type { NetworkTasks } from './network-tasks.ts'

/** Work for the raster workers: everything of a panorama that touches many pixels and is not onnxruntime's. */

/** A stage's result: at hand, or an artifact of the store. */
export type Source<Value> = { readonly value: Value } | { readonly hash: string }

export interface Size {
  readonly width: number
  readonly height: number
}

/** A rectangle of a panorama, or the view that it holds (a gnomonic window). */
export type PictureSource = PixelRect & { readonly view?: TangentView }

/** What the statistics need to know of a finished panorama. */
export interface PanoramaSummary extends FusionSummary {
  readonly masks: number
  /** null for a TA-only run */
  readonly funnel: MaskFunnel | null
  readonly windows: number
  readonly consistency: number
}

/** kind -> what goes in, what comes out. Arrays named `out` lie in shared memory and are filled. */
export interface RasterTasks extends NetworkTasks {
  /** reads an image file into `out` (width * height * 3, RGB), when its content has this SHA-256 */
  decodeImage: { input: { path: string; sha256: string; size: Size; out: Uint8Array }; output: null }
  /** a crop across the seam (or the view in it), resized, as normalised planes padded to `frame` */
  cropPlanes: { input: { image: RgbImage; rect: PictureSource; size: Size; frame: Size; out: Float32Array }; output: null }
  /** a crop across the seam (or the view in it), resized, as [height, width, 3] in 0..255 */
  cropPixels: { input: { image: RgbImage; rect: PictureSource; size: Size; out: Float32Array }; output: null }
  /** the image turned by some columns (core/geometry/roll.ts), into `out` */
  rollImage: { input: { image: RgbImage; columns: number; out: Uint8Array }; output: null }
  readEmbedding: { input: { root: string; hash: string }; output: Record<string, EmbeddingTensor> }
  storeEmbedding: { input: { root: string; tensors: Record<string, EmbeddingTensor> }; output: StoredArtifact }
  /** null: the logits or the scores are not finite; `notFinite` says which */
  filterMasks: { input: { batch: DecodedBatch; settings: SamSettings }; output: { candidates: MaskCandidates | null; notFinite: 'logits' | 'scores' | null } }
  /** the masks of a window, of its rectangle's size */
  finishMasks: { input: { candidates: readonly MaskCandidates[]; window: PanoramaWindow; settings: SamSettings }; output: WindowMasks }
  storeMasks: { input: { root: string; masks: PanoramaMasks }; output: StoredArtifact }
  /** softmax of a context view into `out`; false: the logits are not finite */
  viewProbabilities: { input: { logits: ClassPlanes; out: Float32Array }; output: boolean }
  /** softmax (of a gnomonic window, brought to its rectangle) and context into `out`, and S_i from it; null: the logits are not finite */
  windowProbabilities: {
    input: {
      logits: ClassPlanes
      window: PanoramaWindow
      context: { views: readonly WindowProbabilities[]; frame: PanoramaFrame; weight: number } | null
      out: Float32Array
    }
    output: WindowSemantics | null
  }
  stitch: { input: { windows: readonly WindowProbabilities[]; frame: PanoramaFrame }; output: { label: Raster; confidence: Raster } }
  consistency: {
    input: { windows: readonly WindowProbabilities[]; frame: PanoramaFrame }
    output: { consistency: number; disagreement: number }
  }
  storeSemantics: { input: { root: string; semantics: PanoramaSemantics }; output: StoredArtifact }
  /** the label map of a whole view's logits (core/raster/upsampled-argmax.ts); null: the logits are not finite */
  labelView: { input: { logits: ClassPlanes; options: UpsampledArgmaxOptions }; output: Raster | null }
  /** a label map, turned by some columns first */
  storeLabels: { input: { root: string; label: Raster; columns: number }; output: StoredArtifact }
  refineBoundary: {
    input: { root: string; masks: Source<PanoramaMasks>; semantics: Source<PanoramaSemantics>; config: Pick<GoodsamConfig, 'boundaryRadiusFraction'> }
    output: StoredArtifact
  }
  fuse: {
    input: { root: string; masks: Source<PanoramaMasks> | null; semantics: Source<PanoramaSemantics>; fusion: FusionConfig; projection: Equirectangular | undefined }
    output: { artifact: StoredArtifact; summary: PanoramaSummary }
  }
  /** the statistics of a panorama whose fusion is already stored */
  summarise: {
    input: { root: string; masks: Source<PanoramaMasks> | null; semantics: Source<PanoramaSemantics>; fusion: string }
    output: PanoramaSummary
  }
}

export type TaskKind = keyof RasterTasks
export type TaskInput<K extends TaskKind> = RasterTasks[K]['input']
export type TaskOutput<K extends TaskKind> = RasterTasks[K]['output']
export type RasterTask = { [K in TaskKind]: { readonly kind: K; readonly input: TaskInput<K> } }[TaskKind]

export type TaskHandlers = { readonly [K in TaskKind]: (input: TaskInput<K>) => TaskOutput<K> | Promise<TaskOutput<K>> }
