import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pino, type Logger } from 'pino'

export interface Log {
  readonly logger: Logger
  /** What is logged later is lost. */
  close(): void
}

/**
 * The program's own log: JSON lines in the workspace's logs folder, kept by day. Nothing leaves the machine. A line that
 * cannot be written (the disk is full) is lost: a log must not end the program that it is about.
 */
export function openLog(folder: string, now: Date = new Date()): Log {
  mkdirSync(folder, { recursive: true })
  const file = openSync(join(folder, `goodsam-${now.toISOString().slice(0, 10)}.log`), 'a')
  let open = true
  const logger = pino({ base: { pid: process.pid } }, {
    write(line) {
      if (!open) return
      try {
        writeSync(file, line)
      } catch {
        // lost
      }
    },
  })
  return {
    logger,
    close() {
      if (open) closeSync(file)
      open = false
    },
  }
}
