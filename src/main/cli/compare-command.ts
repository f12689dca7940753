import type { Command } from 'commander'
import { StudioError } from '../../contract/errors.ts'
import type { Client } from '../../contract/procedures.ts'
import type { LabellingRun, Model } from '../../contract/schemas.ts'
import type { Comparison, EvaluationSubject, Student } from '../../contract/training-schemas.ts'
import { folderOf, runEvaluation, withNetworkOptions, type NetworkOptions } from './evaluate-commands.ts'
import { note, percent, printResult, table, type OutputOptions } from './output.ts'
import { withStudio } from './studio-session.ts'

/** Panoramas in the printed table: the JSON has all. */
const MOST_PANORAMAS = 10

export function addCompareCommand(program: Command): void {
  withNetworkOptions(
    program
      .command('compare <workspace> <subject> <subject...>')
      .description('compare students, TA models and labelling runs: what was not evaluated yet is evaluated first')
      .option('--dataset <dataset>', 'id or name (default: that of the first student or labelling run)')
      .addHelpText('after', '\nA subject is an id or a name; where a name is ambiguous, put student:, ta: or run: in front of it.'),
  ).action(async (workspace: string, first: string, others: string[], options: OutputOptions & NetworkOptions) => {
    const comparison = await withStudio(workspace, (client) => compare(client, [first, ...others], options))
    printResult(comparison, options, describe)
  })
}

async function compare(client: Client, names: readonly string[], options: NetworkOptions): Promise<Comparison> {
  if (names.length > 8) throw new StudioError('bad-input', `${names.length} subjects are too many to be read side by side: name at most 8.`)
  const known = await knownSubjects(client)
  const subjects = names.map((name) => findSubject(known, name))
  const dataset = await datasetOf(client, subjects, options.dataset)
  const evaluationIds: string[] = []
  for (const subject of subjects) evaluationIds.push(await evaluationOf(client, subject, { ...options, dataset: dataset.id }))
  return client.call('evaluations.compare', { evaluationIds })
}

type Known = EvaluationSubject & {
  /** null: a TA is made from none */
  readonly datasetId: string | null
  /** SHA-256 of the network as it is now; null for a labelling run */
  readonly network: string | null
  /** the job whose end made a labelling run's maps what they are */
  readonly jobId: string | null
}

async function knownSubjects(client: Client): Promise<Known[]> {
  const [students, models, runs] = await Promise.all([client.call('students.list', {}), client.call('models.list', {}), client.call('runs.list', {})])
  return [...students.map(asStudent), ...models.filter(({ kind }) => kind === 'ta').map(asTa), ...runs.map(asRun)]
}

function asStudent({ id, name, datasetId, network }: Student): Known {
  return { kind: 'student', id, name, datasetId, network, jobId: null }
}

function asTa({ id, name, sha256 }: Model): Known {
  return { kind: 'ta', id, name, datasetId: null, network: sha256, jobId: null }
}

function asRun({ id, name, datasetId, jobId }: LabellingRun): Known {
  return { kind: 'run', id, name, datasetId, network: null, jobId }
}

/** By id or name, of any kind unless one is said. Throws `not-found`, and `bad-input` where a name is ambiguous. */
function findSubject(known: readonly Known[], wanted: string): Known {
  const [, kind, name] = /^(student|ta|run):(.+)$/.exec(wanted) ?? [null, null, wanted]
  const candidates = known.filter((one) => kind === null || one.kind === kind)
  const byId = candidates.filter(({ id }) => id === name)
  const found = byId.length > 0 ? byId : candidates.filter((one) => one.name === name)
  if (found.length > 1) {
    throw new StudioError('bad-input', `"${wanted}" is the name of several things: say ${found.map((one) => `${one.kind}:${one.name}`).join(' or ')}.`)
  }
  if (found.length === 1) return found[0]
  const names = candidates.map((one) => `"${one.name}"`).slice(0, 8).join(', ')
  throw new StudioError('not-found', `There is no student, TA or labelling run "${wanted}" in this workspace.${names === '' ? '' : ` It has ${names}.`}`)
}

async function datasetOf(client: Client, subjects: readonly Known[], wanted: string | undefined): Promise<{ readonly id: string }> {
  const own = wanted ?? subjects.find(({ datasetId }) => datasetId !== null)?.datasetId
  if (own === undefined || own === null) throw new StudioError('bad-input', 'Name the dataset on which they are to be compared with --dataset.')
  const datasets = await client.call('datasets.list', {})
  const found = datasets.find(({ id }) => id === own) ?? datasets.find(({ name }) => name === own)
  if (found === undefined) throw new StudioError('not-found', `There is no dataset "${own}" in this workspace: "datasets list" shows what there is.`)
  return found
}

/** The newest evaluation that still says what the subject scores; a new one where there is none. */
async function evaluationOf(client: Client, subject: Known, options: NetworkOptions): Promise<string> {
  const { kind, id, name, network, jobId } = subject
  const madeAt = jobId === null ? null : (await client.call('jobs.get', { jobId })).finishedAt
  const earlier = (await client.call('evaluations.list', {})).find((one) =>
    one.status === 'done' && one.subject.kind === kind && one.subject.id === id && one.datasetId === options.dataset &&
    // label maps in a folder may have changed since
    one.truth === null && folderOf(options) === null &&
    (kind === 'run' ? madeAt !== null && one.createdAt > madeAt : one.mode === options.mode && one.hashes.network === network))
  if (earlier !== undefined) return earlier.id
  note(`Evaluating ${name}`)
  const request = kind === 'student' ? { student: id } : kind === 'ta' ? { ta: id } : { run: id }
  return (await runEvaluation(client, request, options)).id
}

function describe({ evaluations, perClass, perPanorama }: Comparison): string {
  const names = evaluations.map(({ subject }) => subject.name)
  const score = (pick: (result: NonNullable<(typeof evaluations)[number]['result']>) => number | null): (number | null)[] =>
    evaluations.map(({ result }) => (result === null ? null : pick(result)))
  const overall: [string, (number | null)[]][] = [
    ['mIoU', score((result) => result.miou)], ['pixel accuracy', score((result) => result.pixelAccuracy)],
    ['solid-angle mIoU', score((result) => result.solidAngleMiou)], ['boundary F', score((result) => result.boundaryF)],
    ['seam consistency', score((result) => result.seamConsistency)],
  ]
  const classes = perClass.filter(({ iou }) => iou.some((value) => value !== null))
  return [
    `On ${evaluations[0].datasetName}; in brackets the difference to ${names[0]}, in points`,
    table(['', ...names], overall.map(([title, values]) => [title, ...cells(values)])),
    table(['class', ...names], classes.map(({ name, iou }) => [name, ...cells(iou)])),
    table(['panorama, most different first', ...names], perPanorama.slice(0, MOST_PANORAMAS).map(({ name, miou }) => [name, ...cells(miou)])),
  ].join('\n')
}

/** 0.50, 0.53 -> "50.0 %", "53.0 % (+3.0)" */
function cells([first, ...others]: readonly (number | null)[]): string[] {
  return [percent(first), ...others.map((value) => {
    if (value === null || first === null) return percent(value)
    const points = 100 * (value - first)
    return `${percent(value)} (${points < 0 ? '' : '+'}${points.toFixed(1)})`
  })]
}
