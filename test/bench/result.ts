/** What a benchmark reports: numbers with their unit in the key, and ratios measured within one run. */
export interface BenchResult {
  readonly name: string
  readonly values: Readonly<Record<string, number | string>>
  /** `value` must reach `floor` */
  readonly ratios: Readonly<Record<string, { readonly value: number; readonly floor: number; readonly ok: boolean }>>
  /** For scripts: `--json` prints these at its top */
  readonly figures?: Readonly<Record<string, unknown>>
}
