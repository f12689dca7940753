import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { startServer } from '../../src/main/hosts/server/start-server.ts'
import { createFakeHost } from './fake-implementation.ts'
import { ARTIFACT, ask, openSite, type Site } from './site.ts'

/** the status with which an upgrade is refused, or 101 */
async function askSocket(site: Site, headers: Record<string, string>, path = '/rpc'): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${site.server.port}${path}`, { headers })
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    socket.on('open', () => {
      socket.close()
      resolve(101)
    })
    socket.on('error', () => {})
  })
}

const artifactPath = `/artifact/${ARTIFACT.hash}`

describe('server', () => {
  let site: Site
  let browser: Site['browser']
  beforeAll(async () => {
    site = await openSite({ implementation: createFakeHost().implementation })
    browser = site.browser
  })
  afterAll(() => site.close())

  describe('entry', () => {
    test.each(['/', '/assets/app-abc.js', '/session', artifactPath, '/anything'])('%s needs a session', async (path) => {
      expect((await ask(site, path)).status).toBe(401)
      expect((await ask(site, path, { headers: { cookie: `goodsam-${site.server.port}=guess; other=1` } })).status).toBe(401)
    })

    test('a wrong token leads nowhere', async () => {
      const answer = await ask(site, '/?token=wrong', { headers: { accept: 'text/html' } })
      expect(answer.status).toBe(401)
      expect(answer.headers['set-cookie']).toBeUndefined()
      expect(answer.text).toContain('URL printed by the server')
    })

    test('a token sets a strict cookie that scripts cannot read, redirects, and is spent', async () => {
      const url = new URL(site.server.freshUrls()[0])
      const path = url.pathname + url.search
      const first = await ask(site, path)
      expect(first.status).toBe(303)
      expect(first.headers.location).toBe('/')
      const cookie = first.headers['set-cookie']?.[0] ?? ''
      expect(cookie).toMatch(/^goodsam-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
      expect((await ask(site, '/', { headers: { cookie: cookie.split(';')[0] } })).text).toContain('the window')
      expect((await ask(site, path)).status).toBe(401)
      // the browser that is already in may follow its old bookmark
      expect((await ask(site, path, { headers: { cookie: browser.cookie } })).status).toBe(303)
    })

    test('a fresh URL makes the unspent one before it worthless', async () => {
      const stale = new URL(site.server.freshUrls()[0])
      const fresh = new URL(site.server.freshUrls()[0])
      expect((await ask(site, stale.pathname + stale.search)).status).toBe(401)
      expect((await ask(site, fresh.pathname + fresh.search)).status).toBe(303)
    })

    test('asking for the headers of the entry page does not spend the token', async () => {
      const url = new URL(site.server.freshUrls()[0])
      await ask(site, url.pathname + url.search, { method: 'HEAD' })
      expect((await ask(site, url.pathname + url.search)).status).toBe(303)
    })

    test('a token of the user\'s own stays valid, and its sessions outlive the server', async () => {
      const token = 'my token/& of length'
      const first = await openSite({ implementation: createFakeHost().implementation, token })
      const { port } = first.server
      const url = new URL(first.server.freshUrls()[0])
      expect(url.searchParams.get('token')).toBe(token)
      expect((await ask(first, url.pathname + url.search)).status).toBe(303)
      expect((await ask(first, url.pathname + url.search)).status).toBe(303)
      await first.close()
      const second = await openSite({ implementation: createFakeHost().implementation, token, port })
      expect((await ask(second, '/session', { headers: { cookie: first.browser.cookie } })).status).toBe(204)
      await second.close()
      const other = await openSite({ implementation: createFakeHost().implementation, token: 'another of length', port })
      expect((await ask(other, '/session', { headers: { cookie: first.browser.cookie } })).status).toBe(401)
      await other.close()
    })

    test('a click in another site\'s page gets a page of our own that asks again with the cookie', async () => {
      const headers = { accept: 'text/html', 'sec-fetch-site': 'cross-site' }
      const answer = await ask(site, '/', { headers })
      expect(answer.status).toBe(200)
      expect(answer.text).toContain('url=/"')
      expect(answer.text).not.toContain('the window')
    })
  })

  describe('who asks', () => {
    test.each(['evil.example', `evil.example:80`, '127.0.0.1.evil.example', 'localhost@evil.example', 'a b', '192.168.0.9'])('a request to the name "%s" is refused', async (host) => {
      const headers = { host, cookie: browser.cookie }
      for (const path of ['/', artifactPath, '/session']) expect((await ask(site, path, { headers })).status).toBe(403)
      expect(await askSocket(site, { host, cookie: browser.cookie, origin: `http://${host}` })).toBe(403)
      expect((await ask(site, '/upload?name=a', { method: 'POST', headers: { ...headers, origin: `http://${host}` }, body: 'x' })).status).toBe(403)
    })

    test('the server is reached through a tunnel under another port', async () => {
      const headers = { host: 'localhost:9999', cookie: browser.cookie, origin: 'http://localhost:9999' }
      expect((await ask(site, artifactPath, { headers })).text).toBe(ARTIFACT.text)
      expect(await askSocket(site, headers)).toBe(101)
    })

    test.each(['http://evil.example', 'null', 'http://127.0.0.1:1', `http://localhost`])('a page of %s is refused', async (origin) => {
      expect(await askSocket(site, { ...browser, origin })).toBe(403)
      expect((await ask(site, artifactPath, { headers: { ...browser, origin } })).status).toBe(403)
      const upload = await ask(site, '/upload?name=a.png', { method: 'POST', headers: { ...browser, origin }, body: 'x' })
      expect(upload.status).toBe(401)
    })

    test('a WebSocket or an upload that does not say where it comes from is refused', async () => {
      expect(await askSocket(site, { cookie: browser.cookie })).toBe(403)
      expect((await ask(site, '/upload?name=a.png', { method: 'POST', headers: { cookie: browser.cookie }, body: 'x' })).status).toBe(401)
    })

    test('a WebSocket needs a session and the right path', async () => {
      expect(await askSocket(site, { origin: site.origin })).toBe(401)
      expect(await askSocket(site, { ...browser }, '/other')).toBe(404)
      expect(await askSocket(site, { ...browser })).toBe(101)
    })

    test.each(['PUT', 'DELETE', 'POST', 'OPTIONS'])('%s is not answered', async (method) => {
      expect((await ask(site, '/', { method, headers: browser })).status).toBe(405)
    })
  })

  describe('files', () => {
    test('the window is served, also at addresses within it', async () => {
      expect((await ask(site, '/', { headers: browser })).text).toContain('the window')
      expect((await ask(site, '/datasets/d%201', { headers: browser })).text).toContain('the window')
      expect((await ask(site, '/assets/app-abc.js', { headers: browser })).headers['cache-control']).toContain('immutable')
      expect((await ask(site, '/assets/missing.js', { headers: browser })).status).toBe(404)
    })

    test('an artifact may be kept for good', async () => {
      const answer = await ask(site, artifactPath, { headers: browser })
      expect(answer).toMatchObject({ status: 200, text: ARTIFACT.text })
      expect(answer.headers).toMatchObject({
        etag: `"${ARTIFACT.hash}"`, 'cache-control': 'private, max-age=31536000, immutable',
        'content-type': 'application/octet-stream', 'content-length': String(ARTIFACT.text.length),
      })
      const again = await ask(site, artifactPath, { headers: { ...browser, 'if-none-match': `"${ARTIFACT.hash}"` } })
      expect(again).toMatchObject({ status: 304, text: '' })
      const head = await ask(site, artifactPath, { method: 'HEAD', headers: browser })
      expect(head).toMatchObject({ status: 200, text: '' })
      expect((await ask(site, `/artifact/${'0'.repeat(64)}`, { headers: browser })).status).toBe(404)
    })

    test('an artifact is served as the image it is, and never as a page', async () => {
      const types = ['image/png', 'text/html', 'image/svg+xml']
      const served: unknown[] = []
      for (const type of types) {
        const other = await openSite({
          implementation: createFakeHost().implementation,
          artifacts: { open: async () => ({ bytes: 10, read: async () => createReadStream(import.meta.filename) }), mediaTypeOf: () => type },
        })
        served.push((await ask(other, artifactPath, { method: 'HEAD', headers: other.browser })).headers['content-type'])
        await other.close()
      }
      expect(served).toEqual(['image/png', 'application/octet-stream', 'application/octet-stream'])
    })

    test('an artifact that is named but not on disk is "not found"', async () => {
      const other = await openSite({
        implementation: createFakeHost().implementation,
        artifacts: { open: async () => ({ bytes: 10, read: () => Promise.reject(new Error('it is gone')) }) },
      })
      expect((await ask(other, artifactPath, { headers: other.browser })).status).toBe(404)
      await other.close()
    })

    test('a damaged artifact breaks the answer, whatever its length', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'goodsam-damaged-'))
      const store = openArtifactStore(folder)
      const { hash } = await store.put(new Uint8Array(3_000_000))
      const other = await openSite({
        implementation: createFakeHost().implementation,
        artifacts: {
          open: async (asked) => ({ bytes: (await stat(store.path(asked))).size, read: async () => (await store.openRead(asked)).stream }),
        },
      })
      const download = async (): Promise<number> => {
        const response = await fetch(`${other.origin}/artifact/${hash}`, { headers: other.browser })
        return (await response.arrayBuffer()).byteLength
      }
      expect(await download()).toBe(3_000_000)
      for (const bytes of [3_000_000, 10]) {
        await writeFile(store.path(hash), new Uint8Array(bytes).fill(1))
        await expect(download()).rejects.toThrow()
      }
      await other.close()
      await rm(folder, { recursive: true })
    })

    test.each([
      '/../secret.txt', '/assets/../../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/..%5c..%5csecret.txt',
      '/artifact/../secret.txt', '/artifact/..%2fsecret.txt', `${artifactPath}/../secret.txt`, `${artifactPath}%00`,
      `/artifact/${ARTIFACT.hash.toUpperCase()}/..`, '//secret.txt', 'http://evil.example/secret.txt', '/%', '/%00',
      '/artifact/%2e%2e%2f%2e%2e%2fetc%2fpasswd', '/....//secret.txt',
    ])('nothing but the window and artifacts is reachable: %s', async (path) => {
      const answer = await ask(site, path, { headers: browser })
      expect(answer.status).toBe(404)
      expect(answer.text).not.toMatch(/the secret|root:|artifact bytes/)
    })

    test('every answer carries the security headers', async () => {
      for (const [path, headers] of [['/', browser], [artifactPath, browser], ['/', {}], ['/nothing.txt', browser], ['/', { host: 'evil.example' }]] as const) {
        const answer = await ask(site, path, { headers })
        const policy = answer.headers['content-security-policy'] ?? ''
        expect(policy).toContain("default-src 'self'")
        expect(policy).not.toMatch(/script-src|unsafe-eval|\*/)
        expect(answer.headers).toMatchObject({
          'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'same-origin',
        })
      }
    })
  })

  describe('sockets', () => {
    test.each([
      ['a frame beyond the limit', 1009, (socket: WebSocket) => socket.send('x'.repeat(17 * 1024 * 1024))],
      ['bytes', 1003, (socket: WebSocket) => socket.send(Buffer.from([1, 2]))],
      ['what is not JSON', 1007, (socket: WebSocket) => socket.send('{')],
    ] as const)('%s end the connection with %i', async (_what, code, send) => {
      const socket = site.socket()
      await once(socket, 'open')
      socket.on('error', () => {})
      send(socket)
      expect((await once(socket, 'close'))[0]).toBe(code)
    })
  })
})

describe('start and end', () => {
  test('a taken port is said with the remedy', async () => {
    const first = await openSite({ implementation: createFakeHost().implementation })
    await expect(openSite({ implementation: createFakeHost().implementation, port: first.server.port })).rejects.toMatchObject({
      code: 'conflict', message: expect.stringContaining('--port'),
    })
    await first.close()
  })

  test('a window that was not built is said with the remedy', async () => {
    const starting = startServer({ implementation: createFakeHost().implementation, artifacts: { open: async () => null }, rendererFolder: '/nowhere' })
    await expect(starting).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining('/nowhere') })
  })

  test('closing ends what runs, closes every connection and frees the port', async () => {
    const host = createFakeHost()
    const site = await openSite({ implementation: host.implementation })
    const socket = site.socket()
    await once(socket, 'open')
    const received: unknown[] = []
    socket.on('message', (data) => received.push(JSON.parse(String(data))))
    socket.send(JSON.stringify({ type: 'subscribe', id: 1, name: 'on.jobs', input: {} }))
    socket.send(JSON.stringify({ type: 'call', id: 2, name: 'labels.evaluate', input: { run: 'last', truth: null } }))
    await vi.waitFor(() => expect([host.jobSubscribers(), host.running()]).toEqual([1, 1]))
    const closed = once(socket, 'close')
    await site.close()
    expect((await closed)[0]).toBe(1001)
    expect(received).toContainEqual({ type: 'ended', id: 1 })
    expect([host.jobSubscribers(), host.running()]).toEqual([0, 0])
    const again = await openSite({ implementation: host.implementation, port: site.server.port })
    await again.close()
  })

  test('a client that does not close its end does not hold the server up', async () => {
    const site = await openSite({ implementation: createFakeHost().implementation })
    const socket = site.socket()
    await once(socket, 'open')
    socket.pause()
    const started = performance.now()
    await site.close()
    expect(performance.now() - started).toBeLessThan(5000)
    socket.terminate()
  })
})
