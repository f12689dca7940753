/**
 * The engine process: the only one that loads onnxruntime. Started by a host with fork() (Node) or utilityProcess
 * (Electron), which look alike from here but for the port.
 */
import { createRequire } from 'node:module'
import { serveEngine } from './engine/engine-server.ts'
import type { EngineChannel } from './engine/engine-server.ts'
import { isHostMessage, LAST_WORDS } from './engine/messages.ts'
import type { HostMessage } from './engine/messages.ts'

/** What Electron adds to `process` in a utility process. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  postMessage(message: unknown): void
}

/** At once, whatever onnxruntime is doing: nothing here needs an orderly end, artifacts are written whole or not at all. */
function die(reason: string): never {
  process.stderr.write(`${LAST_WORDS}${reason}\n`)
  process.kill(process.pid, 'SIGKILL')
  throw new Error(reason)
}

function hostMessages(listener: (message: HostMessage) => void): (message: unknown) => void {
  return (message) => {
    if (isHostMessage(message)) listener(message)
  }
}

function openChannel(): EngineChannel {
  const port = (process as { parentPort?: ParentPort }).parentPort
  if (port !== undefined) {
    return { post: (message) => port.postMessage(message), onMessage: (listener) => port.on('message', (event) => hostMessages(listener)(event.data)) }
  }
  if (process.send === undefined) {
    process.stderr.write('The engine process is started by GoodSAM Studio, not by hand.\n')
    process.exit(2)
  }
  // the host is gone, also by kill -9: no orphan stays behind
  process.on('disconnect', () => die('the host is gone'))
  return {
    post: (message) => {
      if (process.connected) process.send?.(message)
    },
    onMessage: (listener) => process.on('message', hostMessages(listener)),
  }
}

/** From the file: importing onnxruntime here would load it into the thread that has to stay free. */
function onnxruntimeVersion(): string {
  const description = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  return description.version
}

process.on('uncaughtException', (error) => die(error.stack ?? error.message))
process.on('unhandledRejection', (reason) => die(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)))
// Ctrl+C in a terminal reaches every process of its group: what it means is the host's to say, who pauses and asks for a checkpoint
process.on('SIGINT', () => {})
serveEngine(openChannel(), { onnxruntimeVersion: onnxruntimeVersion(), die })
