import { EXIT_CODES, StudioError, toWireError } from '../../contract/errors.ts'

/** stdout carries the result (text, or one JSON document with --json); everything else goes to stderr. */

export interface OutputOptions {
  readonly json?: boolean
}

/** Prints the result: `value` as JSON, or the lines that `text` makes of it. */
export function printResult<T>(value: T, options: OutputOptions, text: (value: T) => string): void {
  process.stdout.write(`${options.json ? JSON.stringify(value, null, 2) : text(value)}\n`)
}

export function note(message: string): void {
  process.stderr.write(`${message}\n`)
}

/** Prints the error for people on stderr (and as JSON on stdout with --json) and returns the exit code. */
export function reportError(error: unknown, options: OutputOptions): number {
  const wire = toWireError(error)
  if (options.json) process.stdout.write(`${JSON.stringify({ error: wire }, null, 2)}\n`)
  note(`error: ${wire.message}`)
  if (wire.code === 'internal' && error instanceof Error && !(error instanceof StudioError)) note(error.stack ?? '')
  return EXIT_CODES[wire.code]
}

/** Columns padded to their widest cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = (cells: readonly string[]): string => cells.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()
  return [header, ...rows].map(line).join('\n')
}

/** 95 -> "1 min 35 s" */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** 0.7215 -> "72.2 %" */
export function percent(share: number | null, digits = 1): string {
  return share === null ? '-' : `${(share * 100).toFixed(digits)} %`
}
