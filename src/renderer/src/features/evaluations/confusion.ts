import { formatShare, plural } from '../../app/format.ts'

/** Rows: truth. Columns: prediction, the last one counts pixels that were given no class. */
export type ConfusionCounts = readonly (readonly number[])[]

/** 0..1 for the shade of each cell: share of its truth class, or of the largest count. Empty rows are null. */
export function shades(counts: ConfusionCounts, normalised: boolean): readonly (readonly number[] | null)[] {
  const most = Math.max(1, ...counts.flat())
  return counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0)
    if (total === 0) return null
    return row.map((count) => count / (normalised ? total : most))
  })
}

/** Whether any pixel was given no class: without one the column needs no room. */
export function hasUnlabelled(counts: ConfusionCounts): boolean {
  return counts.some((row) => row.length > counts.length && (row.at(-1) ?? 0) > 0)
}

/** "wall taken for building: 12 345 pixels, 8.2 % of all wall" */
export function cellText(counts: ConfusionCounts, at: { readonly truth: number; readonly prediction: number }, names: readonly string[]): string {
  const row = counts[at.truth]
  const count = row[at.prediction]
  const total = row.reduce((sum, one) => sum + one, 0)
  const share = total === 0 ? '' : `, ${formatShare(count / total)} of all ${names[at.truth]}`
  const pixels = `${plural(count, 'pixel')}${share}`
  if (at.truth === at.prediction) return `${names[at.truth]} found: ${pixels}`
  const taken = at.prediction >= names.length ? 'given no class' : `taken for ${names[at.prediction]}`
  return `${names[at.truth]} ${taken}: ${pixels}`
}
