import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import type { RefusedFile } from '../../contract/schemas.ts'
import { panoramaName } from '../../core/formats/cityscapes.ts'
import { listRefusedFiles, panoramasByFile, settledFiles } from '../store/import-files.ts'
import type { Store } from '../store/open-store.ts'
import { safeName, uniqueNames } from './import-names.ts'
import { scanImages, type SourceFile } from './import-scan.ts'
import { indexTruth, type LabelMapFile, type TruthIndex } from './import-truth.ts'

/** What an import job is told; goes through JSON. */
export const importRequestSchema = z.object({
  datasetId: z.string(),
  /** a folder, a .txt file that lists images, or one image */
  folder: z.string(),
  /** label maps, matched by name; null: none */
  labelsFolder: z.string().nullable(),
  /** field of view of every image, degrees; null: from metadata or aspect */
  hfovDeg: z.number().nullable(),
  vfovDeg: z.number().nullable(),
})
export type ImportRequest = z.infer<typeof importRequestSchema>

/** One file to work on. */
export interface ImportItem {
  readonly file: SourceFile
  readonly name: string
  readonly truth: LabelMapFile | null
  /** the panorama that was made from this file earlier and now only gets its truth; null: the file is new */
  readonly panoramaId: string | null
}

export interface ImportPlan {
  readonly items: readonly ImportItem[]
  /** found and of no use, to be recorded with their reasons */
  readonly refused: readonly RefusedFile[]
  /** files that earlier attempts settled */
  readonly settled: { readonly files: number; readonly refused: number }
  readonly warnings: readonly string[]
}

export interface PlanOptions {
  readonly signal?: AbortSignal
  /** look again at files that were refused earlier: a new import does, the continuation of one does not */
  readonly retryRefused: boolean
}

/** Files planned in one turn of the event loop: a few milliseconds. */
const FILES_PER_TURN = 1000

/**
 * Finds the files, names them, finds their label maps, and leaves out what is imported already. Reads names only, no
 * image. Throws `bad-file` when the folder or the labels folder cannot be read or holds no image.
 */
export async function planImport(store: Store, request: ImportRequest, options: PlanOptions): Promise<ImportPlan> {
  const { datasetId, labelsFolder } = request
  const scan = await scanImages(request.folder, options)
  const images = new Set(scan.files.map((file) => file.display))
  const truth = labelsFolder === null ? null : await indexTruth(labelsFolder, images, options.signal)
  const names = uniqueNames(scan.files)
  const warnings = [...scan.warnings]

  const refusedBefore = new Set(listRefusedFiles(store.read, datasetId).map(({ file }) => file))
  const isSettled = settledFiles(store.read, datasetId)
  if (options.retryRefused) for (const file of refusedBefore) isSettled.delete(file)
  const known = panoramasByFile(store.read, datasetId)

  const items: ImportItem[] = []
  const withoutTruth: SourceFile[] = []
  const settled = { files: 0, refused: 0 }
  for (const [index, file] of scan.files.entries()) {
    if (index % FILES_PER_TURN === FILES_PER_TURN - 1) {
      await nextTurn()
      options.signal?.throwIfAborted()
    }
    const name = names[index]
    const labelMap = truth === null ? null : findTruth(truth, file, name, warnings)
    if (truth !== null && labelMap === null) withoutTruth.push(file)
    const panorama = known.get(file.display)
    const lacksTruth = labelMap !== null && panorama?.hasTruth === false
    if (lacksTruth || !isSettled.has(file.display)) {
      items.push({ file, name, truth: labelMap, panoramaId: panorama?.id ?? null })
    } else {
      settled.files++
      if (refusedBefore.has(file.display)) settled.refused++
    }
  }
  if (truth !== null && withoutTruth.length > 0) warnings.push(noTruthWarning(truth, withoutTruth, scan.files.length))
  return { items, refused: scan.refused, settled, warnings }
}

function findTruth(truth: TruthIndex, file: SourceFile, name: string, warnings: string[]): LabelMapFile | null {
  const found = truth.find([name, safeName(panoramaName(file.fileName))], [file.split, ...file.folders])
  if (found !== 'ambiguous') return found
  warnings.push(`Several label maps in ${truth.folder} are named like ${file.display}, so none was taken. Put them in folders like those of the images.`)
  return null
}

function noTruthWarning(truth: TruthIndex, files: readonly SourceFile[], total: number): string {
  const example = panoramaName(files[0].fileName)
  return (
    `${files.length} of ${total} images have no label map in ${truth.folder} (${truth.count} label maps found), the first is ${files[0].display}. ` +
    `Names like ${example}_gtFine_labelTrainIds.png, ${example}_gtFine_labelIds.png or ${example}.png are looked for.`
  )
}

/**
 * Fails early where an import has nothing to do: before a dataset is made for it. Stops at the first image found.
 * Throws `bad-file`.
 */
export async function requireImportable(request: Pick<ImportRequest, 'folder' | 'labelsFolder'>): Promise<void> {
  await scanImages(request.folder, { limit: 1 })
  if (request.labelsFolder !== null) await indexTruth(request.labelsFolder)
}
