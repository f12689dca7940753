import { encode } from 'fast-png'
import { StudioError } from '../../contract/errors.ts'
import { decodeFusion, decodeRaster, encodeRaster } from '../../core/formats/bundles.ts'
import type { GtFineKind } from '../../core/formats/cityscapes.ts'
import { panopticIdsToRgb, panopticSegments } from '../../core/formats/coco-panoptic.ts'
import { readLabelPng, writeGreyPng, writeIndexedPng, type PaletteColor } from '../../core/formats/indexed-png.ts'
import type { FusedPanorama } from '../../core/goodsam/types.ts'
import { classCount, IGNORE_ID, type LabelSet } from '../../core/labels/label-set.ts'
import { labelPalette } from '../../core/labels/palette.ts'
import { knownTrainIds, labelIdsToTrainIds, remapLabels, trainIdsToLabelIds } from '../../core/labels/remap.ts'
import { scorePanorama, type PanoramaScores } from '../../core/metrics/panorama-scores.ts'
import type { Raster } from '../../core/raster/raster.ts'
import { TRAINING_DATA_TASKS } from './training-data-tasks.ts'
import type {
  LabelMapSize, LabelTaskHandlers, LabelTaskInput, Prediction, Problem, TruthFile,
} from './label-tasks.ts'

export const LABEL_TASKS: LabelTaskHandlers = {
  readTruth({ truth, labelSet, size }) {
    const read = readTruthFile(truth, labelSet, size)
    return 'problem' in read ? read : { artifact: encodeRaster(read) }
  },

  encodeCityscapes({ fusion, labelSet, kinds }) {
    const fused = readFusion(fusion)
    const encoded = new Map<GtFineKind, Uint8Array>()
    for (const kind of kinds) {
      // one file serves as both: its indices are trainIds and its palette the colours
      const twin = kind === 'color' ? encoded.get('labelTrainIds') : undefined
      encoded.set(kind, twin ?? encodeKind(fused, kind, labelSet))
    }
    return [...encoded].map(([kind, bytes]) => ({ kind, bytes }))
  },

  encodePanoptic({ fusion, cyclic }) {
    const { label, mask } = readFusion(fusion)
    const { ids, segments } = panopticSegments(label, { cyclic, masks: mask })
    const { width, height, data } = panopticIdsToRgb(ids)
    return { bytes: encode({ width, height, data, channels: 3, depth: 8 }), segments }
  },

  labelsOf: ({ fusion }) => encodeRaster(readFusion(fusion).label),

  evaluate,
  ...TRAINING_DATA_TASKS,
}

function readFusion(bytes: Uint8Array): FusedPanorama {
  return readArtifact(() => decodeFusion(bytes), 'A stored pseudo-label', 'Label this panorama again.')
}

function readArtifact<T>(decode: () => T, what: string, remedy: string): T {
  try {
    return decode()
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new StudioError('workspace-damaged', `${what} cannot be read (${detail}). ${remedy}`, { cause })
  }
}

function encodeKind(fused: FusedPanorama, kind: GtFineKind, labelSet: LabelSet): Uint8Array {
  const { label, confidence, provenance } = fused
  switch (kind) {
    case 'labelTrainIds':
    case 'color':
      return writeIndexedPng(label, labelPalette(labelSet))
    case 'labelIds':
      return writeIndexedPng({ ...label, data: remapLabels(label.data, trainIdsToLabelIds(labelSet)) }, labelIdPalette(labelSet))
    case 'confidence':
      return writeGreyPng(confidence)
    case 'provenance':
      return writeGreyPng(provenance)
    case 'instanceIds':
      throw new StudioError('internal', 'Pseudo-labels have no instance ids.')
  }
}

/** 256 colours by labelId; ids without a class are black. */
function labelIdPalette(labelSet: LabelSet): readonly PaletteColor[] {
  const palette: PaletteColor[] = Array.from({ length: 256 }, () => [0, 0, 0] as const)
  for (const { labelId, color } of labelSet.classes) palette[labelId] = color
  return palette
}

/** A truth file as trainIds; what does not fit the panorama or the label set is a problem. */
function readTruthFile(truth: TruthFile, labelSet: LabelSet, size: LabelMapSize): Raster | Problem {
  let raster: Raster
  try {
    raster = readLabelPng(truth.bytes)
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    return { problem: `${truth.file} is not a label map (${detail}). Save it as a PNG with one id per pixel, 8-bit grey or indexed.` }
  }
  if (raster.width !== size.width || raster.height !== size.height) {
    return {
      problem: `${truth.file} has ${raster.width} x ${raster.height} pixels, its panorama ${size.width} x ${size.height}. ` +
        'Scale it to the panorama with nearest neighbour, or give the labels of this image.',
    }
  }
  const unknown = unknownIds(raster, truth.ids, labelSet)
  if (unknown.length > 0) return { problem: `${truth.file} holds ${listed(unknown)}, which ${truth.ids === 'trainIds' ? trainIdRemedy(labelSet) : labelIdRemedy(labelSet)}` }
  if (truth.ids === 'trainIds') return raster
  return { ...raster, data: remapLabels(raster.data, labelIdsToTrainIds(labelSet)) }
}

/**
 * Ids that no reading of the file allows. A labelId below the largest one is allowed although it has no trainId: the
 * dataset defines more classes than are evaluated, they become 255.
 */
function unknownIds(raster: Raster, ids: TruthFile['ids'], labelSet: LabelSet): number[] {
  const seen = new Uint8Array(256)
  for (const id of raster.data) seen[id] = 1
  const trainIds = knownTrainIds(labelSet)
  const lastLabelId = Math.max(...labelSet.classes.map(({ labelId }) => labelId))
  const isKnown = (id: number): boolean => id === IGNORE_ID || (ids === 'trainIds' ? trainIds[id] === id : id <= lastLabelId)
  return [...seen.keys()].filter((id) => seen[id] === 1 && !isKnown(id))
}

function trainIdRemedy(labelSet: LabelSet): string {
  const last = Math.max(...labelSet.classes.map(({ trainId }) => trainId))
  return (
    `${labelSet.name} does not have as trainIds (0 to ${last}, and ${IGNORE_ID} for "ignore"). If the file holds labelIds, name it ` +
    '<panorama>_gtFine_labelIds.png; otherwise map its ids to trainIds.'
  )
}

function labelIdRemedy(labelSet: LabelSet): string {
  return (
    `${labelSet.name} does not have as labelIds. If the file holds trainIds, name it <panorama>_gtFine_labelTrainIds.png; ` +
    'otherwise map its ids to labelIds.'
  )
}

function listed(ids: readonly number[]): string {
  const shown = ids.slice(0, 8).join(', ')
  return `the id${ids.length > 1 ? 's' : ''} ${shown}${ids.length > 8 ? ` and ${ids.length - 8} more` : ''}`
}

function evaluate({ prediction, truth, labelSet, projection }: LabelTaskInput<'evaluate'>): PanoramaScores | Problem {
  const { label, rolled } = mapsOf(prediction)
  const read = 'artifact' in truth
    ? readArtifact(() => decodeRaster(truth.artifact), 'A stored truth label map', 'Import this dataset again with its labels folder.')
    : readTruthFile(truth, labelSet, label)
  if ('problem' in read) return read
  return scorePanorama(read, label, { classes: classCount(labelSet), projection, rolled })
}

function mapsOf(prediction: Prediction): { readonly label: Raster; readonly rolled: Raster | null } {
  if ('fusion' in prediction) return { label: readFusion(prediction.fusion).label, rolled: null }
  return { label: readPrediction(prediction.label), rolled: prediction.rolled && readPrediction(prediction.rolled) }
}

function readPrediction(bytes: Uint8Array): Raster {
  return readArtifact(() => decodeRaster(bytes), 'A stored prediction', 'Evaluate again.')
}
