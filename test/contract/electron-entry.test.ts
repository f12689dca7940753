import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import type { EngineTransport } from '../../src/main/engine/engine-transport.ts'
import { ENGINE_ENVIRONMENT } from '../../src/main/engine/engine-transport.ts'
import { BrowserWindow, seen } from './electron-stand-in.ts'
import { createFakeHost } from './fake-implementation.ts'

const { built, opened } = vi.hoisted(() => ({
  built: { folder: '' },
  opened: [] as { readonly workspace: string; readonly create: boolean; readonly launchEngine?: () => EngineTransport }[],
}))
vi.mock('electron', () => import('./electron-stand-in.ts'))
vi.mock('../../src/main/entries.ts', () => ({ builtFolder: () => built.folder, entryFile: (name: string) => `/build/${name}.js` }))
vi.mock('../../src/main/compose.ts', () => ({
  composeStudio: async (options: (typeof opened)[number]) => {
    opened.push(options)
    return { implementation: createFakeHost().implementation, artifacts: { open: async () => null }, close: async () => {} }
  },
}))
afterAll(() => rm(built.folder, { recursive: true }))

test('the entry runs to its end before Electron is ready, then opens the workspace that was named', async () => {
  built.folder = await mkdtemp(join(tmpdir(), 'goodsam-entry-'))
  await mkdir(join(built.folder, 'renderer'))
  await writeFile(join(built.folder, 'renderer/index.html'), 'the window')
  const ready = Promise.withResolvers<void>()
  seen.ready = ready.promise
  vi.spyOn(process, 'argv', 'get').mockReturnValue(['/electron', '--no-sandbox', '/app', 'some workspace'])

  // Electron waits for this import before it is ready: were it to wait for Electron, neither would go on
  await import('../../src/main/index.ts')
  expect(seen.schemes).toHaveLength(1)
  expect(seen.lockData).toEqual({ workspace: resolve('some workspace') })
  expect(opened).toEqual([])

  ready.resolve()
  await vi.waitFor(() => expect(BrowserWindow.open).toHaveLength(1))
  expect(BrowserWindow.open[0].options.webPreferences?.preload).toBe(join(built.folder, 'preload', 'index.cjs'))
  expect(opened).toMatchObject([{ workspace: resolve('some workspace'), create: true }])
  opened[0].launchEngine?.().post({ type: 'configure', cpuThreads: 1 })
  expect(seen.forks.map(({ script, process: child }) => [script, child.posted])).toEqual([['/build/engine-process.js', [{ type: 'configure', cpuThreads: 1 }]]])
  // the same allocator settings as those of an engine that Node starts
  expect(Object.keys(ENGINE_ENVIRONMENT)).toContain('MALLOC_ARENA_MAX')
  expect(seen.forks[0].options.env).toMatchObject(ENGINE_ENVIRONMENT)
})
