import type { RefusedFile } from '../../contract/schemas.ts'
import { refusedFileSchema } from '../../contract/schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { asCount, parseRecord } from './rows.ts'

/** What became of a file of an import. `file` is its path below the imported folder. */
export type ImportedFile =
  | { readonly file: string; readonly outcome: 'imported' | 'duplicate'; readonly panoramaId: string }
  | { readonly file: string; readonly outcome: 'refused'; readonly code: string; readonly message: string }

/** Notes what became of a file, in the transaction that adds its panorama. A second note replaces the first. */
export function recordImportedFile(db: WriteDb, datasetId: string, imported: ImportedFile): void {
  const refused = imported.outcome === 'refused'
  db.run(
    `INSERT OR REPLACE INTO import_files (dataset_id, file, outcome, panorama_id, code, message)
     VALUES (@datasetId, @file, @outcome, @panoramaId, @code, @message)`,
    {
      datasetId,
      file: imported.file,
      outcome: imported.outcome,
      panoramaId: refused ? null : imported.panoramaId,
      code: refused ? imported.code : null,
      message: refused ? imported.message : null,
    },
  )
}

/** Files that need no second look: what an import that starts again leaves out. */
export function settledFiles(db: ReadDb, datasetId: string): Set<string> {
  return new Set(db.all('SELECT file FROM import_files WHERE dataset_id = @datasetId', { datasetId }).map((row) => String(row.file)))
}

export function countImportedFiles(db: ReadDb, datasetId: string): { imported: number; duplicates: number; refused: number } {
  const row = db.get(
    `SELECT sum(outcome = 'imported') AS imported, sum(outcome = 'duplicate') AS duplicates, sum(outcome = 'refused') AS refused
     FROM import_files WHERE dataset_id = @datasetId`,
    { datasetId },
  )
  return { imported: asCount(row?.imported), duplicates: asCount(row?.duplicates), refused: asCount(row?.refused) }
}

export function listRefusedFiles(db: ReadDb, datasetId: string): RefusedFile[] {
  return db
    .all(`SELECT file, code, message FROM import_files WHERE dataset_id = @datasetId AND outcome = 'refused' ORDER BY file`, { datasetId })
    .map((row) => parseRecord(refusedFileSchema, row, 'refused file'))
}

/** Forgets the refusals, so that a retry looks at those files again. Returns how many there were. */
export function forgetRefusedFiles(db: WriteDb, datasetId: string): number {
  return db.run(`DELETE FROM import_files WHERE dataset_id = @datasetId AND outcome = 'refused'`, { datasetId })
}

/** The panorama of every imported file: for giving truth to panoramas that were imported without. */
export function panoramasByFile(db: ReadDb, datasetId: string): Map<string, { readonly id: string; readonly hasTruth: boolean }> {
  const rows = db.all(
    `SELECT f.file, p.id, p.truth IS NOT NULL AS hasTruth FROM import_files f JOIN panoramas p ON p.id = f.panorama_id
     WHERE f.dataset_id = @datasetId AND f.outcome = 'imported'`,
    { datasetId },
  )
  return new Map(rows.map((row) => [String(row.file), { id: String(row.id), hasTruth: row.hasTruth === 1 }]))
}
