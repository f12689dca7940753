import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { build } from 'vite'
import type { LayerName } from '../../../src/renderer/src/viewer/types.ts'
// @ts-expect-error plain JavaScript: it also runs before anything is installed
import { findBrowser } from '../../../scripts/lib/browser.mjs'
import { CHROMIUM_ARGUMENTS } from '../window.ts'
import type { HarnessOptions, Travelling } from './harness-page.ts'

/** The viewer on a page of its own, in a real browser, with files served from memory. */
export interface ViewerHarness {
  /** a fresh page with a fresh viewer */
  open(options?: HarnessOptions, context?: BrowserContextOptions): Promise<ViewerPage>
  /** the file's URL; `delayMs` holds its body back */
  serve(name: string, bytes: Uint8Array, options?: { delayMs?: number }): string
  /** how often a URL was asked for */
  requests(url: string): number
  /** requests whose client hung up before they were answered */
  hungUp(url: string): number
  close(): Promise<void>
}

export interface ViewerPage {
  readonly page: Page
  /** RGBA of the canvas */
  pixels(): Promise<{ width: number; height: number; data: Uint8Array }>
  snapshot(): Promise<Uint8Array>
  layer(name: LayerName): Promise<{ width: number; height: number; data: Uint8Array | Uint32Array } | null>
  settled(): Promise<void>
  /** throws what went wrong in the page meanwhile */
  close(): Promise<void>
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.png': 'image/png', '.jpg': 'image/jpeg' }

export async function openHarness(): Promise<ViewerHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'goodsam-viewer-'))
  await build({
    root: import.meta.dirname, configFile: false, logLevel: 'warn', worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true, minify: false, chunkSizeWarningLimit: 5000 },
  })
  const files = new Map<string, { bytes: Uint8Array; delayMs: number }>()
  const requests = new Map<string, number>()
  const hungUp = new Map<string, number>()

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    count(requests, path)
    response.on('close', () => {
      if (!response.writableFinished) count(hungUp, path)
    })
    const file = files.get(path)
    if (file) {
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream', 'content-length': file.bytes.byteLength })
      // so that a client sees progress before it is held back
      response.write(file.bytes.subarray(0, 1))
      await new Promise((resolve) => setTimeout(resolve, file.delayMs))
      response.end(file.bytes.subarray(1))
      return
    }
    try {
      const bytes = await readFile(join(folder, path === '/' ? 'index.html' : path))
      response.writeHead(200, { 'content-type': TYPES[extname(path === '/' ? '.html' : path)] ?? 'text/html' })
      response.end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await chromium.launch({ executablePath: findBrowser() as string, args: CHROMIUM_ARGUMENTS })

  return {
    async open(options = {}, context = {}) {
      const browserContext = await browser.newContext({ viewport: { width: 1000, height: 700 }, ...context })
      const page = await browserContext.newPage()
      const wrongs: string[] = []
      page.on('pageerror', (error) => wrongs.push(error.stack ?? error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().includes('404')) wrongs.push(message.text())
      })
      await page.goto(origin)
      await page.waitForFunction(() => 'harness' in window)
      await page.evaluate((given) => window.harness.make(given), options)
      return {
        page,
        async pixels() {
          const { width, height, base64 } = await page.evaluate(() => window.harness.pixels())
          return { width, height, data: fromBase64(base64) }
        },
        snapshot: async () => fromBase64((await page.evaluate(() => window.harness.snapshot())).base64),
        async layer(name) {
          const raster = await page.evaluate((layer) => window.harness.layer(layer), name)
          if (!raster) return null
          const bytes = fromBase64((raster satisfies Travelling).base64)
          const data = raster.bytesPerValue === 4 ? new Uint32Array(bytes.buffer) : bytes
          return { width: raster.width, height: raster.height, data }
        },
        async settled() {
          await page.evaluate(async () => void await window.harness.viewer.settled())
        },
        async close() {
          await browserContext.close()
          if (wrongs.length > 0) throw new Error(`The page reported:\n${wrongs.join('\n')}`)
        },
      }
    },
    serve(name, bytes, options = {}) {
      files.set(`/files/${name}`, { bytes, delayMs: options.delayMs ?? 0 })
      return `/files/${name}`
    },
    requests: (url) => requests.get(url) ?? 0,
    hungUp: (url) => hungUp.get(url) ?? 0,
    async close() {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function count(counts: Map<string, number>, path: string): void {
  counts.set(path, (counts.get(path) ?? 0) + 1)
}

/** A copy, so that its buffer holds nothing else and starts aligned. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'base64'))
}
