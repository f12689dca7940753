import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFakeHost } from './fake-implementation.ts'
import { ask, openSite, type Answer, type Question, type Site } from './site.ts'

let site: Site
let browser: Site['browser']

function upload(query: Record<string, string>, body: Question['body'], headers: Record<string, string> = {}): Promise<Answer> {
  return ask(site, `/upload?${new URLSearchParams(query).toString()}`, { method: 'POST', headers: { ...browser, ...headers }, body })
}

async function stored(): Promise<string[]> {
  return (await readdir(site.uploadsFolder, { recursive: true }).catch(() => [])).sort()
}

describe('uploads', () => {
  beforeAll(async () => {
    site = await openSite({ implementation: createFakeHost().implementation })
    browser = site.browser
  })
  afterAll(() => site.close())

  test('a file is stored under its name, and its path can be imported', async () => {
    const answer = await upload({ name: 'Straße 1.jpg' }, 'pixels')
    expect(answer.status).toBe(200)
    const { path } = JSON.parse(answer.text) as { path: string }
    expect(path.startsWith(site.uploadsFolder)).toBe(true)
    expect(path.endsWith('/Straße 1.jpg')).toBe(true)
    expect(await readFile(path, 'utf8')).toBe('pixels')
  })

  test('the files of a batch keep their places in one folder', async () => {
    const first = await upload({ name: 'drop/a.jpg', batch: 'b-1' }, 'a')
    const second = await upload({ name: 'drop/deep/a.jpg', batch: 'b-1' }, 'b')
    expect([first, second].map(({ text }) => JSON.parse(text))).toEqual([
      { path: join(site.uploadsFolder, 'b-1/drop/a.jpg'), folder: join(site.uploadsFolder, 'b-1') },
      { path: join(site.uploadsFolder, 'b-1/drop/deep/a.jpg'), folder: join(site.uploadsFolder, 'b-1') },
    ])
  })

  test.each(['../a', 'a/../../b', '/etc/passwd', '', '.', 'a//b', 'a\\..\\b', 'C:a', 'a\u0000b', 'a\nb', `${'x'.repeat(256)}`, 'd/'.repeat(20) + 'a'])(
    'the name %j is refused', async (name) => {
      const before = await stored()
      const answer = await upload({ name }, 'x')
      expect(answer.status).toBe(400)
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'bad-input' })
      expect(await stored()).toEqual(before)
    },
  )

  test.each(['..', 'a/b', '', 'x'.repeat(65)])('the batch %j is refused', async (batch) => {
    expect((await upload({ name: 'a', batch }, 'x')).status).toBe(400)
  })

  test('a file that is too large is refused, declared or not, and leaves nothing', async () => {
    const before = await stored()
    const declared = await upload({ name: 'big.png' }, 'x'.repeat(1001), { 'content-length': '1001' })
    const streamed = await upload({ name: 'big.png' }, ['x'.repeat(600), 'x'.repeat(600)])
    for (const answer of [declared, streamed]) {
      expect(answer.status).toBe(413)
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'bad-input', message: expect.stringContaining('big.png') })
    }
    expect(await stored()).toEqual(before)
    expect((await upload({ name: 'just fits.png' }, 'x'.repeat(1000))).status).toBe(200)
  })

  test('an upload that breaks off leaves nothing', async () => {
    const before = await stored()
    const outgoing = request({
      host: '127.0.0.1', port: site.server.port, path: '/upload?name=half.png&batch=half', method: 'POST', headers: { ...browser, 'content-length': '900' },
    })
    outgoing.on('error', () => {})
    outgoing.write('half')
    await vi.waitFor(async () => expect((await stored()).some((name) => name.endsWith('.part'))).toBe(true))
    outgoing.destroy()
    await vi.waitFor(async () => expect(await stored()).toEqual(before))
  })

  test('a file in the place of a folder is refused with a sentence', async () => {
    await upload({ name: 'x', batch: 'b-2' }, 'file')
    const answer = await upload({ name: 'x/y', batch: 'b-2' }, 'file')
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('rename one')
  })

  test('no session, no upload', async () => {
    expect((await ask(site, '/upload?name=a', { method: 'POST', headers: { origin: site.origin }, body: 'x' })).status).toBe(401)
  })

  test('a server without an upload folder says what to do instead', async () => {
    const other = await openSite({ implementation: createFakeHost().implementation, uploads: undefined })
    const answer = await ask(other, '/upload?name=a', { method: 'POST', headers: other.browser, body: 'x' })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('import a folder')
    await other.close()
  })
})
