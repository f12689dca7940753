import { Option, type Command } from 'commander'
import type { Client } from '../../contract/procedures.ts'
import type { LabelStats, PanoramaResult, ProviderSetting } from '../../contract/schemas.ts'
import type { Recipe, WindowGeometry } from '../../core/goodsam/config.ts'
import { integerIn, numberIn } from './arguments.ts'
import { allPages } from './all-pages.ts'
import { duration, percent, printResult, table, type OutputOptions } from './output.ts'
import { followJob, withStudio } from './studio-session.ts'

interface LabelOptions extends OutputOptions {
  readonly dataset: string
  readonly sam?: string
  readonly ta: string
  readonly recipe: Recipe
  readonly windows: WindowGeometry
  readonly theta?: number
  readonly taOnly?: boolean
  readonly provider?: ProviderSetting
  readonly name?: string
  readonly pointsPerSide?: number
  readonly predIou?: number
  readonly stability?: number
}

interface LabelledPanorama extends LabelStats {
  readonly name: string
  readonly width: number
  readonly height: number
}

export function addLabelCommand(program: Command): void {
  program
    .command('label <workspace>')
    .description('label every panorama of a dataset: SAM masks, TA semantics, fused pseudo-labels')
    .requiredOption('--dataset <dataset>', 'id or name')
    .option('--sam <model>', 'id or name of the SAM model')
    .requiredOption('--ta <model>', 'id or name of the teacher assistant')
    .addOption(new Option('--recipe <recipe>', 'the method').choices(['goodsam', 'goodsam++']).default('goodsam'))
    .addOption(new Option('--windows <geometry>', 'rectangles of the panorama (sliding), or undistorted views as of a camera, results brought back to the panorama (gnomonic)')
      .choices(['sliding', 'gnomonic']).default('sliding'))
    .option('--theta <share>', 'majority share under which a mask is not trusted', numberIn(0, 1))
    .option('--ta-only', 'the baseline: stitched TA semantics without SAM')
    .addOption(new Option('--provider <provider>', 'execution provider').choices(['auto', 'cpu', 'webgpu', 'cuda']))
    .option('--name <name>', 'name of the labelling run')
    .option('--points-per-side <n>', 'prompt grid per window', integerIn(1, 128))
    .option('--pred-iou <x>', 'least predicted IoU', numberIn(0, 1))
    .option('--stability <x>', 'least stability score', numberIn(0, 1))
    .option('--json', 'print one JSON document: {run, panoramas, failed, job}; exit code 0 unless every panorama failed')
    .action(async (workspace: string, options: LabelOptions, command: Command) => {
      if (!options.taOnly && options.sam === undefined) command.error("error: name a model with --sam, or ask for the baseline with --ta-only", { exitCode: 2 })
      const result = await withStudio(workspace, async (client) => {
        const { runId, jobId } = await startRun(client, options)
        const job = await followJob(client, jobId)
        const { panoramas, failed } = await readResults(client, runId)
        return { run: runId, panoramas, failed, job: job.id }
      })
      printResult(result, options, describe)
    })
}

async function startRun(client: Client, options: LabelOptions): Promise<{ runId: string; jobId: string }> {
  const overrides = {
    ...(options.pointsPerSide === undefined ? {} : { pointsPerSide: options.pointsPerSide }),
    ...(options.predIou === undefined ? {} : { predIou: options.predIou }),
    ...(options.stability === undefined ? {} : { stability: options.stability }),
  }
  return client.call('runs.start', {
    dataset: options.dataset,
    sam: options.taOnly ? null : (options.sam ?? null),
    ta: options.ta,
    recipe: options.recipe,
    windows: options.windows,
    name: options.name ?? null,
    theta: options.theta ?? null,
    samSettings: Object.keys(overrides).length > 0 ? overrides : null,
    provider: options.provider ?? null,
  })
}

async function readResults(client: Client, run: string): Promise<{ panoramas: LabelledPanorama[]; failed: { name: string; message: string }[] }> {
  const { datasetId } = await client.call('runs.get', { run })
  const results = await allPages((offset, limit) =>
    client.call('runs.results', { run, sort: 'name', offset, limit }).then(({ results: items, total }) => ({ items, total })))
  const known = await allPages((offset, limit) =>
    client.call('panoramas.list', { dataset: datasetId, offset, limit }).then(({ panoramas: items, total }) => ({ items, total })))
  const sizes = new Map(known.map((panorama) => [panorama.id, panorama]))
  const panoramas: LabelledPanorama[] = []
  for (const { stats, name, panoramaId } of results) {
    const panorama = sizes.get(panoramaId)
    if (stats && panorama) panoramas.push({ name, width: panorama.width, height: panorama.height, ...stats })
  }
  return { panoramas, failed: results.filter(isFailed).map(({ name, error }) => ({ name, message: error ?? '' })) }
}

function isFailed(result: PanoramaResult): boolean {
  return result.status === 'failed'
}

function describe({ run, panoramas, failed }: { run: string; panoramas: LabelledPanorama[]; failed: { name: string; message: string }[] }): string {
  const rows = panoramas.map((p) => [p.name, `${p.width}x${p.height}`, `${p.masks}`, percent(p.coverage), percent(p.meanConfidence),
    percent(p.disagreement), duration(p.seconds)])
  return [
    `Labelling run ${run}`,
    table(['panorama', 'size', 'masks', 'coverage', 'confidence', 'differs from TA', 'time'], rows),
    ...failed.map(({ name, message }) => `  failed: ${name}: ${message}`),
  ].join('\n')
}
