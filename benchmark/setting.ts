import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProviderSetting } from '../src/contract/schemas.ts'
import { allPages } from '../src/main/cli/all-pages.ts'
import { followJob } from '../src/main/cli/studio-session.ts'
import type { BenchWorkspace } from './bench-workspace.ts'
import { writeSourceNetwork, type BenchmarkModels } from './models.ts'
import type { BenchmarkSize } from './sizes.ts'
import type { World } from './world.ts'

/** Names in the benchmark's workspace. */
export const DATASETS = { training: 'training', evaluation: 'evaluation', ablation: 'ablation' } as const
export const MODELS = { sam: 'sam', ta: 'ta' } as const

/** Name of the student before it has learned anything: a network for one size of image. */
export function sourceName({ student: { height, width } }: BenchmarkSize): string {
  return `source-only ${height}x${width}`
}

/** All that a measurement works with: imported panoramas, added models. */
export interface Setting {
  readonly bench: BenchWorkspace
  readonly size: BenchmarkSize
  readonly world: World
  readonly models: BenchmarkModels
  readonly provider: ProviderSetting
  /** of the CPU provider; 0: one per core */
  readonly threads: number
}

/** Imports what is not imported yet and adds the models. A workspace is of one world and one set of models: its folder's name says so. */
export async function prepareSetting(setting: Setting): Promise<void> {
  const { bench, size, world, models, provider, threads } = setting
  await mkdir(bench.folder, { recursive: true })
  await (await bench.client()).call('settings.set', { provider, cpuThreads: threads })
  const { training, evaluation } = world
  const imports: readonly [dataset: keyof typeof DATASETS, from: readonly string[], labels: string | null][] = [
    ['training', training.files, null], ['evaluation', evaluation.files, evaluation.truth], ['ablation', training.files.slice(0, size.ablation), null],
  ]
  for (const [dataset, files, labels] of imports) {
    await importOnce(bench, { dataset, count: files.length, from: await listFile(bench, dataset, files), labels })
  }
  const client = await bench.client()
  const known = new Set((await client.call('models.list', {})).map(({ name }) => name))
  const add = async (kind: 'sam' | 'ta', name: string, files: readonly string[]): Promise<void> => {
    if (!known.has(name)) await client.call('models.add', { kind, name, files: [...files] })
  }
  await add('sam', MODELS.sam, models.sam)
  await add('ta', MODELS.ta, [models.ta])
  if (!known.has(sourceName(size))) await add('ta', sourceName(size), [await writeSourceNetwork(models, bench.folder, size.student)])
}

interface Import {
  readonly dataset: string
  readonly count: number
  /** a file that lists images */
  readonly from: string
  readonly labels: string | null
}

async function importOnce(bench: BenchWorkspace, { dataset, count, from, labels }: Import): Promise<void> {
  const client = await bench.client()
  const found = (await client.call('datasets.list', {})).find(({ name }) => name === dataset)
  if (found?.panoramas === count && (labels === null || found.withTruth === count)) return
  const { jobId } = await client.call('datasets.import', { folder: from, name: dataset, labelsFolder: labels, hfovDeg: null, vfovDeg: null })
  await followJob(client, jobId)
  const imported = await allPages((offset, limit) =>
    client.call('panoramas.list', { dataset, offset, limit }).then(({ panoramas, total }) => ({ items: panoramas, total })))
  if (imported.length === count) return
  const refused = await client.call('datasets.refused', { dataset })
  throw new Error(`Of ${count} panoramas for "${dataset}", ${imported.length} could be imported.${refused.map(({ message }) => `\n  ${message}`).join('')}`)
}

/** The product imports lists of images, too: of a folder that holds more, these alone. */
async function listFile(bench: BenchWorkspace, dataset: string, files: readonly string[]): Promise<string> {
  const path = join(bench.folder, `${dataset}.txt`)
  await writeFile(path, files.map((file) => `${file}\n`).join(''))
  return path
}
