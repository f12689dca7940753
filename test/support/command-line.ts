import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built command line (out/main/cli.js), as `npm run -s goodsam --` does after building. */
export function goodsam(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<CommandResult> {
  return new Promise((settle, fail) => {
    const child = spawn(process.execPath, ['--enable-source-maps', resolve(ROOT, 'out/main/cli.js'), ...args], {
      cwd: options.cwd ?? ROOT, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', fail)
    child.on('close', (code) => settle({ code, stdout, stderr }))
  })
}

/** As goodsam with --json; parses stdout. Throws with everything it printed when it did not exit with 0. */
export async function goodsamJson<T>(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<T> {
  const result = await goodsam([...args, '--json'], options)
  if (result.code !== 0) throw new Error(`goodsam ${args.join(' ')} exited with ${result.code}\n${result.stdout}\n${result.stderr}`)
  return JSON.parse(result.stdout) as T
}
