import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { note } from '../../src/main/cli/output.ts'
import type { Measurement } from '../measurement.ts'
import type { Row } from '../results.ts'
import { lineOf } from '../row-cache.ts'
import type { BenchmarkSize } from '../sizes.ts'
import { benchmarkPage } from './page.ts'
import { picturesOf } from './pictures.ts'
import { bySize, decodeSizeResult, encodeSizeResult, type SizeResult } from './size-result.ts'

const FOLDER = 'benchmark'

/** What is reported: rows, and the measurements that they are of. */
export interface Report {
  readonly size: BenchmarkSize
  readonly rows: readonly Row[]
  readonly measurements: readonly Measurement[]
}

/** Where a project keeps the measurements that its page of a size is of, as a row cache does: another machine's report goes on from them. */
export function measurementsFile(project: string, { name }: Pick<BenchmarkSize, 'name'>): string {
  return join(project, 'docs', FOLDER, `${name}.jsonl`)
}

/**
 * Writes docs/benchmark/<size>.json and .jsonl, the pictures of every size that is there, and docs/benchmark.md. Without rows, the
 * documents that are there are what the page is written from.
 */
export async function writeReport(project: string, { size, rows, measurements }: Report): Promise<void> {
  const docs = join(project, 'docs')
  const folder = join(docs, FOLDER)
  await mkdir(folder, { recursive: true })
  if (rows.length > 0) {
    // the next report reads it: whole or as it was, whatever happens meanwhile
    const kept = measurementsFile(project, size)
    await writeFile(`${kept}.part`, measurements.map(lineOf).join(''))
    await rename(`${kept}.part`, kept)
    await writeFile(join(folder, `${size.name}.json`), encodeSizeResult(size, rows))
  }
  const results = bySize(await readResults(folder))
  const pictures = new Map<SizeResult, { file: string; title: string }[]>()
  for (const result of results) {
    const links: { file: string; title: string }[] = []
    for (const { name, title, svg } of picturesOf(result)) {
      const file = `${result.size.name}-${name}.svg`
      await writeFile(join(folder, file), svg)
      links.push({ file: `${FOLDER}/${file}`, title })
    }
    pictures.set(result, links)
  }
  const [diagnosis, history] = await Promise.all(['diagnosis.md', 'history.md'].map((name) => readFile(join(folder, name), 'utf8').catch(() => '')))
  await writeFile(join(docs, 'benchmark.md'), benchmarkPage({ results, diagnosis, history, pictures: (result) => pictures.get(result) ?? [] }))
  note(`Written: ${join(docs, 'benchmark.md')} (${results.map((result) => `${result.size.name}: ${result.rows.length} rows`).join(', ') || 'nothing measured'})`)
}

async function readResults(folder: string): Promise<SizeResult[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  return Promise.all(files.map(async (name) => {
    try {
      return decodeSizeResult(await readFile(join(folder, name), 'utf8'))
    } catch (cause) {
      throw new Error(`${join(folder, name)} is no result of the benchmark: remove it, or restore it from the repository.`, { cause })
    }
  }))
}
