import { StudioError } from '../../contract/errors.ts'
import type { ReadDb } from './database.ts'

/** Records that people name. Table names are ours alone, never a person's input. */
const NAMED = {
  datasets: { one: 'dataset', many: 'datasets' },
  models: { one: 'model', many: 'models' },
  labelling_runs: { one: 'labelling run', many: 'labelling runs' },
  distillations: { one: 'distillation run', many: 'distillation runs' },
  students: { one: 'student', many: 'students' },
} as const
export type NamedTable = keyof typeof NAMED

/**
 * The id of the record with this id, this name, or (when only one fits) this name in other case.
 * Throws `not-found` with the names that come near.
 */
export function resolveReference(db: ReadDb, table: NamedTable, reference: string): string {
  const rows = db.all(`SELECT id, name FROM ${table} ORDER BY rowid`).map((row) => ({ id: String(row.id), name: String(row.name) }))
  const folded = reference.toLocaleLowerCase()
  const alike = rows.filter((row) => row.name.toLocaleLowerCase() === folded)
  const found =
    rows.find((row) => row.id === reference) ??
    rows.find((row) => row.name === reference) ??
    (alike.length === 1 ? alike[0] : undefined)
  if (found !== undefined) return found.id
  throw new StudioError('not-found', notFoundMessage(NAMED[table], reference, rows.map((row) => row.name)))
}

/** Throws `conflict` when another record has this name. */
export function requireFreeName(db: ReadDb, table: NamedTable, name: string, exceptId: string | null = null): void {
  const taken = db.get(`SELECT id FROM ${table} WHERE name = @name`, { name })
  if (taken === undefined || taken.id === exceptId) return
  throw new StudioError('conflict', `There is already a ${NAMED[table].one} named "${name}". Choose another name.`)
}

/** The wanted name, or the wanted name with the first free number behind it. */
export function freeName(db: ReadDb, table: NamedTable, wanted: string): string {
  const taken = new Set(db.all(`SELECT name FROM ${table}`).map((row) => row.name))
  let name = wanted
  for (let number = 2; taken.has(name); number++) name = `${wanted} ${number}`
  return name
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

function notFoundMessage(
  words: { readonly one: string; readonly many: string }, reference: string, names: readonly string[],
): string {
  const start = `There is no ${words.one} "${reference}" in this workspace.`
  const near = nearNames(reference, names)
  if (near.length > 0) return `${start} Did you mean ${quoted(near)}?`
  if (names.length === 0) return `${start} It has no ${words.many} yet.`
  const more = names.length > 5 ? ` and ${names.length - 5} more` : ''
  return `${start} It has ${quoted(names.slice(0, 5))}${more}.`
}

/** At most three names a typing slip or a forgotten part away from the wanted one, nearest first. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  const folded = wanted.toLocaleLowerCase()
  const limit = Math.max(2, Math.floor(folded.length / 3))
  return names
    .map((name) => {
      const candidate = name.toLocaleLowerCase()
      const contained = folded.length >= 3 && (candidate.includes(folded) || folded.includes(candidate))
      return { name, distance: contained ? 1 : editDistance(folded, candidate) }
    })
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)
}

/** Levenshtein's distance, one row of the table at a time. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, previous[column] + 1, current[column - 1] + 1))
    }
    previous = current
  }
  return previous[b.length]
}
