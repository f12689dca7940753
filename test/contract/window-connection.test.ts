import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { WINDOW_URL } from '../../src/main/hosts/electron/addresses.ts'
import { serveIpc } from '../../src/main/hosts/electron/ipc.ts'
import { connect } from '../../src/renderer/src/rpc/connect.ts'
import { DEFAULT_SETTINGS } from '../../src/contract/schemas.ts'
import { bridgeOf } from './electron-link.ts'
import { StandInWebContents } from './electron-stand-in.ts'
import { createFakeHost } from './fake-implementation.ts'
import { openSite, type Site } from './site.ts'

vi.mock('electron', () => import('./electron-stand-in.ts'))
afterEach(() => vi.unstubAllGlobals())

/** A file as a browser gives it after a drop. */
function dropped(name: string, text: string, relativePath = ''): File {
  return Object.assign(new File([text], name), { webkitRelativePath: relativePath })
}

describe('in a browser', () => {
  let site: Site
  beforeEach(async () => {
    site = await openSite({ implementation: createFakeHost().implementation })
    // a browser's globals, in a page of the site
    const plainFetch = fetch
    vi.stubGlobal('location', { href: `${site.origin}/` })
    vi.stubGlobal('document', { addEventListener() {}, visibilityState: 'visible' })
    vi.stubGlobal('addEventListener', () => {})
    vi.stubGlobal('fetch', (path: string, init?: RequestInit) => plainFetch(new URL(path, site.origin), { ...init, headers: site.browser }))
    vi.stubGlobal('WebSocket', function open(url: URL) {
      // a window of an earlier test may try to come back to its own site: it stays unanswered
      if (url.port !== String(site.server.port)) return new EventTarget()
      expect(url.href).toBe(`ws://127.0.0.1:${site.server.port}/rpc`)
      return site.socket()
    })
  })
  afterEach(() => site.close())

  test('calls travel, artifacts have an address', async () => {
    const connection = connect()
    expect(connection.hostKind).toBe('server')
    expect(connection.artifactUrl('ab')).toBe('/artifact/ab')
    expect(await connection.client.call('settings.get', {})).toEqual(DEFAULT_SETTINGS)
    expect(connection.linkState()).toBe('open')
  })

  test('dropped files become files on the server, in one folder and in their places', async () => {
    const { pathOf } = connect()
    const first = await pathOf(dropped('a.jpg', 'one'), { batch: 'drop-1' })
    const second = await pathOf(dropped('b.jpg', 'two', 'city/b.jpg'), { batch: 'drop-1' })
    expect(basename(first)).toBe('a.jpg')
    expect(second).toBe(`${dirname(first)}/city/b.jpg`)
    expect(await readFile(second, 'utf8')).toBe('two')
  })

  test('a refused upload is the server\'s sentence, an unreachable server is "disconnected"', async () => {
    const { pathOf } = connect()
    await expect(pathOf(dropped('big.jpg', 'x'.repeat(2000)))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('big.jpg is larger') })
    await expect(pathOf(dropped('a.jpg', 'x'), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')))
    await expect(pathOf(dropped('a.jpg', 'x'))).rejects.toMatchObject({ code: 'disconnected' })
  })
})

describe('in Electron', () => {
  test('calls travel over the bridge, dropped files have their own paths', async () => {
    const end = serveIpc(createFakeHost().implementation)
    vi.stubGlobal('goodsamBridge', bridgeOf(new StandInWebContents().loadPage(WINDOW_URL)))
    const connection = connect()
    expect(connection.hostKind).toBe('electron')
    expect(connection.artifactUrl('ab')).toBe('goodsam://artifact/ab')
    expect(await connection.client.call('settings.get', {})).toEqual(DEFAULT_SETTINGS)
    expect(await connection.pathOf(dropped('street.jpg', 'x'))).toBe('/dropped/street.jpg')
    end()
  })

  test('something dropped that is no file on disk is refused with a sentence', async () => {
    vi.stubGlobal('goodsamBridge', { send() {}, onMessage() {}, pathOf: () => '' })
    await expect(connect().pathOf(dropped('clip.png', 'x'))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('clip.png') })
  })
})
