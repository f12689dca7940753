import { Command, CommanderError } from 'commander'
import { addCompareCommand } from './cli/compare-command.ts'
import { addDistillCommand } from './cli/distill-command.ts'
import { addEngineCommands } from './cli/engine-commands.ts'
import { addEvaluateCommands } from './cli/evaluate-commands.ts'
import { addExportCommand } from './cli/export-command.ts'
import { addImportCommand } from './cli/import-command.ts'
import { addLabelCommand } from './cli/label-command.ts'
import { addLabelsCommands } from './cli/labels-commands.ts'
import { addModelsCommands } from './cli/models-commands.ts'
import { reportError } from './cli/output.ts'
import { addServeCommand } from './cli/serve-command.ts'
import { addStudentsCommands } from './cli/students-commands.ts'
import { addSynthCommand } from './cli/synth-command.ts'
import { addWorkspaceCommands } from './cli/workspace-commands.ts'

/** The command line: stable, scripts depend on it. Exit codes: EXIT_CODES (contract/errors.ts), and 2: usage. */
export function buildProgram(): Command {
  const program = new Command('goodsam')
  program
    .description('GoodSAM Studio: pseudo-labels for unlabelled panoramas, and a compact student from them')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for the options)')
  addWorkspaceCommands(program)
  addModelsCommands(program)
  addImportCommand(program)
  addSynthCommand(program)
  addLabelCommand(program)
  addLabelsCommands(program)
  addEvaluateCommands(program)
  addCompareCommand(program)
  addDistillCommand(program)
  addStudentsCommands(program)
  addExportCommand(program)
  addServeCommand(program)
  addEngineCommands(program)
  return program
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(argv)
    return 0
  } catch (error) {
    // commander has printed its message; help and version are not errors
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return reportError(error, { json: argv.includes('--json') })
  }
}

process.exitCode = await main(process.argv)
