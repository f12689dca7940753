import { resolve } from 'node:path'
import type { Command } from 'commander'
import { allPages } from './all-pages.ts'
import { degreesUpTo } from './arguments.ts'
import { printResult, type OutputOptions } from './output.ts'
import { followJob, withStudio } from './studio-session.ts'

interface ImportOptions extends OutputOptions {
  readonly dataset: string
  readonly labels?: string
  readonly hfov?: number
  readonly vfov?: number
}

export function addImportCommand(program: Command): void {
  program
    .command('import <workspace> <folder>')
    .description('import a folder of panoramas (jpg, png, webp, tiff), or a text file that lists images')
    .requiredOption('--dataset <name>', 'name of the dataset; an existing one is added to')
    .option('--labels <folder>', 'truth label maps, matched by name (for evaluation only)')
    .option('--hfov <degrees>', 'horizontal field of view of every image (default: from XMP, else from the aspect)', degreesUpTo(360))
    .option('--vfov <degrees>', 'vertical field of view of every image', degreesUpTo(180))
    .option('--json', 'print one JSON document: {dataset, panoramas, refused}')
    .action(async (workspace: string, folder: string, options: ImportOptions) => {
      const result = await withStudio(workspace, async (client) => {
        const { datasetId, jobId } = await client.call('datasets.import', {
          folder: resolve(folder),
          name: options.dataset,
          labelsFolder: options.labels === undefined ? null : resolve(options.labels),
          hfovDeg: options.hfov ?? null,
          vfovDeg: options.vfov ?? null,
        })
        await followJob(client, jobId)
        const dataset = (await client.call('datasets.list', {})).find(({ id }) => id === datasetId)
        const panoramas = await allPages((offset, limit) =>
          client.call('panoramas.list', { dataset: datasetId, offset, limit }).then(({ panoramas: items, total }) => ({ items, total })))
        return { dataset, panoramas, refused: await client.call('datasets.refused', { dataset: datasetId }) }
      })
      printResult(result, options, ({ dataset, refused }) =>
        [`Dataset ${dataset?.name} (${dataset?.id}): ${dataset?.panoramas} panoramas, ${dataset?.withTruth} with truth, ${refused.length} files refused.`,
          ...refused.map(({ message }) => `  refused: ${message}`)].join('\n'))
    })
}
