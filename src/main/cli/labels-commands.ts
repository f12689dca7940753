import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import type { Evaluation } from '../../contract/schemas.ts'
import { percent, printResult, table, type OutputOptions } from './output.ts'
import { withProgress, withStudio } from './studio-session.ts'

type ExportOptions = OutputOptions & { run: string; format: 'cityscapes' | 'color' | 'coco-panoptic'; out: string }

/** labels export, evaluate labels */
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

  const evaluate = program.command('evaluate').description('score against truth')
  evaluate
    .command('labels <workspace>')
    .description('score the pseudo-labels of a labelling run')
    .requiredOption('--run <run>', 'id, name or "last"')
    .option('--truth <folder>', 'label maps, matched by name (default: the truth imported with the dataset)')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions & { run: string; truth?: string }) => {
      const result = await withStudio(workspace, (client) =>
        withProgress(client, () => client.call('labels.evaluate', { run: options.run, truth: options.truth === undefined ? null : resolve(options.truth) })))
      printResult(result, options, describeEvaluation)
    })
}

function describeEvaluation(result: Evaluation): string {
  const classes = result.perClass.filter(({ iou }) => iou !== null)
  return [
    `mIoU ${percent(result.miou)} over ${result.panoramas} panoramas (one global confusion matrix, 255 ignored, absent classes left out)`,
    `pixel accuracy ${percent(result.pixelAccuracy)}, solid-angle-weighted mIoU ${percent(result.solidAngleMiou)}, boundary F ${percent(result.boundaryF)}, seam consistency ${percent(result.seamConsistency)}`,
    table(['class', 'IoU', 'truth pixels'], classes.map((c) => [c.name, percent(c.iou), `${c.pixels}`])),
    table(['latitude', 'mIoU'], result.latitudeBands.map((b) => [`${b.fromDeg} to ${b.toDeg}`, percent(b.miou)])),
    ...result.skipped.map(({ message }) => `  left out: ${message}`),
  ].join('\n')
}
