// npm start [-- WORKSPACE]: installs what is missing, builds what changed, opens the workstation.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, childEnvironment, ensureBuilt, ensureInstalled, pinnedNode } from './lib/prepare.mjs'
import { START_HELP, parseStartArguments } from './lib/start-arguments.mjs'

const asked = readArguments()
ensureInstalled()
ensureBuilt()

const desktop = asked.browser ? { why: null } : electronBinary()
if (desktop.path) openDesktop(desktop.path)
else serve(desktop.why)

function readArguments() {
  try {
    const parsed = parseStartArguments(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd())
    if (!parsed.help) return parsed
    console.log(START_HELP)
    process.exit(0)
  } catch (error) {
    console.error(`${error.message}\n\n${START_HELP}`)
    process.exit(2)
  }
}

/** A binary that is there but cannot run (a missing system library) leaves the browser. */
function openDesktop(binary) {
  const began = Date.now()
  run(binary, [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ROOT, asked.workspace], (code) => {
    if (code !== 127 || Date.now() - began > 10_000) return process.exit(code)
    serve('Electron cannot be run here, see above')
  })
}

/** The same workstation for a browser; `why`: one line for whoever expected a window. */
function serve(why) {
  if (why) console.log(`The desktop window cannot open here (${why}): serving the same workstation for a browser.`)
  const port = asked.port === null ? [] : ['--port', asked.port]
  run(pinnedNode(), ['--enable-source-maps', join(ROOT, 'out', 'main', 'server.js'), asked.workspace, ...port], (code) => process.exit(code))
}

/** The Electron executable, downloaded on the first start where that is possible; otherwise why not. */
function electronBinary() {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return { why: 'no display' }
  const folder = join(ROOT, 'node_modules', 'electron')
  const installed = () => {
    const name = existsSync(join(folder, 'path.txt')) ? readFileSync(join(folder, 'path.txt'), 'utf8') : null
    const path = name ? join(folder, 'dist', name) : null
    return path && existsSync(path) ? path : null
  }
  const present = installed()
  if (present) return { path: present }
  const failed = join(ROOT, '.cache', 'electron-download-failed')
  const version = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
  if (existsSync(failed) && readFileSync(failed, 'utf8') === version) {
    return { why: `its download failed before; delete ${failed} to try again` }
  }
  console.error('Downloading the Electron binary (once) ...')
  spawnSync(pinnedNode(), [join(folder, 'install.js')], { cwd: ROOT, env: childEnvironment(), stdio: ['ignore', 2, 'ignore'], timeout: 180_000 })
  const downloaded = installed()
  if (downloaded) return { path: downloaded }
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  writeFileSync(failed, version)
  return { why: 'the Electron binary could not be downloaded' }
}

function run(command, args, onExit) {
  const child = spawn(command, args, { cwd: ROOT, env: childEnvironment(), stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => onExit(code ?? (signal ? 1 : 0)))
}
