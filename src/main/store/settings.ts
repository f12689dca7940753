import type { Settings } from '../../contract/schemas.ts'
import { DEFAULT_SETTINGS, settingsSchema } from '../../contract/schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { parseJson, parseRecord } from './rows.ts'

/** The workspace's settings; what was never set has its default. */
export function getSettings(db: ReadDb): Settings {
  const stored = db.all('SELECT key, value FROM settings').map((row) => [String(row.key), parseJson(row.value)])
  return parseRecord(settingsSchema, { ...DEFAULT_SETTINGS, ...Object.fromEntries(stored) }, 'setting')
}

export function setSettings(db: WriteDb, patch: Partial<Settings>): Settings {
  for (const [key, value] of Object.entries(settingsSchema.partial().parse(patch))) {
    if (value === undefined) continue
    db.run('INSERT OR REPLACE INTO settings (key, value) VALUES (@key, @value)', { key, value: JSON.stringify(value) })
  }
  return getSettings(db)
}
