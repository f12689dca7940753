import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { LabellingRun, LabelsExport, Panorama, PanoramaResult, RefusedFile } from '../../contract/schemas.ts'
import { gtFinePath, type GtFineKind } from '../../core/formats/cityscapes.ts'
import { panopticText, type PanopticText } from '../../core/formats/coco-panoptic.ts'
import { PROVENANCE } from '../../core/goodsam/config.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { getDataset } from '../store/datasets.ts'
import { getLabelSet, type LabelSetRecord } from '../store/label-sets.ts'
import { getLabellingRun } from '../store/labelling-runs.ts'
import { getModel } from '../store/models.ts'
import type { Store } from '../store/open-store.ts'
import { getPanorama } from '../store/panoramas.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import { openExportFolder, type ExportFile, type ExportFileSystem, type ExportFolder } from './export-folder.ts'
import { safeName } from './import-names.ts'
import { inParallel } from './in-parallel.ts'
import { allResults, unfinishedReason } from './run-results.ts'

export interface ExportTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly pool: LabelPool
  /** a test fills the disk here */
  readonly fileSystem?: ExportFileSystem
}

export interface ExportRequest {
  /** id, name or "last" */
  readonly run: string
  readonly format: LabelsExport['format']
  /** absolute; null: a new folder under the workspace's exports/ */
  readonly out: string | null
}

export interface ExportOptions {
  readonly signal?: AbortSignal
  /** panoramas written so far */
  readonly onProgress?: (done: number, total: number) => void
}

interface ChosenPanorama {
  readonly name: string
  readonly panoramaId: string
  /** the fusion artifact */
  readonly fusion: string
}

interface ExportedPanorama {
  readonly panorama: Panorama
  /** the fusion artifact */
  readonly fusion: string
}

/** What the formats have in common: writes the panoramas, several at a time, then what belongs to all of them. */
interface Exporter {
  /** called in the order of the panoramas */
  write(exported: ExportedPanorama): Promise<void>
  finish(): Promise<void>
}

const CITYSCAPES_KINDS: readonly GtFineKind[] = ['labelTrainIds', 'labelIds', 'color', 'confidence', 'provenance']

/**
 * Writes the pseudo-labels of a run as files that other tools read. Rejected panoramas and those without a label yet are
 * left out and named in `skipped`.
 *
 * - `cityscapes`: gtFine/<split>/<name>/<name>_gtFine_{labelTrainIds,labelIds,color,confidence,provenance}.png, 8-bit,
 *   the panorama's size; the first three indexed with the label set's colours, the last two grey (confidence 0..255,
 *   provenance as in the manifest);
 * - `color`: of these the colour maps alone;
 * - `coco-panoptic`: annotations/panoptic_<split>.json and annotations/panoptic_<split>/<name>.png.
 *
 * Beside them goodsam-export.json says which run, models and parameters they come from. A full disk, an error or a
 * cancellation leaves the folder as it was.
 * Throws `not-found` (run), `conflict` (the folder holds something else, or there is nothing to export), `storage`,
 * `workspace-damaged`.
 */
export async function exportLabels(tools: ExportTools, request: ExportRequest, options: ExportOptions = {}): Promise<LabelsExport> {
  const { store, pool } = tools
  const { signal, onProgress } = options
  const run = getLabellingRun(store.read, request.run)
  const labelSet = getLabelSet(store.read, getDataset(store.read, run.datasetId).labelSetId)
  const { chosen, skipped } = await choose(store, run)
  const out = await openExportFolder(request.out ?? newFolder(store, run, request.format), request.format, tools.fileSystem)
  try {
    let done = 0
    const exporter = createExporter(tools, { format: request.format, labelSet, out, signal })
    await inParallel(chosen, pool.threads, async ({ panoramaId, fusion }) => {
      signal?.throwIfAborted()
      await exporter.write({ panorama: getPanorama(store.read, panoramaId), fusion })
      onProgress?.(++done, chosen.length)
    })
    await exporter.finish()
    const files = out.written.length
    signal?.throwIfAborted()
    await out.finish({ format: request.format, ...describe(store, run, labelSet), panoramas: chosen.length, skipped })
    return { folder: out.folder, format: request.format, panoramas: chosen.length, files, skipped }
  } catch (error) {
    await out.discard()
    throw error
  }
}

/** The panoramas to export, in order of their names, and the others with the reason. */
async function choose(store: Store, run: LabellingRun): Promise<{ chosen: ChosenPanorama[]; skipped: RefusedFile[] }> {
  const chosen: ChosenPanorama[] = []
  const skipped: RefusedFile[] = []
  for (const result of await allResults(store, run)) {
    const reason = leftOutBecause(result)
    if (reason !== null) skipped.push(reason)
    else if (result.artifacts) chosen.push({ name: result.name, panoramaId: result.panoramaId, fusion: result.artifacts.fusion })
  }
  // in code units, as programs sort the names of the files that are made of them
  if (chosen.length > 0) return { chosen: chosen.toSorted((a, b) => (`${a.name}.` < `${b.name}.` ? -1 : 1)), skipped }
  throw new StudioError(
    'conflict',
    `The labelling run "${run.name}" has no pseudo-label to export. ${skipped[0]?.message ?? 'Its dataset is empty.'}`,
  )
}

function leftOutBecause(result: PanoramaResult): RefusedFile | null {
  if (result.status !== 'done' || result.artifacts === null) return unfinishedReason(result)
  if (result.review !== 'rejected') return null
  return { file: result.name, code: 'rejected', message: `${result.name} was rejected in the review. Accept it, or take the review back, to export it.` }
}

interface ExporterOptions {
  readonly format: LabelsExport['format']
  readonly labelSet: LabelSetRecord
  readonly out: ExportFolder
  readonly signal: AbortSignal | undefined
}

function createExporter(tools: ExportTools, options: ExporterOptions): Exporter {
  switch (options.format) {
    case 'cityscapes':
      return gtFineExporter(tools, options, CITYSCAPES_KINDS)
    case 'color':
      return gtFineExporter(tools, options, ['color'])
    case 'coco-panoptic':
      return panopticExporter(tools, options)
  }
}

function gtFineExporter({ artifacts, pool }: ExportTools, { labelSet, out, signal }: ExporterOptions, kinds: readonly GtFineKind[]): Exporter {
  return {
    async write({ panorama, fusion }) {
      const encoded = await pool.run('encodeCityscapes', { fusion: await artifacts.read(fusion), labelSet, kinds }, { signal })
      for (const { kind, bytes } of encoded) await out.write(gtFinePath(panorama.split, panorama.name, kind), bytes)
    },
    async finish() {},
  }
}

function panopticExporter({ artifacts, pool }: ExportTools, { labelSet, out, signal }: ExporterOptions): Exporter {
  const documents = new Map<string, { readonly text: PanopticText; readonly file: ExportFile }>()
  // panoramas end in any order, their places in the document do not depend on it: each waits for the one before
  let last: Promise<void> = Promise.resolve()

  async function begin(split: string): Promise<{ readonly text: PanopticText; readonly file: ExportFile }> {
    const document = { text: panopticText(labelSet), file: await out.create(`annotations/panoptic_${split}.json`) }
    documents.set(split, document)
    return document
  }

  return {
    async write({ panorama, fusion }) {
      const { name, split, width, height, mediaType } = panorama
      const before = last
      const ended = Promise.withResolvers<void>()
      last = ended.promise
      try {
        const { bytes, segments } = await pool.run('encodePanoptic', { fusion: await artifacts.read(fusion), cyclic: panorama.projection.cyclic }, { signal })
        await out.write(`annotations/panoptic_${split}/${name}.png`, bytes)
        await before
        const { text, file } = documents.get(split) ?? await begin(split)
        const fileName = `${name}.${mediaType === 'image/jpeg' ? 'jpg' : mediaType.slice('image/'.length)}`
        await file.append(text.add({ fileName, segmentsFileName: `${name}.png`, width, height, segments }))
      } finally {
        ended.resolve()
      }
    },
    async finish() {
      for (const { text, file } of documents.values()) {
        await file.append(text.end())
        await file.close()
      }
    },
  }
}

/** What the manifest says about where the labels come from. */
function describe(store: Store, run: LabellingRun, labelSet: LabelSetRecord): Readonly<Record<string, unknown>> {
  const models = [run.samId, run.taId].filter((id) => id !== null).map((id) => {
    const { name, kind, dialect, sha256 } = getModel(store.read, id)
    return { name, kind, dialect, sha256 }
  })
  const { id, name, config, samSettings, datasetName } = run
  return {
    exportedAt: new Date().toISOString(),
    dataset: datasetName,
    run: { id, name, config, samSettings },
    models,
    labelSet,
    provenance: PROVENANCE,
  }
}

function newFolder(store: Store, run: LabellingRun, format: string): string {
  const wanted = join(store.paths.exports, safeName(`${run.name}-${format}`))
  let folder = wanted
  for (let number = 2; existsSync(folder); number++) folder = `${wanted}-${number}`
  return folder
}
