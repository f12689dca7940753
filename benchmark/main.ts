/** npm run -s benchmark: the method's comparison on generated streets, through the product. See docs/benchmark.md. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { ProviderSetting } from '../src/contract/schemas.ts'
import { toWireError } from '../src/contract/errors.ts'
import { note } from '../src/main/cli/output.ts'
import { integerIn } from '../src/main/cli/arguments.ts'
import { benchmark, type BenchmarkRequest } from './benchmark.ts'
import { builtinFiles } from './builtin-files.ts'
import { goalsOf } from './goals.ts'
import { measurementsFile, writeReport } from './report/write-report.ts'
import { chooseRows } from './rows.ts'
import { GROUPS, SIZES, type SizeName } from './sizes.ts'
import { goalLines, terminalTable } from './terminal-table.ts'

interface Options {
  readonly quick?: boolean
  readonly size: SizeName
  readonly json?: boolean
  readonly only?: readonly string[]
  readonly work: string
  readonly seeds?: number
  readonly report?: boolean
  readonly list?: boolean
  readonly provider: ProviderSetting
  readonly threads: number
}

const PROJECT = resolve(import.meta.dirname, '..')
/** More seeds than anybody trains: a report tells what there is. */
const ALL_SEEDS = 100
const DEFAULT_WORK = join(homedir(), '.cache', 'goodsam-studio', 'benchmark')

function program(): Command {
  return new Command('benchmark')
    .description('measures the method on generated streets, through the product; what was measured before is not measured again')
    .addOption(new Option('--size <size>', 'how much is drawn, labelled and trained').choices(Object.keys(SIZES)).default('full'))
    .option('--quick', 'the smallest size: whether everything runs, in minutes')
    .option('--only <rows>', 'names of rows or groups, with commas between them', words)
    .option('--seeds <n>', 'trainings per student row (default: that of the size)', integerIn(1, 100))
    .option('--work <folder>', 'streets, workspace and finished rows', DEFAULT_WORK)
    .addOption(new Option('--provider <provider>', 'execution provider').choices(['auto', 'cpu', 'webgpu', 'cuda']).default('auto'))
    .option('--threads <n>', 'of the CPU provider, 0: one per core; on a machine that others use, fewer are quicker', integerIn(0, 256), 0)
    .option('--json', 'print one JSON document: a list of rows {name, miou, boundaryF, seam, latitude, perClass, parameters, msPerPanorama, seeds, spread, command, ...}')
    .addOption(new Option('--report', 'measure nothing: write all that is measured, here or in docs/benchmark/, to docs/benchmark/ and docs/benchmark.md').conflicts(['only', 'seeds']))
    .option('--list', 'print the rows and what they are, and end')
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
}

function words(text: string): string[] {
  const found = text.split(',').map((word) => word.trim()).filter((word) => word !== '')
  if (found.length === 0) throw new InvalidArgumentError('Name at least one row or group.')
  return found
}

async function run(argv: readonly string[]): Promise<number> {
  const options = program().parse(argv).opts<Options>()
  const size = SIZES[options.quick === true ? 'quick' : options.size]
  const reporting = options.report === true
  const specs = chooseRows(options.only ?? (reporting ? GROUPS : size.rows))
  if (options.list === true) {
    process.stdout.write(specs.map(({ name, group, title }) => `${group.padEnd(16)} ${name.padEnd(24)} ${title}\n`).join(''))
    return 0
  }
  // npm runs scripts in the project's folder; paths are meant from where the user stands
  const work = resolve(process.env['INIT_CWD'] ?? '.', options.work)
  const request: BenchmarkRequest = {
    size, specs, work, seeds: options.seeds ?? (reporting ? ALL_SEEDS : size.seeds), files: await builtinFiles(join(work, 'models')), provider: options.provider, threads: options.threads,
  }
  const { rows, measurements, failed } = await benchmark(request, reporting ? { measuring: false, elsewhere: [measurementsFile(PROJECT, size)] } : { measuring: true })
  if (reporting) await writeReport(PROJECT, { size, rows, measurements })
  const goals = goalsOf(rows)
  if (options.json === true) process.stdout.write(`[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`)
  else process.stdout.write(`${terminalTable(rows)}\n\n${goalLines(goals)}\n`)
  for (const { name, seed, message } of failed) note(`failed: ${name}${seed === 1 ? '' : `, seed ${seed}`}: ${message}`)
  return failed.length > 0 ? 1 : 0
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await run(argv)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    note(`error: ${toWireError(error).message}`)
    return error instanceof RangeError ? 2 : 1
  }
}

process.exitCode = await main(process.argv)
