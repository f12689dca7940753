import { StudioError } from '../../contract/errors.ts'
import type { Panorama, Projection } from '../../contract/schemas.ts'
import { panoramaSchema } from '../../contract/schemas.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { naturalKey } from './natural-key.ts'
import { asCount, parseJson, parseRecord } from './rows.ts'

export type NewPanorama = Omit<Panorama, 'id' | 'datasetId'>

const SELECT = `
  SELECT id, dataset_id AS datasetId, name, split, width, height, file_sha256 AS fileSha256, image,
    image_bytes AS imageBytes, media_type AS mediaType, truth, projection, warnings
  FROM panoramas`

/**
 * Adds panoramas to a dataset, all or none. Their artifacts must be in the store already: file first, row second.
 * Throws `conflict` when a name is taken in the dataset (see freePanoramaName).
 */
export function addPanoramas(db: WriteDb, datasetId: string, panoramas: readonly NewPanorama[]): Panorama[] {
  return panoramas.map((panorama) => {
    const { name } = panorama
    if (db.get('SELECT 1 FROM panoramas WHERE dataset_id = @datasetId AND name = @name', { datasetId, name })) {
      throw new StudioError('conflict', `The dataset already has a panorama named "${name}". Rename the file, or import it into another dataset.`)
    }
    const added = parseRecord(panoramaSchema, { ...panorama, id: newId('pano'), datasetId }, 'panorama')
    db.run(
      `INSERT INTO panoramas (id, dataset_id, name, sort_key, split, width, height, file_sha256, image, image_bytes,
         media_type, truth, projection, warnings)
       VALUES (@id, @datasetId, @name, @sortKey, @split, @width, @height, @fileSha256, @image, @imageBytes,
         @mediaType, @truth, @projection, @warnings)`,
      {
        ...added,
        sortKey: naturalKey(name),
        projection: JSON.stringify(added.projection),
        warnings: JSON.stringify(added.warnings),
      },
    )
    return added
  })
}

/** The wanted name, or the wanted name with "-2", "-3", ... where another panorama of the dataset has it. */
export function freePanoramaName(db: ReadDb, datasetId: string, wanted: string): string {
  let name = wanted
  for (let number = 2; ; number++) {
    if (!db.get('SELECT 1 FROM panoramas WHERE dataset_id = @datasetId AND name = @name', { datasetId, name })) return name
    name = `${wanted}-${number}`
  }
}

/** One page in natural order of the names. */
export function listPanoramas(
  db: ReadDb, datasetId: string, page: { readonly offset: number; readonly limit: number },
): { total: number; panoramas: Panorama[] } {
  const total = asCount(db.get('SELECT count(*) AS n FROM panoramas WHERE dataset_id = @datasetId', { datasetId })?.n)
  const rows = db.all(
    `${SELECT} WHERE dataset_id = @datasetId ORDER BY sort_key, name LIMIT @limit OFFSET @offset`,
    { datasetId, limit: page.limit, offset: page.offset },
  )
  return { total, panoramas: rows.map(toPanorama) }
}

/** Throws `not-found`. */
export function getPanorama(db: ReadDb, id: string): Panorama {
  const row = db.get(`${SELECT} WHERE id = @id`, { id })
  if (row === undefined) throw new StudioError('not-found', `There is no panorama "${id}" in this workspace. It may have been removed with its dataset.`)
  return toPanorama(row)
}

/** The ids of a dataset's panoramas whose truth was imported. */
export function panoramasWithTruth(db: ReadDb, datasetId: string): ReadonlySet<string> {
  return new Set(db.all('SELECT id FROM panoramas WHERE dataset_id = @datasetId AND truth IS NOT NULL', { datasetId }).map(({ id }) => String(id)))
}

/** The panorama of this name, or null. */
export function findPanoramaByName(db: ReadDb, datasetId: string, name: string): Panorama | null {
  const row = db.get(`${SELECT} WHERE dataset_id = @datasetId AND name = @name`, { datasetId, name })
  return row === undefined ? null : toPanorama(row)
}

/** The panorama made from a file of this content, or null: for finding duplicates. */
export function findPanoramaByFile(db: ReadDb, datasetId: string, fileSha256: string): Panorama | null {
  const row = db.get(
    `${SELECT} WHERE dataset_id = @datasetId AND file_sha256 = @fileSha256 ORDER BY rowid LIMIT 1`, { datasetId, fileSha256 },
  )
  return row === undefined ? null : toPanorama(row)
}

/** A projection that a person gave. Throws `not-found` and changes nothing when one of the panoramas is missing. */
export function setProjection(db: WriteDb, panoramaIds: readonly string[], projection: Omit<Projection, 'source'>): void {
  const text = JSON.stringify({ ...projection, source: 'user' } satisfies Projection)
  for (const id of panoramaIds) {
    if (db.run('UPDATE panoramas SET projection = @text WHERE id = @id', { id, text }) === 0) getPanorama(db, id)
  }
}

/** The truth label map's artifact; null takes it away. Throws `not-found`. */
export function setTruth(db: WriteDb, id: string, truth: string | null): void {
  if (db.run('UPDATE panoramas SET truth = @truth WHERE id = @id', { id, truth }) === 0) getPanorama(db, id)
}

function toPanorama(row: Row): Panorama {
  const record = { ...row, projection: parseJson(row.projection), warnings: parseJson(row.warnings) }
  return parseRecord(panoramaSchema, record, 'panorama')
}

/** Media type of an image artifact, or null where the artifact is no panorama's image. */
export function findMediaType(db: ReadDb, image: string): string | null {
  const row = db.get('SELECT media_type AS mediaType FROM panoramas WHERE image = @image LIMIT 1', { image })
  return row === undefined ? null : String(row.mediaType)
}
