import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import type { Client, Input } from '../../contract/procedures.ts'
import type { ProviderSetting } from '../../contract/schemas.ts'
import { studentSizeSchema, type DistillationRun } from '../../contract/training-schemas.ts'
import { TA_REFINEMENT } from '../../core/goodsam/distillation-config.ts'
import { integerIn, numberIn, trainingSize } from './arguments.ts'
import { duration, note, percent, printResult, type OutputOptions } from './output.ts'
import { followJob, withStudio } from './studio-session.ts'

interface DistillOptions extends OutputOptions {
  readonly run: string
  readonly student: string
  readonly init?: string
  readonly steps?: number
  readonly size?: { readonly height: number; readonly width: number }
  readonly batch?: number
  readonly lr?: number
  readonly warmup?: number
  readonly heldOut?: number
  readonly seed?: number
  readonly provider?: ProviderSetting
  readonly refineTa?: boolean
  readonly refineSteps?: number
  readonly name?: string
}

interface Distilled {
  /** id of the student */
  readonly student: string | null
  readonly name: string
  readonly distillation: string
  readonly steps: number
  /** of the last update */
  readonly loss: number | null
  /** best score of the held-out panoramas; null: none is held out */
  readonly score: number | null
  /** mIoU against truth, or share of the pixels on which student and pseudo-labels agree */
  readonly scoreKind: DistillationRun['scoreKind']
  /** that this command took */
  readonly seconds: number
  readonly stepsPerSecond: number | null
}

export function addDistillCommand(program: Command): void {
  program
    .command('distill <workspace>')
    .description('train a compact student on the pseudo-labels of a labelling run; the same command again continues an interrupted one')
    .requiredOption('--run <run>', 'labelling run: id, name or "last"')
    .requiredOption('--student <student>', 'mini, tiny, small (SegFormer B0, B1, B2), or the path of an ONNX file')
    .option('--init <weights>', 'weights to begin with: "builtin", a .safetensors file, or an earlier student (id or name); omitted: random, or the ONNX file\'s own')
    .option('--steps <n>', 'updates of the weights', integerIn(1, 10_000_000))
    .option('--size <HxW>', 'training size, multiples of 32', trainingSize)
    .option('--batch <n>', 'samples per update', integerIn(1, 64))
    .option('--lr <rate>', 'learning rate', numberIn(0, 1))
    .option('--warmup <n>', 'updates until the learning rate has its full value', integerIn(0, 10_000_000))
    .option('--held-out <share>', 'share of the panoramas that scores the student instead of teaching it', numberIn(0, 0.5))
    .option('--seed <n>', 'decides everything random', integerIn(0, 2 ** 32 - 1))
    .addOption(new Option('--provider <provider>', 'execution provider').choices(['auto', 'cpu', 'webgpu', 'cuda']))
    .option('--refine-ta', 'first refine the teacher assistant on its own windows, label again with it, and distil those labels')
    .option('--refine-steps <n>', 'updates of the teacher assistant in that stage (implies --refine-ta); about twenty minutes of them where omitted', integerIn(1, 10_000_000))
    .option('--name <name>', 'name of the distillation run and its student')
    .option('--json', 'print one JSON document: {student, name, distillation, steps, loss, score, scoreKind, seconds, stepsPerSecond}')
    .action(async (workspace: string, options: DistillOptions) => {
      const result = await withStudio(workspace, (client) => distill(client, options))
      printResult(result, options, describe)
    })
}

async function distill(client: Client, options: DistillOptions): Promise<Distilled> {
  const started = performance.now()
  const { distillationId, jobId } = await client.call('distillations.start', requestOf(options))
  const plan = await client.call('distillations.get', { distillation: distillationId })
  tellPlan(plan)
  await followJob(client, jobId, plan.warnings)
  const run = await client.call('distillations.get', { distillation: distillationId })
  return {
    student: run.studentId,
    name: run.name,
    distillation: run.id,
    steps: run.step,
    loss: run.loss,
    score: run.bestScore,
    scoreKind: run.scoreKind,
    seconds: (performance.now() - started) / 1000,
    stepsPerSecond: run.imagesPerSecond === null ? null : run.imagesPerSecond / (run.batch * run.accumulate),
  }
}

/** What a person should know before the first step. */
function tellPlan({ name, panoramas, heldOut, config, estimatedPeakBytes, warnings }: DistillationRun): void {
  const { height, width, batch, accumulate, steps } = config
  const memory = estimatedPeakBytes === null ? '' : `, about ${(estimatedPeakBytes / 1e9).toFixed(1)} GB for a step`
  note(`"${name}": ${steps} steps of ${batch * accumulate} at ${height}x${width}, ${panoramas} panoramas to learn from, ${heldOut} held out${memory}`)
  for (const warning of warnings) note(`warning: ${warning}`)
}

function requestOf(options: DistillOptions): Input<'distillations.start'> {
  const { run, student, init, steps, size, batch, lr, warmup, heldOut, seed, provider, refineTa, refineSteps, name } = options
  const built = studentSizeSchema.safeParse(student)
  return {
    run,
    student: built.success ? built.data : { onnx: resolve(student) },
    init: initOf(init),
    config: {
      ...(steps === undefined ? {} : { steps }),
      ...size,
      ...(batch === undefined ? {} : { batch }),
      ...(lr === undefined ? {} : { learningRate: lr }),
      ...(warmup === undefined ? {} : { warmupSteps: warmup }),
      ...(heldOut === undefined ? {} : { heldOut }),
      ...(seed === undefined ? {} : { seed }),
      ...(refineTa === true || refineSteps !== undefined ? { taRefinement: { ...TA_REFINEMENT, steps: refineSteps ?? null } } : {}),
    },
    name: name ?? null,
    provider: provider ?? null,
  }
}

function initOf(init: string | undefined): Input<'distillations.start'>['init'] {
  if (init === undefined || init === 'random') return 'random'
  if (init === 'builtin') return init
  return init.endsWith('.safetensors') ? { file: resolve(init) } : { student: init }
}

function describe({ student, name, steps, loss, score, scoreKind, seconds, stepsPerSecond }: Distilled): string {
  const speed = stepsPerSecond === null ? '' : `, ${stepsPerSecond.toPrecision(3)} steps a second`
  const scored = score === null ? '' : `, at best ${scoreKind === 'miou' ? 'mIoU' : 'agreement with the pseudo-labels'} ${percent(score)} on held-out panoramas`
  return `Student ${student ?? '(none)'} "${name}": ${steps} steps, loss ${loss?.toFixed(4) ?? '-'}${scored}, ${duration(seconds)}${speed}`
}
