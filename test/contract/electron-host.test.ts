import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { BRIDGE_CHANNEL } from '../../src/contract/bridge.ts'
import { createClient } from '../../src/contract/client.ts'
import { StudioError } from '../../src/contract/errors.ts'
import { WINDOW_URL } from '../../src/main/hosts/electron/addresses.ts'
import { launchUtilityProcess } from '../../src/main/hosts/electron/engine-launcher.ts'
import { serveIpc } from '../../src/main/hosts/electron/ipc.ts'
import { runElectronHost, type HostedStudio } from '../../src/main/hosts/electron/run-electron-host.ts'
import { ipcPort } from '../../src/renderer/src/rpc/ipc-link.ts'
import { bridgeOf } from './electron-link.ts'
import { app, BrowserWindow, ipcMain, seen, StandInWebContents } from './electron-stand-in.ts'
import { createFakeHost, type FakeHost } from './fake-implementation.ts'

vi.mock('electron', () => import('./electron-stand-in.ts'))

const HASH = 'cd'.repeat(32)
let folder: string
let fake: FakeHost
let studioClosed: number
let studio: HostedStudio

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodsam-electron-'))
  await mkdir(join(folder, 'window/assets'), { recursive: true })
  await writeFile(join(folder, 'window/index.html'), 'the window')
  await writeFile(join(folder, 'window/assets/app.js'), 'the script')
  await writeFile(join(folder, 'secret.txt'), 'the secret')
  await writeFile(join(folder, HASH), 'artifact bytes')
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(() => {
  app.events.removeAllListeners()
  ipcMain.events.removeAllListeners()
  BrowserWindow.open.length = 0
  Object.assign(seen, { exitCodes: [], errorBoxes: [], messageBoxes: [], lockData: null, schemes: [], menu: [], schemeHandler: null, isFirstInstance: true, quits: 0 })
  fake = createFakeHost()
  studioClosed = 0
  studio = {
    implementation: fake.implementation,
    artifacts: { open: async (hash) => (hash === HASH ? { bytes: 14, read: async () => createReadStream(join(folder, hash)) } : null), mediaTypeOf: () => 'image/png' },
    close: async () => void studioClosed++,
  }
})

const start = (openStudio = async (): Promise<HostedStudio> => studio, workspace: string | null = '/w'): Promise<void> =>
  runElectronHost({ workspace: workspace ?? '/home/w', isWorkspaceNamed: workspace !== null, openStudio, rendererFolder: join(folder, 'window'), preload: '/build/index.cjs' })

async function get(url: string, init?: RequestInit): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await seen.schemeHandler?.(new Request(url, init))
  if (response === undefined) throw new Error('no handler')
  return { status: response.status, text: await response.text(), headers: response.headers }
}

describe('the app', () => {
  test('opens one confined window on its own address', async () => {
    await start()
    expect(BrowserWindow.open).toHaveLength(1)
    const [window] = BrowserWindow.open
    expect(window.url).toBe('goodsam://app/')
    expect(window.options.webPreferences).toMatchObject({
      preload: '/build/index.cjs', contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true, webviewTag: false,
    })
    expect(seen.schemes).toMatchObject([{ scheme: 'goodsam', privileges: { standard: true, secure: true } }])
    expect(seen.menu.length).toBeGreaterThan(2)
  })

  test('navigation away, new windows, webviews and permissions are denied', async () => {
    await start()
    const { webContents } = BrowserWindow.open[0]
    const isPrevented = (event: string, url: string): boolean => {
      let prevented = false
      webContents.events.emit(event, { url, preventDefault: () => (prevented = true) })
      return prevented
    }
    for (const event of ['will-navigate', 'will-frame-navigate']) {
      for (const url of ['https://example.com/', 'file:///etc/passwd', 'goodsam://artifact/x', 'goodsam://app.evil/', 'javascript:1']) {
        expect(isPrevented(event, url)).toBe(true)
      }
      expect(isPrevented(event, 'goodsam://app/datasets')).toBe(false)
    }
    expect(isPrevented('will-attach-webview', '')).toBe(true)
    expect(webContents.windowOpen?.({ url: 'https://example.com/' } as never)).toEqual({ action: 'deny' })
    expect(['media', 'geolocation', 'openExternal', 'fullscreen'].map(webContents.session.isGranted)).toEqual([false, false, false, true])
  })

  test('a second instance ends itself and the first shows its window', async () => {
    await start()
    app.events.emit('second-instance')
    expect(BrowserWindow.open[0].focused).toBe(1)
    seen.isFirstInstance = false
    let opened = false
    await start(async () => {
      opened = true
      return studio
    })
    expect([opened, seen.quits]).toEqual([false, 1])
  })

  test.each([
    ['another workspace', '/other', [{ message: expect.stringContaining('/w is open already'), detail: expect.stringMatching(/To open \/other, close.*serve "\/other"/) }]],
    ['the same workspace', '/w', []],
    ['no workspace in particular', null, []],
  ])('a second start on %s shows the window and says what is open instead', async (_what, other, boxes) => {
    await start()
    seen.isFirstInstance = false
    await start(undefined, other)
    app.events.emit('second-instance', {}, ['/electron'], '/', seen.lockData)
    expect(BrowserWindow.open).toHaveLength(1)
    expect(BrowserWindow.open[0].focused).toBe(1)
    expect(seen.messageBoxes).toMatchObject(boxes)
    expect(seen.messageBoxes).toHaveLength(boxes.length)
  })

  test('a second start while the workspace is still being opened is heard, and opens no window too early', async () => {
    const opening = Promise.withResolvers<HostedStudio>()
    const started = start(() => opening.promise)
    app.events.emit('second-instance', {}, [], '/', { workspace: '/other' })
    expect([seen.messageBoxes.length, BrowserWindow.open.length]).toEqual([1, 0])
    opening.resolve(studio)
    await started
    expect(BrowserWindow.open).toHaveLength(1)
  })

  test('a workspace that cannot be opened is said in a dialog', async () => {
    await start(async () => {
      throw new StudioError('workspace-locked', 'Another process has /w open.')
    })
    expect(seen.errorBoxes).toEqual([{ title: 'GoodSAM Studio cannot start', content: 'Another process has /w open.' }])
    expect(seen.exitCodes).toEqual([3])
    expect(BrowserWindow.open).toHaveLength(0)
  })

  test('closing the window closes the workspace before the app ends', async () => {
    await start()
    const page = BrowserWindow.open[0].webContents.loadPage(WINDOW_URL)
    createClient(ipcPort(bridgeOf(page))).subscribe('on.jobs', {}, () => {})
    await vi.waitFor(() => expect(fake.jobSubscribers()).toBe(1))
    BrowserWindow.open[0].closeByHand()
    expect(seen.exitCodes).toEqual([])
    await vi.waitFor(() => expect(seen.exitCodes).toEqual([0]))
    expect([studioClosed, fake.jobSubscribers()]).toEqual([1, 0])
  })
})

describe('the scheme', () => {
  beforeEach(() => start())

  test('serves the window, also at addresses within it, under the strict policy', async () => {
    expect(await get('goodsam://app/')).toMatchObject({ status: 200, text: 'the window' })
    expect(await get('goodsam://app/datasets/one')).toMatchObject({ status: 200, text: 'the window' })
    const script = await get('goodsam://app/assets/app.js')
    expect(script).toMatchObject({ status: 200, text: 'the script' })
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    const policy = script.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("connect-src 'self' goodsam://artifact")
    expect(policy).not.toMatch(/script-src|unsafe-eval|\*/)
  })

  test('serves artifacts to the window alone', async () => {
    const artifact = await get(`goodsam://artifact/${HASH}`)
    expect(artifact).toMatchObject({ status: 200, text: 'artifact bytes' })
    expect(Object.fromEntries(artifact.headers)).toMatchObject({
      'content-type': 'image/png', 'access-control-allow-origin': 'goodsam://app', 'cross-origin-resource-policy': 'cross-origin',
    })
    expect((await get(`goodsam://artifact/${'0'.repeat(64)}`)).status).toBe(404)
  })

  test('an artifact that turns out to be damaged breaks the answer; one that is gone is not found', async () => {
    const damaged = Readable.from((async function* () {
      yield Buffer.from('artifact ')
      throw new StudioError('workspace-damaged', 'The artifact is damaged.')
    })(), { objectMode: false })
    studio.artifacts.open = async () => ({ bytes: 14, read: async () => damaged })
    await expect(get(`goodsam://artifact/${HASH}`)).rejects.toThrow()
    studio.artifacts.open = async () => ({ bytes: 14, read: () => Promise.reject(new Error('it is gone')) })
    expect((await get(`goodsam://artifact/${HASH}`)).status).toBe(404)
  })

  test.each([
    'goodsam://app/../secret.txt', 'goodsam://app/%2e%2e/secret.txt', 'goodsam://app/..%2fsecret.txt', 'goodsam://artifact/../secret.txt',
    'goodsam://artifact/..%2fsecret.txt', `goodsam://artifact/${HASH}/../../secret.txt`, 'goodsam://other/secret.txt', `goodsam://app/${HASH}.bin`,
  ])('nothing else is reachable: %s', async (url) => {
    const answer = await get(url)
    expect(answer.status).toBe(404)
    expect(answer.text).toBe('')
  })

  test('only reading is answered', async () => {
    expect((await get('goodsam://app/', { method: 'POST', body: 'x' })).status).toBe(405)
  })
})

describe('the channel', () => {
  let end: () => void
  beforeEach(() => {
    end = serveIpc(fake.implementation)
  })
  afterEach(() => end())

  const subscribe = { type: 'subscribe', id: 1, name: 'on.jobs', input: {} }

  test('only the main frame of a page of our own is heard', async () => {
    const contents = new StandInWebContents()
    contents.loadPage(WINDOW_URL)
    contents.arrive({ url: WINDOW_URL }, BRIDGE_CHANNEL, ['page', subscribe])
    contents.arrive(null, BRIDGE_CHANNEL, ['page', subscribe])
    for (const url of ['https://example.com/', 'goodsam://application/', 'goodsam://artifact/x', 'file:///index.html', 'about:blank']) {
      const other = new StandInWebContents()
      other.loadPage(url)
      other.arrive(other.mainFrame, BRIDGE_CHANNEL, ['page', subscribe])
    }
    await new Promise((later) => setTimeout(later, 30))
    expect(fake.jobSubscribers()).toBe(0)
    contents.arrive(contents.mainFrame, BRIDGE_CHANNEL, [42, subscribe])
    contents.arrive(contents.mainFrame, BRIDGE_CHANNEL, ['page', subscribe])
    await vi.waitFor(() => expect(fake.jobSubscribers()).toBe(1))
  })

  test('a reloaded page starts anew, with the same ids and without the old page\'s subscriptions', async () => {
    const contents = new StandInWebContents()
    const old = createClient(ipcPort(bridgeOf(contents.loadPage(WINDOW_URL))))
    old.subscribe('on.jobs', {}, () => {})
    old.call('labels.evaluate', { run: 'last', truth: null }).catch(() => {})
    await vi.waitFor(() => expect([fake.jobSubscribers(), fake.running()]).toEqual([1, 1]))
    const fresh = createClient(ipcPort(bridgeOf(contents.loadPage(WINDOW_URL))))
    expect(await fresh.call('files.list', { path: '/new' })).toMatchObject({ path: '/new' })
    expect([fake.jobSubscribers(), fake.running()]).toEqual([0, 0])
  })

  test('a window whose process is gone leaves nothing behind', async () => {
    const contents = new StandInWebContents()
    createClient(ipcPort(bridgeOf(contents.loadPage(WINDOW_URL)))).subscribe('on.jobs', {}, () => {})
    await vi.waitFor(() => expect(fake.jobSubscribers()).toBe(1))
    contents.events.emit('render-process-gone')
    expect(fake.jobSubscribers()).toBe(0)
  })

  test('the bridge is all that the page gets, and it gives the path of a dropped file', () => {
    const page = new StandInWebContents().loadPage(WINDOW_URL)
    const bridge = bridgeOf(page)
    expect(Object.keys(page.world)).toEqual(['goodsamBridge'])
    expect(Object.keys(bridge).sort()).toEqual(['onMessage', 'pathOf', 'send'])
    expect(bridge.pathOf(new File(['x'], 'street.jpg'))).toBe('/dropped/street.jpg')
  })
})

test('the engine runs in a utility process', async () => {
  const launched = launchUtilityProcess('/build/engine-process.js', { env: { MALLOC_ARENA_MAX: '2' } })
  const { script, options, process } = seen.forks[0]
  const heard: unknown[] = []
  const printed: string[] = []
  launched.onMessage((message) => heard.push(message))
  launched.onExit((reason) => heard.push(reason))
  launched.onLog((line) => printed.push(line))
  launched.post({ type: 'configure', cpuThreads: 2 })
  process.events.emit('message', { type: 'ready' })
  for (const text of ['one\ntw', 'o\n\n', 'unfinished']) process.stderr.write(text)
  await vi.waitFor(() => expect(printed).toEqual(['one', 'two']))
  launched.kill()
  process.events.emit('exit', 9)
  launched.post({ type: 'too late' })
  expect(script).toBe('/build/engine-process.js')
  // what is given is added: without PATH and the like no library is found
  expect(options.env).toEqual({ ...env, MALLOC_ARENA_MAX: '2' })
  expect(launched.pid()).toBeNull()
  expect(process.posted).toEqual([{ type: 'configure', cpuThreads: 2 }])
  expect(process.killed).toBe(true)
  expect(heard).toEqual([{ type: 'ready' }, 'exit code 9'])
})
