/**
 * Files of a model hub: listed with their sizes and hashes, and fetched into a folder so that an interrupted transfer goes on where it
 * stopped and a damaged one is never taken for a model. A mirror with the Hugging Face hub's addresses does as well.
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import http from 'node:http'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type * as HubClient from '@huggingface/hub'
import { StudioError } from '../../contract/errors.ts'
import { flush, sha256OfFile } from '../artifacts/durable-files.ts'
import { errnoOf, storageError } from '../artifacts/storage-errors.ts'

export interface HubFile {
  /** path in the repository */
  readonly name: string
  readonly bytes: number
  /** SHA-256 of a large file; of a small one, which is kept in git itself, its git object id (SHA-1) */
  readonly hash: string
}

interface HubRepo {
  /** http(s) address without a slash at its end */
  readonly hub: string
  /** "owner/name" */
  readonly repo: string
}

const OFFICIAL_HUB = 'https://huggingface.co'
/** A transfer that brings nothing for so long is begun again. */
const STALLED_MS = 60_000
/** Waits before a transfer that brought nothing is tried again; one that brought something begins them anew. */
const BACKOFF_MS: readonly number[] = [1000, 4000, 15_000]

/** The hub's address, from the workspace's setting ('' where none is set) and HF_ENDPOINT. */
export function hubAddress(setting: string, env: NodeJS.ProcessEnv = process.env): string {
  const address = setting !== '' ? setting : (env['HF_ENDPOINT'] ?? '')
  return (address === '' ? OFFICIAL_HUB : address).replace(/\/+$/, '')
}

/** All files of the repository's main branch. Throws StudioError network, not-found. */
export async function listHubFiles({ hub, repo }: HubRepo, { signal }: { readonly signal: AbortSignal }): Promise<HubFile[]> {
  const { listFiles } = await hubClient()
  try {
    const files: HubFile[] = []
    for await (const { type, path, size, oid, lfs } of listFiles({ repo, recursive: true, hubUrl: hub, fetch: fetchUntil(signal) })) {
      if (type === 'file') files.push({ name: path, bytes: lfs?.size ?? size, hash: lfs?.oid ?? oid ?? '' })
    }
    return files
  } catch (error) {
    signal.throwIfAborted()
    throw hubError({ hub, repo }, error)
  }
}

export interface FetchOptions {
  readonly signal: AbortSignal
  /** bytes of the file that are there */
  readonly onBytes: (bytes: number) => void
  readonly log: (message: string) => void
  readonly backoffMs?: readonly number[]
}

/**
 * Fetches one file to `target`; a file that is there and whole stays. What comes is kept in `<target>.part`, and goes on there when
 * this is called again. Throws StudioError: network, not-found, storage, bad-file (not what the hub says it is); and what the signal
 * was aborted with.
 */
export async function fetchHubFile(repo: HubRepo, file: HubFile, target: string, options: FetchOptions): Promise<void> {
  const { signal, onBytes } = options
  if ((await sizeOf(target)) === file.bytes && (await isWhole(target, file))) {
    onBytes(file.bytes)
    return
  }
  const part = `${target}.part`
  // a part of something else is no beginning
  if (((await sizeOf(part)) ?? 0) > file.bytes) await rm(part)
  await transfer(repo, file, part, options)
  signal.throwIfAborted()
  if (!(await isWhole(part, file))) {
    await rm(part, { force: true })
    throw new StudioError('bad-file', `What came as ${file.name} is not the file that ${repo.hub} says it has (${file.hash}). Try again, or choose another mirror in Settings.`)
  }
  try {
    await flush(part)
    await rename(part, target)
  } catch (error) {
    throw storageError('write', target, error)
  }
}

async function transfer(repo: HubRepo, file: HubFile, part: string, { signal, onBytes, log, backoffMs = BACKOFF_MS }: FetchOptions): Promise<void> {
  for (let attempt = 0; ;) {
    const before = (await sizeOf(part)) ?? 0
    onBytes(before)
    if (before >= file.bytes) return
    try {
      await append(repo, file, part, { from: before, signal, onBytes })
      if (((await sizeOf(part)) ?? 0) >= file.bytes) return
      throw new TypeError('the transfer ended before the file did')
    } catch (error) {
      signal.throwIfAborted()
      const failure = hubError(repo, error, part)
      if (((await sizeOf(part)) ?? 0) > before) attempt = 0
      const pause = backoffMs[attempt]
      if (failure.code !== 'network' || pause === undefined) throw failure
      log(`${file.name}: ${failure.message} Trying again in ${pause / 1000} s.`)
      attempt++
      await wait(pause, undefined, { signal })
    }
  }
}

/** Appends to `part` what the file has from byte `from` on. */
async function append(
  { hub, repo }: HubRepo, { name }: HubFile, part: string, { from, signal, onBytes }: { readonly from: number; readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  const { downloadFile } = await hubClient()
  const stalled = new AbortController()
  const timer = setTimeout(() => stalled.abort(new TypeError(`nothing came for ${STALLED_MS / 1000} s`)), STALLED_MS)
  const either = AbortSignal.any([signal, stalled.signal])
  let bytes = from
  const counting = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      timer.refresh()
      bytes += chunk.length
      onBytes(bytes)
      done(null, chunk)
    },
  })
  try {
    const blob = await downloadFile({ repo, path: name, hubUrl: hub, fetch: fetchUntil(either), xet: false })
    if (blob === null) throw new StudioError('not-found', `${hub}/${repo} has no ${name}.`)
    await pipeline(blob.slice(from, blob.size).stream(), counting, createWriteStream(part, { flags: 'a' }), { signal: either })
  } catch (error) {
    // whatever is thrown after the stall is the stall's doing
    throw stalled.signal.aborted ? stalled.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

function fetchUntil(signal: AbortSignal): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, signal })
    const wanted = new Headers(init?.headers).get('range')
    // a part to which the whole file is appended would only be found damaged at its end
    if (response.ok && wanted !== null && response.status !== 206) throw new StudioError('network', `${new URL(response.url).origin} cannot send parts of files, so nothing could be continued: choose another mirror in Settings.`)
    return response
  }
}

let proxiesHeeded = false

/** Most sessions never download anything: they need not wait for the client. HTTPS_PROXY, HTTP_PROXY and NO_PROXY count from then on, where this Node knows how. */
function hubClient(): Promise<typeof HubClient> {
  if (!proxiesHeeded && 'setGlobalProxyFromEnv' in http) http.setGlobalProxyFromEnv()
  proxiesHeeded = true
  return import('@huggingface/hub')
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(({ size }) => size, () => null)
}

async function isWhole(path: string, { bytes, hash }: HubFile): Promise<boolean> {
  if ((await sizeOf(path)) !== bytes) return false
  if (/^[0-9a-f]{64}$/.test(hash)) return (await sha256OfFile(path)).hash === hash
  if (/^[0-9a-f]{40}$/.test(hash)) return createHash('sha1').update(`blob ${bytes}\0`).update(await readFile(path)).digest('hex') === hash
  return true
}

function hubError({ hub, repo }: HubRepo, error: unknown, written?: string): StudioError {
  if (error instanceof StudioError) return error
  if (error instanceof Error && 'statusCode' in error) {
    const { statusCode } = error
    if (statusCode === 404) return new StudioError('not-found', `${hub} has no ${repo}, or not this file of it. Look at its page; another mirror can be chosen in Settings.`, { cause: error })
    if (statusCode === 401 || statusCode === 403) return new StudioError('not-found', `${hub} gives ${repo} to nobody without an account (${statusCode}). Download its files there and add them.`, { cause: error })
    return new StudioError('network', `${hub} answered with an error (${statusCode}).`, { cause: error })
  }
  // failures of the network come wrapped; those of the file as they are
  if (written !== undefined && error instanceof Error && 'syscall' in error) return storageError('write', written, error)
  return new StudioError('network', `${hub} does not answer (${reasonOf(error)}). Check the network, HTTPS_PROXY, or the mirror in Settings.`, { cause: error })
}

/** Of "fetch failed" the cause says why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return errnoOf(cause) ?? (cause instanceof Error ? cause.message : String(cause))
}
