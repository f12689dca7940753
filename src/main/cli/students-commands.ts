import type { Command } from 'commander'
import type { Student } from '../../contract/training-schemas.ts'
import { percent, printResult, table, type OutputOptions } from './output.ts'
import { withStudio } from './studio-session.ts'

export function addStudentsCommands(program: Command): void {
  const students = program.command('students').description('what distillation made')
  students
    .command('list <workspace>')
    .description('list the students, newest first')
    .option('--json', 'print one JSON document: the list of students')
    .action(async (workspace: string, options: OutputOptions) => {
      printResult(await withStudio(workspace, (client) => client.call('students.list', {})), options, describe)
    })
}

function describe(students: readonly Student[]): string {
  if (students.length === 0) return 'No students yet: distill makes one.'
  const rows = students.map(({ id, name, architecture, parameters, labellingRunName, step, height, width, score, scoreKind, miou, createdAt }) => [
    id, name, architecture.kind === 'segformer' ? architecture.size : architecture.name, `${(parameters / 1e6).toFixed(1)} M`,
    labellingRunName ?? '-', `${step}`, `${height}x${width}`, score === null ? '-' : `${percent(score)} ${scoreKind === 'miou' ? 'mIoU' : 'agreement'}`, percent(miou), createdAt.slice(0, 16).replace('T', ' '),
  ])
  return table(['id', 'name', 'size', 'parameters', 'labels', 'step', 'trained at', 'held-out score', 'mIoU', 'made'], rows)
}
