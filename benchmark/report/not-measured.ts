import type { Row } from '../results.ts'
import { chooseRows, ROWS, type RowSpec } from '../rows.ts'
import { SIZES, type BenchmarkSize } from '../sizes.ts'

/**
 * One line that names the rows of which a size has no result: values of a parameter together, a whole group by its number of
 * rows. Of the quick size, which measures whether everything runs, its own rows alone. null: all are measured.
 */
export function notMeasured({ name }: Pick<BenchmarkSize, 'name'>, rows: readonly Pick<Row, 'name'>[]): string | null {
  const specs = name === SIZES.quick.name ? chooseRows(SIZES.quick.rows) : ROWS
  const measured = new Set(rows.map((row) => row.name))
  const missing = specs.filter((spec) => !measured.has(spec.name))
  const wholeGroups = [...new Set(missing.map(({ group }) => group))].flatMap((group) => {
    const { length } = specs.filter((spec) => spec.group === group)
    return length > 1 && missing.filter((spec) => spec.group === group).length === length ? [{ group, length }] : []
  })
  const single = missing.filter(({ group }) => !wholeGroups.some((whole) => whole.group === group))
  const parts = [...namesOf(single), ...wholeGroups.map(({ group, length }) => `all ${length} rows of ${group}`)]
  return parts.length === 0 ? null : `Not measured at this size: ${parts.join('; ')}.`
}

/** The rows' names, those of no parameter first; "theta 0.4, 0.6" for theta=0.4 and theta=0.6. */
function namesOf(specs: readonly Pick<RowSpec, 'name'>[]): string[] {
  const plain = specs.filter(({ name }) => !name.includes('=')).map(({ name }) => name)
  const values = new Map<string, string[]>()
  for (const { name } of specs.filter((spec) => spec.name.includes('='))) {
    const [parameter, value] = name.split('=')
    values.set(parameter, [...(values.get(parameter) ?? []), value])
  }
  return [...(plain.length > 0 ? [plain.join(', ')] : []), ...Array.from(values, ([parameter, each]) => `${parameter} ${each.join(', ')}`)]
}
