import { fork } from 'node:child_process'
import { entryFile } from '../entries.ts'
import type { HostMessage } from './messages.ts'

/** A started engine process as its host sees it: made with fork() here, with utilityProcess in Electron. */
export interface EngineTransport {
  pid(): number | null
  post(message: HostMessage): void
  /** ends it at once, without asking */
  kill(): void
  onMessage(listener: (message: unknown) => void): void
  /** once; `reason` in words: "signal SIGKILL", "exit code 1" */
  onExit(listener: (reason: string) => void): void
  /** what it prints, line by line */
  onLog(listener: (line: string) => void): void
}

/**
 * For whoever starts the process: settings of glibc's allocator (others ignore them). By default it keeps large freed
 * blocks in per-thread arenas, and a process that passes megabytes between threads grows to half as much again.
 */
export const ENGINE_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(8 * 1024 * 1024),
}

/**
 * Beyond these, for a process that trains: each step takes and gives back copies of the weights and of the optimiser's
 * state, 15 MB each for the smallest student. Mapped anew each time, as above, that is 8,000 page faults a step, 5 % of
 * its time. A training takes the same blocks again and again, so that keeping them costs no memory.
 */
export const TRAINING_ENVIRONMENT: Readonly<Record<string, string>> = {
  // the most that glibc takes
  MALLOC_MMAP_THRESHOLD_: String(32 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(64 * 1024 * 1024),
}

export interface LaunchOptions {
  /** beyond this process's variables and the engine's own */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the engine as a child of a Node process. It ends by itself when this process goes, however that happens. */
export function forkEngine(options: { readonly env?: NodeJS.ProcessEnv } = {}): EngineTransport {
  const child = fork(entryFile('engine-process'), [], {
    env: { ...process.env, ...ENGINE_ENVIRONMENT, ...options.env },
    // not the host's own: a debugger's port or a test runner's loader is not for the engine
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // keeps NaN and infinity, which JSON does not
    serialization: 'advanced',
  })
  // a post that meets a dying process is no news: its exit is
  child.on('error', () => {})
  return {
    pid: () => child.pid ?? null,
    post: (message) => {
      if (child.connected) child.send(message, () => {})
    },
    kill: () => child.kill('SIGKILL'),
    onMessage: (listener) => child.on('message', listener),
    onExit: (listener) => {
      let told = false
      const tell = (reason: string): void => {
        if (!told) listener(reason)
        told = true
      }
      child.once('exit', (code, signal) => tell(signal === null ? `exit code ${code}` : `signal ${signal}`))
      child.once('error', (error) => tell(`it could not be started: ${error.message}`))
    },
    onLog: (listener) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8')
        let rest = ''
        stream?.on('data', (text: string) => {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) if (line.trim() !== '') listener(line)
        })
      }
    },
  }
}
