import { join } from 'node:path'
import { StudioError } from '../src/contract/errors.ts'
import type { ProviderSetting } from '../src/contract/schemas.ts'
import { createProgressLine } from '../src/main/cli/progress-line.ts'
import { openBenchWorkspace } from './bench-workspace.ts'
import { digestOf } from './digest.ts'
import { measure, planRuns } from './measure.ts'
import { describeModels, type ModelFiles } from './models.ts'
import { openRowCache } from './row-cache.ts'
import type { RowSpec } from './rows.ts'
import { measuredOf, runRows, type RunOutcome } from './run-rows.ts'
import { prepareSetting, type Setting } from './setting.ts'
import type { BenchmarkSize } from './sizes.ts'
import { drawWorld, type World } from './world.ts'

export interface BenchmarkRequest {
  readonly size: BenchmarkSize
  readonly specs: readonly RowSpec[]
  readonly seeds: number
  /** folder of streets, workspaces and finished rows */
  readonly work: string
  readonly files: ModelFiles
  readonly provider: ProviderSetting
  /** of the CPU provider; 0: one per core */
  readonly threads: number
  /** drawn into the work folder where omitted */
  readonly world?: World
}

/**
 * Draws the streets, opens the workspace and measures what is not in the cache; or, not `measuring`, tells what is there, or in
 * `elsewhere`: files of measurements that other machines made.
 */
export async function benchmark(request: BenchmarkRequest, { measuring, elsewhere = [] }: { readonly measuring: boolean; readonly elsewhere?: readonly string[] }): Promise<RunOutcome> {
  const { size, specs, seeds, work, files } = request
  const ending = new AbortController()
  const stop = (): void => ending.abort(new StudioError('cancelled', 'Stopped. What is finished is kept: run the same command again to go on.'))
  process.on('SIGINT', stop)
  process.on('SIGTERM', terminate)
  try {
    const cache = await openRowCache(join(work, size.name, 'rows.jsonl'), elsewhere)
    // the streets say which measurements are of them; where there is none, none need be drawn
    if (!measuring && cache.all().length === 0) return { rows: [], measurements: [], failed: [] }
    const world = request.world ?? (await drawnWorld(work, size, ending.signal))
    const models = await describeModels(files)
    const options = { size, seeds, world: world.hash, models: models.hashes, cache }
    if (!measuring) return { ...measuredOf(specs, options), failed: [] }

    // other streets, other models or another size of the students' network: another workspace
    const folder = join(work, size.name, `workspace-${digestOf({ world: world.hash, models: models.hashes, student: [size.student.height, size.student.width] }).slice(0, 12)}`)
    const bench = openBenchWorkspace(folder)
    const setting: Setting = { bench, size, world, models, provider: request.provider, threads: request.threads }
    try {
      let prepared: Promise<void> | null = null
      return await runRows(specs, {
        ...options,
        signal: ending.signal,
        async measure(spec, seed) {
          // where every row is in the cache, nothing is imported
          prepared ??= prepareSetting(setting).then(() => planRuns(setting, specs.map(({ subject }) => subject)))
          await prepared
          return measure(setting, spec.subject, seed)
        },
      })
    } finally {
      await bench.close()
    }
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', terminate)
  }
}

/** As Ctrl+C does: the job that is under way pauses. */
function terminate(): void {
  process.emit('SIGINT')
}

async function drawnWorld(work: string, size: BenchmarkSize, signal: AbortSignal): Promise<World> {
  const line = createProgressLine()
  try {
    return await drawWorld(join(work, 'streets'), size, { signal, onProgress: (part, done, total) => line.count(done, total, `  drawing streets for ${part}`) })
  } finally {
    line.end()
  }
}
