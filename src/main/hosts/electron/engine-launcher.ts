import { utilityProcess } from 'electron'

/** The engine's process as the engine's client sees it; the same shape as a forked Node process gives. */
export interface LaunchedProcess {
  readonly pid: number | undefined
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  onExit(listener: (code: number | null) => void): void
  /** at once, without a farewell: a process that computes does not hear one */
  kill(): void
}

/** Starts a script in a utility process of Electron. Only after the app is ready. */
export function launchUtilityProcess(script: string): LaunchedProcess {
  const child = utilityProcess.fork(script, [], { serviceName: 'GoodSAM engine', stdio: 'inherit' })
  let exited = false
  child.once('exit', () => (exited = true))
  return {
    get pid() {
      return child.pid
    },
    send(message) {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a process, not a window
      if (!exited) child.postMessage(message)
    },
    onMessage: (listener) => void child.on('message', (message: unknown) => listener(message)),
    onExit: (listener) => void child.on('exit', (code) => listener(code)),
    kill() {
      if (exited) return
      if (child.pid === undefined) child.kill()
      else process.kill(child.pid, 'SIGKILL')
    },
  }
}
