import { z } from 'zod'
import { goalsOf, type Goal } from '../goals.ts'
import { rowSchema, type Row } from '../results.ts'
import { SIZES, type BenchmarkSize } from '../sizes.ts'

/** What is measured of one size: docs/benchmark/<size>.json. */
export interface SizeResult {
  readonly size: Pick<BenchmarkSize, 'name'>
  readonly rows: readonly Row[]
  readonly goals: readonly Goal[]
}

const fileSchema = z.object({ size: z.object({ name: z.string() }), rows: z.array(rowSchema) })

export function sizeResult(size: Pick<BenchmarkSize, 'name'>, rows: readonly Row[]): SizeResult {
  return { size, rows, goals: goalsOf(rows) }
}

export function encodeSizeResult(size: BenchmarkSize, rows: readonly Row[]): string {
  return `${JSON.stringify({ size, goals: goalsOf(rows), rows }, null, 1)}\n`
}

/** Throws where it is no such document. */
export function decodeSizeResult(text: string): SizeResult {
  const { size, rows } = fileSchema.parse(JSON.parse(text))
  return sizeResult(size, rows)
}

/** Largest size first. */
export function bySize(results: readonly SizeResult[]): SizeResult[] {
  const order = Object.keys(SIZES)
  return results.toSorted((a, b) => order.indexOf(b.size.name) - order.indexOf(a.size.name))
}
