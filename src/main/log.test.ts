import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLog } from './log.ts'

const onLinux = test.skipIf(process.platform !== 'linux')

test('lines go to the day\'s file; after the end they are lost', () => {
  const folder = mkdtempSync(join(tmpdir(), 'goodsam-log-'))
  try {
    const log = openLog(join(folder, 'logs'), new Date('2026-11-20T23:59:00Z'))
    log.logger.info({ from: 'test' }, 'one')
    log.close()
    log.close()
    log.logger.info('two')
    const lines = readFileSync(join(folder, 'logs/goodsam-2026-11-20.log'), 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ from: 'test', msg: 'one', pid: process.pid }])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

onLinux('the file is not held open', () => {
  const folder = mkdtempSync(join(tmpdir(), 'goodsam-log-'))
  const held = (): string[] => readdirSync('/proc/self/fd').map(target).filter((path) => path.startsWith(folder))
  try {
    const log = openLog(folder)
    expect(held()).toHaveLength(1)
    log.close()
    expect(held()).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** Of a descriptor; the listing's own is gone by now. */
function target(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}
