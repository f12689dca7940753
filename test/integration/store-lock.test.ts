import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addDataset, listDatasets } from '../../src/main/store/datasets.ts'
import { openStore } from '../../src/main/store/open-store.ts'

let folder: string
const children: ChildProcessWithoutNullStreams[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-lock-'))
  openStore(folder, { create: true }).close()
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** A second process on the workspace and the first line it says. */
async function open(): Promise<{ child: ChildProcessWithoutNullStreams; said: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store-holder.ts'), folder])
  children.push(child)
  child.stderr.on('data', (text) => process.stderr.write(text))
  const [said] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, said }
}

const lockedBy = (pid: number | undefined) =>
  expect.objectContaining({ code: 'workspace-locked', message: expect.stringContaining(`is open in process ${pid} on `) })

test('a process that has the workspace open keeps all others out and is named', async () => {
  const { child, said } = await open()
  expect(said).toBe('open')
  expect(() => openStore(folder, { create: false })).toThrow(lockedBy(child.pid))
  expect(JSON.parse((await open()).said)).toEqual(lockedBy(child.pid))
  child.stdin.write('go\n')
  await once(child, 'exit')
  const store = openStore(folder, { create: false })
  expect(JSON.parse((await open()).said)).toEqual(lockedBy(process.pid))
  store.close()
})

test('kill -9 of the holder leaves nothing stuck', async () => {
  const { child, said } = await open()
  expect(said).toBe('open')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(existsSync(join(folder, 'workspace.lock'))).toBe(true)
  const store = openStore(folder, { create: false })
  store.transaction((db) => addDataset(db, { name: 'after', folder: '/f', labelSetId: 'cityscapes' }))
  store.close()
  expect(readdirSync(folder).filter((name) => /lock|wal|shm/.test(name))).toEqual([])
})

test('reading the lock of a workspace does not lift it', async () => {
  // POSIX locks go when a process closes any handle of the file: a failed second opening in the same process must not
  const store = openStore(folder, { create: false })
  for (let time = 0; time < 3; time++) expect(() => openStore(folder, { create: false })).toThrow(lockedBy(process.pid))
  expect(JSON.parse((await open()).said)).toEqual(lockedBy(process.pid))
  store.close()
})

test('a copy of a closed workspace opens elsewhere', () => {
  const store = openStore(folder, { create: false })
  store.transaction((db) => addDataset(db, { name: 'city', folder: '/f', labelSetId: 'cityscapes' }))
  store.close()
  const copy = `${folder}-copy`
  cpSync(folder, copy, { recursive: true })
  const copied = openStore(copy, { create: false })
  expect(listDatasets(copied.read)).toMatchObject([{ name: 'city' }])
  copied.close()
  rmSync(copy, { recursive: true })
})
