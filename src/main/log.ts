import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pino, type Logger } from 'pino'

/** The program's own log: JSON lines in the workspace's logs folder, kept by day. Nothing leaves the machine. */
export function openLog(folder: string, now: Date = new Date()): Logger {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `goodsam-${now.toISOString().slice(0, 10)}.log`)
  return pino({ base: { pid: process.pid } }, pino.destination({ dest: file, sync: true, mkdir: true }))
}
