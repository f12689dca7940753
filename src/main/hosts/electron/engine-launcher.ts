import { utilityProcess } from 'electron'

/** A started process as its client sees it: the same shape that a forked Node process is given. */
export interface LaunchedProcess {
  pid(): number | null
  post(message: unknown): void
  /** at once, without a farewell: a process that computes does not hear one */
  kill(): void
  onMessage(listener: (message: unknown) => void): void
  /** once; the reason in words */
  onExit(listener: (reason: string) => void): void
  /** what it prints, line by line */
  onLog(listener: (line: string) => void): void
}

/** Starts a script in a utility process of Electron; `env` is added to this process's. Only after the app is ready. */
export function launchUtilityProcess(script: string, options: { readonly env?: Readonly<Record<string, string>> } = {}): LaunchedProcess {
  const child = utilityProcess.fork(script, [], { serviceName: 'GoodSAM engine', stdio: 'pipe', env: { ...process.env, ...options.env } })
  let exited = false
  child.once('exit', () => (exited = true))
  return {
    pid: () => child.pid ?? null,
    post(message) {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a process, not a window
      if (!exited) child.postMessage(message)
    },
    kill() {
      if (exited) return
      // Electron asks politely, which a process that computes does not hear
      if (child.pid === undefined) child.kill()
      else process.kill(child.pid, 'SIGKILL')
    },
    onMessage: (listener) => void child.on('message', (message: unknown) => listener(message)),
    onExit: (listener) => void child.once('exit', (code) => listener(`exit code ${code}`)),
    onLog(listener) {
      for (const stream of [child.stdout, child.stderr]) {
        let rest = ''
        stream?.on('data', (data: Buffer | string) => {
          const lines = (rest + data.toString()).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) if (line.trim() !== '') listener(line)
        })
      }
    },
  }
}
