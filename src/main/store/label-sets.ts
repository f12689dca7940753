import { labelSetSchema } from '../../contract/schemas.ts'
import type { z } from 'zod'
import { CITYSCAPES } from '../../core/labels/cityscapes.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { StudioError } from '../../contract/errors.ts'
import { parseJson, parseRecord } from './rows.ts'

export type LabelSetRecord = z.infer<typeof labelSetSchema>

/** Writes the built-in label sets; called at every opening, so that a correction reaches older workspaces. */
export function seedLabelSets(db: WriteDb): void {
  for (const { id, name, classes } of [CITYSCAPES]) {
    db.run(
      `INSERT INTO label_sets (id, name, classes) VALUES (@id, @name, @classes)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, classes = excluded.classes
       WHERE name <> excluded.name OR classes <> excluded.classes`,
      { id, name, classes: JSON.stringify(classes) },
    )
  }
}

export function listLabelSets(db: ReadDb): LabelSetRecord[] {
  return db.all('SELECT id, name, classes FROM label_sets ORDER BY name').map(toLabelSet)
}

/** Throws `not-found`. */
export function getLabelSet(db: ReadDb, id: string): LabelSetRecord {
  const row = db.get('SELECT id, name, classes FROM label_sets WHERE id = @id', { id })
  if (row === undefined) throw new StudioError('not-found', `There is no label set "${id}" in this workspace.`)
  return toLabelSet(row)
}

function toLabelSet(row: Row): LabelSetRecord {
  return parseRecord(labelSetSchema, { ...row, classes: parseJson(row.classes) }, 'label set')
}
