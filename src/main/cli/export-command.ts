import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { StudioError } from '../../contract/errors.ts'
import type { ExportedFile, StudentExport } from '../../contract/training-schemas.ts'
import { storageError } from '../artifacts/storage-errors.ts'
import type { Studio } from '../compose.ts'
import { percent, printResult, table, type OutputOptions } from './output.ts'
import { followJob, withStudio } from './studio-session.ts'

type ExportOptions = OutputOptions & { student: string; out: string; zip?: boolean }
/** As printed with --json. */
type ExportResult = StudentExport & { /** null: none was asked for */ readonly zipFile: string | null }

/** export: a student as files that other programs load */
export function addExportCommand(program: Command): void {
  program
    .command('export <workspace>')
    .description('write a student as files that other programs load: ONNX in three precisions, safetensors, model card, samples')
    .requiredOption('--student <student>', 'id, name or "last"')
    .requiredOption('--out <folder>', 'where to write')
    .option('--zip', 'also write FOLDER.zip')
    .option('--json', 'print one JSON document: {folder, zipFile, files: [{name, bytes, sha256, parity, latencyMs}], warnings, ...}')
    .action(async (workspace: string, options: ExportOptions) => {
      const result = await withStudio(workspace, async (client, studio): Promise<ExportResult> => {
        const { exportId, jobId } = await client.call('students.export', { student: options.student, out: resolve(options.out), zip: options.zip ?? false })
        await followJob(client, jobId)
        const exported = (await client.call('students.exports', { student: null })).find(({ id }) => id === exportId)
        if (exported === undefined) throw new StudioError('not-found', 'The export was removed while it was under way.')
        return { ...exported, zipFile: exported.zip === null ? null : await writeZip(studio, exported.zip, `${exported.folder}.zip`) }
      })
      printResult(result, options, described)
    })
}

/** A whole file or none, in place of an earlier one. */
async function writeZip({ artifacts }: Studio, zip: string, file: string): Promise<string> {
  const found = await artifacts.open(zip)
  if (found === null) throw new StudioError('workspace-damaged', 'The zip is missing in the workspace: export again.')
  const temporary = `${file}.${randomBytes(6).toString('hex')}.part`
  try {
    await pipeline(await found.read(), createWriteStream(temporary, { flags: 'wx', flush: true }))
    await rename(temporary, file)
    return file
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw storageError('write', file, error)
  }
}

function described({ folder, zipFile, files, warnings, studentName }: ExportResult): string {
  const networks = files.filter(({ parity }) => parity !== null)
  return [
    `Exported "${studentName}" to ${folder}${zipFile === null ? '' : ` and ${zipFile}`}`,
    table(['network', 'MB', 'agreement', 'time'], networks.map(row)),
    ...warnings.map((warning) => `warning: ${warning}`),
  ].join('\n')
}

function row({ name, bytes, parity, latencyMs }: ExportedFile): readonly string[] {
  const agreement = parity === null ? '-' : `${percent(parity.agreement, 2)}${parity.ok ? '' : ` (below ${percent(parity.least, 2)})`}`
  return [name, (bytes / 1e6).toFixed(1), agreement, latencyMs === null ? '-' : `${latencyMs.toFixed(0)} ms`]
}
