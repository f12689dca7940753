import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** `npm start` on a checkout that is installed and built (the test command sees to that). */

const ROOT = resolve(import.meta.dirname, '../..')
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

it('serves the workstation where no desktop is, says so, and does not build a second time', async () => {
  const workspace = join(folder.path, 'my workspace')
  // no display: the desktop window cannot open, whatever is installed
  const started = spawn(process.execPath, [join(ROOT, 'scripts/start.mjs'), 'my workspace'], {
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '', INIT_CWD: folder.path }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((settle) => started.once('exit', settle))
  let printed = ''
  try {
    const url = await new Promise<string>((settle, fail) => {
      const listen = (chunk: Buffer): void => {
        printed += chunk.toString()
        const found = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(printed)
        if (found) settle(found[0])
      }
      started.stdout.on('data', listen)
      started.stderr.on('data', listen)
      started.on('exit', (code) => fail(new Error(`start ended with ${code}:\n${printed}`)))
    })
    if (process.platform === 'linux') expect(printed).toMatch(/^The desktop window cannot open here \(no display\)/m)
    expect(printed).not.toMatch(/Installing|Building/)
    expect(printed).toContain(workspace)
    const page = await fetch(url, { redirect: 'manual' })
    expect([page.status, page.headers.get('location')]).toEqual([303, '/'])
    // the link is spent
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(401)
  } finally {
    started.kill('SIGTERM')
    await ended
  }
})
