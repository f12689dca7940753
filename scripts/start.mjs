// npm start [-- WORKSPACE]: installs what is missing, builds what changed, opens the workstation.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { ROOT, childEnvironment, ensureBuilt, ensureInstalled, pinnedNode } from './lib/prepare.mjs'

const argv = process.argv.slice(2)
if (argv.includes('--help') || argv.includes('-h')) {
  console.log(`npm start [-- WORKSPACE] [--browser] [--port P]

Opens GoodSAM Studio on a workspace folder (default: ~/goodsam-workspace; made when missing).
--browser   serve the window on 127.0.0.1 instead of opening the desktop window
--port P    port of the served window (default: a free one)`)
  process.exit(0)
}
const portAt = argv.indexOf('--port')
const port = portAt >= 0 ? argv[portAt + 1] : undefined
const named = argv.find((word, index) => !word.startsWith('--') && index !== portAt + 1)
const workspace = named ? resolve(process.env.INIT_CWD ?? process.cwd(), named) : join(homedir(), 'goodsam-workspace')

ensureInstalled()
ensureBuilt()

const desktop = argv.includes('--browser') ? { why: null } : electronBinary()
if (desktop.path) {
  run(desktop.path, [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ROOT, workspace])
} else {
  if (desktop.why) console.log(`The desktop window cannot open here (${desktop.why}): serving the same workstation for a browser.`)
  run(pinnedNode(), ['--enable-source-maps', join(ROOT, 'out', 'main', 'server.js'), workspace, ...(port ? ['--port', port] : [])])
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
  spawnSync(pinnedNode(), [join(folder, 'install.js')], { cwd: ROOT, env: childEnvironment(), stdio: ['ignore', 2, 'ignore'], timeout: 600_000 })
  const downloaded = installed()
  if (downloaded) return { path: downloaded }
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  writeFileSync(failed, version)
  return { why: 'the Electron binary could not be downloaded' }
}

function run(command, args) {
  const child = spawn(command, args, { cwd: ROOT, env: childEnvironment(), stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}
