// A script that only prepares the ground for another program.
import { spawn } from 'node:child_process'

/** Runs a command in place of this process: signals reach it, and its exit code is the one that the caller sees. */
export function runInstead(command, args, options) {
  const child = spawn(command, args, { ...options, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}
