import { table } from '../src/main/cli/output.ts'
import type { Goal } from './goals.ts'
import type { Row } from './results.ts'

/** The rows as a table for the terminal. */
export function terminalTable(rows: readonly Row[]): string {
  if (rows.length === 0) return 'No row was measured.'
  return table(
    ['row', 'mIoU', 'spread', 'boundary F', 'seam', 'parameters', 'ms', 'on', 'what'],
    rows.map((row) => [
      row.name, fixed(row.miou, 2), fixed(row.spread, 2), fixed(row.boundaryF, 1), fixed(row.seam, 1), millions(row.parameters),
      fixed(row.msPerPanorama, 0), `${row.panoramas} ${row.on}`, row.title,
    ]),
  )
}

export function goalLines(goals: readonly Goal[]): string {
  return goals.map(({ text, value, needed, unit, met }) =>
    `${met === null ? 'not measured' : met ? 'met' : 'NOT MET'}: ${text}: ${value === null ? '-' : value.toFixed(2)} ${unit} (needed: ${needed === 0 ? 'more than 0' : `at least ${needed}`})`).join('\n')
}

export function fixed(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits)
}

export function millions(parameters: number | null): string {
  return parameters === null ? '-' : `${(parameters / 1e6).toFixed(2)} M`
}
