import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'

/**
 * Who has the workspace open, for people. The lock itself is SQLite's: the system lifts it when the process ends, so
 * this file may outlive a killed process without keeping anybody out.
 */
const lockInfoSchema = z.object({ pid: z.int(), host: z.string(), since: z.string() })

const FILE = 'workspace.lock'

export function writeLockInfo(folder: string, since: Date): void {
  const info: z.infer<typeof lockInfoSchema> = { pid: process.pid, host: hostname(), since: since.toISOString() }
  writeFileSync(join(folder, FILE), JSON.stringify(info))
}

export function removeLockInfo(folder: string): void {
  rmSync(join(folder, FILE), { force: true })
}

/** The error of a second start on the same workspace, naming the process that holds it. */
export function lockedError(folder: string, cause: unknown): StudioError {
  const remedy = 'Close that program, or stop that process, and try again.'
  try {
    const info = lockInfoSchema.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')))
    const message = `The workspace ${folder} is open in process ${info.pid} on ${info.host} since ${info.since}. ${remedy}`
    return new StudioError('workspace-locked', message, { cause })
  } catch {
    return new StudioError('workspace-locked', `The workspace ${folder} is open in another program. ${remedy}`, { cause })
  }
}
