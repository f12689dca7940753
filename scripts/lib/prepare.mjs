// Makes a checkout ready to run: dependencies installed, everything built, nothing done twice.
// Plain JavaScript without dependencies: it runs on the user's own Node (20 or newer) before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join, relative, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..')
const BIN = join(ROOT, 'node_modules', '.bin')
const INSTALL_STAMP = join(ROOT, 'node_modules', '.goodsam-installed')
const BUILD_STAMP = join(ROOT, 'out', '.goodsam-built')
const BUILD_INPUTS = ['src', 'resources', 'electron.vite.config.ts', 'tsconfig.json', 'package-lock.json']

const windows = process.platform === 'win32'

/** The environment for child processes: the pinned Node first on the path. */
export function childEnvironment(extra = {}) {
  return { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}`, ...extra }
}

/** The pinned Node 24, or the running one before the first install. */
export function pinnedNode() {
  const path = join(BIN, windows ? 'node.exe' : 'node')
  return existsSync(path) ? path : process.execPath
}

/** Runs a command with its output on stderr (stdout belongs to the caller's result). Exits when it fails. */
export function must(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: ROOT, env: childEnvironment(options.env), stdio: ['ignore', 2, 2], shell: windows && command === 'npm',
  })
  if (result.status === 0) return
  const why = result.error ? result.error.message : `exit code ${result.status ?? result.signal}`
  console.error(`\n${options.what ?? command} failed (${why}).${options.remedy ? ` ${options.remedy}` : ''}`)
  process.exit(1)
}

function sha256(parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex')
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** Installs what the lock file names, when it has not been installed yet. Returns whether it had to. */
export function ensureInstalled() {
  const wanted = sha256([read(join(ROOT, 'package.json')), read(join(ROOT, 'package-lock.json')), process.platform, process.arch])
  if (read(INSTALL_STAMP) === wanted) return false
  console.error('Installing dependencies (once; this takes about a minute) ...')
  must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    what: 'npm ci',
    remedy: 'Check the network and the free disk space, then start again.',
    env: { npm_config_onnxruntime_node_install: 'skip' },
  })
  writeFileSync(INSTALL_STAMP, wanted)
  return true
}

function filesBelow(path) {
  if (!existsSync(path)) return []
  const entries = readdirSync(path, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort()
}

/** Content hash of everything the build reads. Tests stand beside their source and are no part of it. */
function buildInputsHash() {
  const hash = createHash('sha256')
  for (const input of BUILD_INPUTS) {
    const path = join(ROOT, input)
    const files = input.includes('.') ? [path] : filesBelow(path)
    for (const file of files) {
      if (/\.test\.tsx?$/.test(file) || !existsSync(file)) continue
      hash.update(relative(ROOT, file)).update('\0').update(readFileSync(file)).update('\0')
    }
  }
  return hash.digest('hex')
}

/** Builds main, preload, renderer, engine, server and command line, when a source changed. Returns whether it had to. */
export function ensureBuilt() {
  const wanted = buildInputsHash()
  if (read(BUILD_STAMP) === wanted) return false
  console.error('Building ...')
  must(pinnedNode(), [join(ROOT, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn'], { what: 'The build' })
  mkdirSync(join(ROOT, 'out'), { recursive: true })
  writeFileSync(BUILD_STAMP, wanted)
  return true
}
