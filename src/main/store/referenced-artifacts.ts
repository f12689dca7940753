import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ReadDb } from './database.ts'
import { asCount } from './rows.ts'

/** Every column that names an artifact. A new one must be added here, or its artifacts are collected as orphans. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  panoramas: ['image', 'truth'],
  panorama_results: ['masks', 'semantics', 'boundary', 'fusion'],
  stage_cache: ['hash'],
  distillations: ['network', 'init_weights'],
  distillation_panoramas: ['data'],
  training_samples: ['image', 'pseudo_label', 'student', 'difference'],
  checkpoints: ['weights', 'state', 'network'],
  students: ['weights', 'network'],
  evaluation_panoramas: ['prediction'],
  student_exports: ['zip'],
}

const ROWS_PER_TURN = 1000

/**
 * The hashes of all artifacts that a row names, for the collector of orphans. Read in slices, so the event loop keeps
 * turning; what is added meanwhile is protected by the collector's grace.
 */
export async function referencedArtifacts(db: ReadDb): Promise<Set<string>> {
  const hashes = new Set<string>()
  for (const [table, columns] of Object.entries(COLUMNS)) {
    let after = 0
    for (;;) {
      const rows = db.all(
        `SELECT rowid AS position, ${columns.join(', ')} FROM ${table} WHERE rowid > @after ORDER BY rowid LIMIT ${ROWS_PER_TURN}`,
        { after },
      )
      for (const row of rows) {
        for (const column of columns) if (row[column] !== null) hashes.add(String(row[column]))
      }
      const last = rows.at(-1)
      if (last === undefined) break
      after = asCount(last.position)
      await nextTurn()
    }
  }
  return hashes
}
