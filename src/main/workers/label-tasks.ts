import type { Projection } from '../../contract/schemas.ts'
import type { PanopticSegment } from '../../core/formats/coco-panoptic.ts'
import type { GtFineKind } from '../../core/formats/cityscapes.ts'
import type { Equirectangular } from '../../core/geometry/equirectangular.ts'
import type { FusionConfig } from '../../core/goodsam/config.ts'
import type { LabelSet } from '../../core/labels/label-set.ts'
import type { PanoramaScores } from '../../core/metrics/panorama-scores.ts'

/** Work for the label workers: label maps of one panorama read, encoded or compared, away from the host's event loop. */

export interface LabelMapSize {
  readonly width: number
  readonly height: number
}

/** A truth file: which ids its pixels hold is said by its name. */
export interface TruthFile {
  /** the path, for messages */
  readonly file: string
  /** the file's bytes (PNG) */
  readonly bytes: Uint8Array
  readonly ids: 'trainIds' | 'labelIds'
}

export interface EncodedFile {
  readonly kind: GtFineKind
  readonly bytes: Uint8Array
}

export interface PanopticOutput {
  readonly bytes: Uint8Array
  readonly segments: readonly PanopticSegment[]
}

/** Why a truth file cannot be used: names the file and the remedy. */
export interface Problem {
  readonly problem: string
}

/** kind -> what goes in, what comes out. */
export interface LabelTasks {
  /** a truth file as an artifact (encodeRaster, trainIds) */
  readTruth: {
    input: { truth: TruthFile; labelSet: LabelSet; size: LabelMapSize }
    output: { readonly artifact: Uint8Array } | Problem
  }
  /** label maps of a fusion artifact as PNG files of the Cityscapes layout */
  encodeCityscapes: {
    input: { fusion: Uint8Array; labelSet: LabelSet; kinds: readonly GtFineKind[] }
    output: readonly EncodedFile[]
  }
  /** image and targets of a panorama at the training size (core/formats/training-data.ts), from the artifacts of its labels */
  makeTrainingData: {
    input: {
      image: { readonly path: string; readonly sha256: string; readonly size: LabelMapSize }
      cyclic: boolean
      projection: Equirectangular
      /** null: labelled without SAM */
      masks: Uint8Array | null
      semantics: Uint8Array
      boundary: Uint8Array | null
      fused: Uint8Array
      truth: Uint8Array | null
      fusion: FusionConfig
      size: LabelMapSize
    }
    output: Uint8Array
  }
  /** pixels by trainId that training data say something about: the fused label, or the TA's where there is none */
  countTrainingLabels: { input: { data: Uint8Array }; output: Float64Array }
  /** the segments of a fusion artifact in COCO panoptic format */
  encodePanoptic: { input: { fusion: Uint8Array; cyclic: boolean }; output: PanopticOutput }
  /** the labels of a fusion artifact, as a raster bundle */
  labelsOf: { input: { fusion: Uint8Array }; output: Uint8Array }
  /** a label map against truth: an artifact of the dataset, or a file */
  evaluate: {
    input: { prediction: Prediction; truth: TruthFile | { artifact: Uint8Array }; labelSet: LabelSet; projection: Projection }
    output: PanoramaScores | Problem
  }
}

/** What is scored, as artifacts' bytes: a labelling run's fusion, or raster bundles of a prediction (`rolled`: scorePanorama). */
export type Prediction = { readonly fusion: Uint8Array } | { readonly label: Uint8Array; readonly rolled: Uint8Array | null }

export type LabelTaskKind = keyof LabelTasks
export type LabelTaskInput<K extends LabelTaskKind> = LabelTasks[K]['input']
export type LabelTaskOutput<K extends LabelTaskKind> = LabelTasks[K]['output']
export type LabelTask = { [K in LabelTaskKind]: { readonly kind: K; readonly input: LabelTaskInput<K> } }[LabelTaskKind]
export type LabelTaskHandlers = { readonly [K in LabelTaskKind]: (input: LabelTaskInput<K>) => LabelTaskOutput<K> | Promise<LabelTaskOutput<K>> }
