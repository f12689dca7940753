import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeRaster } from '../../core/formats/bundles.ts'
import { readLabelPng } from '../../core/formats/indexed-png.ts'
import type { Dataset } from '../../contract/schemas.ts'
import { errnoOf } from '../artifacts/storage-errors.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import { getDataset, listDatasets } from '../store/datasets.ts'
import type { Store } from '../store/open-store.ts'
import { getPanorama } from '../store/panoramas.ts'

/**
 * The truth of generated panoramas lies in a folder of its own beside the artifacts. It is no part of the dataset, so nothing is
 * trained on it and no checkpoint is chosen by it; evaluations name the folder, as any other folder of label maps.
 */

export function truthFolder({ paths }: Store, datasetId: string): string {
  return join(paths.root, 'truth', datasetId)
}

export function truthFile(store: Store, datasetId: string, panorama: string): string {
  return join(truthFolder(store, datasetId), `${panorama}_gtFine_labelTrainIds.png`)
}

/** The folder that scores a dataset where no other truth was named; null: what was imported with it. */
export function hiddenTruth(store: Store, { id, generated, withTruth }: Dataset): string | null {
  return generated !== null && withTruth === 0 ? truthFolder(store, id) : null
}

/** The artifact of a panorama's truth, imported or hidden; null: there is none. A hidden one becomes an artifact when it is looked at. */
export async function truthMap({ store, artifacts }: { readonly store: Store; readonly artifacts: ArtifactStore }, panoramaId: string): Promise<string | null> {
  const { truth, datasetId, name } = getPanorama(store.read, panoramaId)
  if (truth !== null || getDataset(store.read, datasetId).generated === null) return truth
  const bytes = await readFile(truthFile(store, datasetId, name)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  })
  return bytes === null ? null : (await artifacts.put(encodeRaster(readLabelPng(bytes)))).hash
}

export async function removeTruth(store: Store, datasetId: string): Promise<void> {
  await rm(truthFolder(store, datasetId), { recursive: true, force: true })
}

/** At the start: truth of datasets that are gone. */
export async function removeTruthLeftovers(store: Store): Promise<void> {
  const known = new Set(listDatasets(store.read).map(({ id }) => id))
  for (const name of await readdir(join(store.paths.root, 'truth')).catch(() => [])) {
    if (!known.has(name)) await removeTruth(store, name)
  }
}
