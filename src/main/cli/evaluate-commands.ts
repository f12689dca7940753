import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { StudioError } from '../../contract/errors.ts'
import type { Client, Input } from '../../contract/procedures.ts'
import type { Evaluation, ProviderSetting } from '../../contract/schemas.ts'
import type { EvaluationRecord, InferenceMode } from '../../contract/training-schemas.ts'
import { percent, printResult, table, type OutputOptions } from './output.ts'
import { followJob, withProgress, withStudio } from './studio-session.ts'

/** How a network is to be evaluated, as `evaluate student`, `evaluate ta` and `compare` say it. */
export interface NetworkOptions {
  readonly dataset?: string
  readonly truth?: string
  readonly mode: InferenceMode
  readonly provider?: ProviderSetting
}

/** evaluate labels, evaluate student, evaluate ta */
export function addEvaluateCommands(program: Command): void {
  const evaluate = program.command('evaluate').description('score against truth')
  evaluate
    .command('labels <workspace>')
    .description('score the pseudo-labels of a labelling run')
    .requiredOption('--run <run>', 'id, name or "last"')
    .option('--truth <folder>', 'label maps, matched by name (default: the truth imported with the dataset)')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions & { run: string; truth?: string }) => {
      const result = await withStudio(workspace, (client) =>
        withProgress(client, () => client.call('labels.evaluate', { run: options.run, truth: folderOf(options) })))
      printResult(result, options, describeEvaluation)
    })

  withNetworkOptions(evaluate.command('student <workspace>').description('score a student'))
    .requiredOption('--student <student>', 'id, name or "last"')
    .option('--dataset <dataset>', 'id or name (default: the one the student was made from)')
    .action(async (workspace: string, options: OutputOptions & NetworkOptions & { student: string }) =>
      evaluateNetwork(workspace, { student: options.student }, options))

  withNetworkOptions(evaluate.command('ta <workspace>').description('score a teacher assistant applied directly'))
    .requiredOption('--model <model>', 'id or name')
    .requiredOption('--dataset <dataset>', 'id or name')
    .action(async (workspace: string, options: OutputOptions & NetworkOptions & { model: string }) =>
      evaluateNetwork(workspace, { ta: options.model }, options))
}

/** Options that say how networks see panoramas and what they are scored against. */
export function withNetworkOptions(command: Command): Command {
  return command
    .option('--truth <folder>', 'label maps, matched by name (default: the truth imported with the dataset)')
    .addOption(new Option('--mode <mode>', 'how a network sees a panorama').choices(['whole', 'sliding']).default('whole'))
    .addOption(new Option('--provider <provider>', 'execution provider').choices(['auto', 'cpu', 'webgpu', 'cuda']))
    .option('--json', 'print one JSON document')
}

type Subject = Input<'evaluations.start'>['subject']

/** Starts an evaluation, follows it to its end and returns what it found. */
export async function runEvaluation(client: Client, subject: Subject, options: NetworkOptions): Promise<EvaluationRecord> {
  const { evaluationId, jobId } = await client.call('evaluations.start', {
    subject, dataset: options.dataset ?? null, truth: folderOf(options), mode: options.mode, provider: options.provider ?? null,
  })
  await followJob(client, jobId)
  return client.call('evaluations.get', { evaluationId })
}

export function folderOf({ truth }: { readonly truth?: string }): string | null {
  return truth === undefined ? null : resolve(truth)
}

async function evaluateNetwork(workspace: string, subject: Subject, options: OutputOptions & NetworkOptions): Promise<void> {
  const record = await withStudio(workspace, (client) => runEvaluation(client, subject, options))
  printResult(record, options, describeRecord)
}

function describeRecord({ subject, datasetName, mode, result, millisecondsPerPanorama, perPanorama }: EvaluationRecord): string {
  if (result === null) throw new StudioError('internal', 'The evaluation ended without a result.')
  const pace = millisecondsPerPanorama === null ? '' : `, ${millisecondsPerPanorama.toFixed(0)} ms per panorama`
  return [
    `${subject.name} on ${datasetName} (${mode ?? 'labels'}${pace})`,
    describeEvaluation(result),
    table(['panorama', 'mIoU', 'pixel accuracy'], perPanorama.map((one) => [one.name, percent(one.miou), percent(one.pixelAccuracy)])),
  ].join('\n')
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
