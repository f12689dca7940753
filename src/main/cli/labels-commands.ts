import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { printResult, type OutputOptions } from './output.ts'
import { withProgress, withStudio } from './studio-session.ts'

type ExportOptions = OutputOptions & { run: string; format: 'cityscapes' | 'color' | 'coco-panoptic'; out: string }

/** labels export; evaluate labels: evaluate-commands.ts */
export function addLabelsCommands(program: Command): void {
  const labels = program.command('labels').description('pseudo-labels of a labelling run')
  labels
    .command('export <workspace>')
    .description('write the pseudo-labels as files that other tools read')
    .requiredOption('--run <run>', 'id, name or "last"')
    .addOption(new Option('--format <format>', 'layout').choices(['cityscapes', 'color', 'coco-panoptic']).default('cityscapes'))
    .requiredOption('--out <folder>', 'where to write')
    .option('--json', 'print one JSON document: {folder, format, panoramas, files, skipped}')
    .action(async (workspace: string, options: ExportOptions) => {
      const result = await withStudio(workspace, (client) =>
        withProgress(client, () => client.call('labels.export', { run: options.run, format: options.format, out: resolve(options.out) })))
      printResult(result, options, (done) => [`Exported ${done.panoramas} panoramas, ${done.files} files, to ${done.folder}`,
        ...done.skipped.map(({ message }) => `  left out: ${message}`)].join('\n'))
    })
}
