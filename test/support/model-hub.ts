import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface ModelHubOptions {
  /** of each transfer; nothing: as fast as it goes */
  bytesPerSecond?: number
  /** each transfer's connection breaks after so many bytes of its body */
  failAfterBytes?: number
}

export interface HubRequest {
  /** decoded, without what was asked after "?" */
  readonly path: string
  readonly range: string | null
}

export interface ModelHub {
  /** its address, without a slash at its end */
  readonly url: string
  /** all that came, in its order */
  readonly requests: readonly HubRequest[]
  close(): Promise<void>
}

/**
 * A hub of models on this machine, with the addresses and answers of the Hugging Face hub that listing and fetching need.
 * `files`: bytes, or the path of a file, by "owner/name/path in the repository". `options` are looked at anew at each request.
 */
export async function startModelHub(files: Readonly<Record<string, Uint8Array | string>>, options: ModelHubOptions = {}): Promise<ModelHub> {
  const contents = new Map(await Promise.all(Object.entries(files).map(
    async ([name, file]) => [name, typeof file === 'string' ? await readFile(file) : Buffer.from(file)] as const,
  )))
  const requests: HubRequest[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://hub').pathname)
    requests.push({ path, range: request.headers.range ?? null })
    answer({ contents, options, path }, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections()
      await new Promise((settle) => server.close(settle))
    },
  }
}

interface Asked {
  readonly contents: ReadonlyMap<string, Buffer>
  readonly options: ModelHubOptions
  readonly path: string
}

async function answer({ contents, options, path }: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const listed = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/main$/.exec(path)?.[1]
  if (listed !== undefined) {
    const of = [...contents].filter(([name]) => name.startsWith(`${listed}/`))
    if (of.length === 0) return refuse(response, 'RepoNotFound')
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(of.map(([name, bytes]) => treeEntry(name.slice(listed.length + 1), bytes))))
    return
  }
  const wanted = /^\/([^/]+\/[^/]+)\/resolve\/main\/(.+)$/.exec(path)
  const bytes = wanted === null ? undefined : contents.get(`${wanted[1]}/${wanted[2]}`)
  if (bytes === undefined) return refuse(response, 'EntryNotFound')
  await send(bytes, options, request, response)
}

/** Models are large files, which the hub knows by their SHA-256; all else is in git itself. */
function treeEntry(path: string, bytes: Buffer): object {
  const size = bytes.length
  const git = createHash('sha1').update(`blob ${size}\0`).update(bytes).digest('hex')
  if (!/\.(onnx|onnx_data|safetensors)$/.test(path)) return { type: 'file', path, size, oid: git }
  const oid = createHash('sha256').update(bytes).digest('hex')
  return { type: 'file', path, size, oid: git, lfs: { oid, size, pointerSize: 134 } }
}

function refuse(response: ServerResponse, code: string): void {
  response.writeHead(404, { 'Content-Type': 'application/json', 'X-Error-Code': code })
  response.end(JSON.stringify({ error: code }))
}

async function send(bytes: Buffer, options: ModelHubOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const from = range === null ? 0 : Number(range[1])
  const to = range === null || range[2] === '' ? bytes.length : Math.min(bytes.length, Number(range[2]) + 1)
  const headers = { 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes', ETag: `"${createHash('sha256').update(bytes).digest('hex')}"` }
  if (from >= to) {
    response.writeHead(416, { ...headers, 'Content-Range': `bytes */${bytes.length}` }).end()
    return
  }
  const part = range === null ? {} : { 'Content-Range': `bytes ${from}-${to - 1}/${bytes.length}` }
  response.writeHead(range === null ? 200 : 206, { ...headers, ...part, 'Content-Length': to - from })
  const { bytesPerSecond, failAfterBytes = Number.POSITIVE_INFINITY } = options
  const body = bytes.subarray(from, Math.min(to, from + failAfterBytes))
  // ten pieces a second
  const piece = bytesPerSecond === undefined ? body.length : Math.max(1, Math.round(bytesPerSecond / 10))
  for (let at = 0; at < body.length && !response.destroyed; at += piece) {
    response.write(body.subarray(at, at + piece))
    if (bytesPerSecond !== undefined) await wait(100)
  }
  if (from + body.length === to) response.end()
  // what was written reaches the other side before the connection breaks
  else setTimeout(() => response.destroy(), 50)
}
