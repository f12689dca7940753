// A Chromium for the end-to-end tests: an installed one, else Playwright's, else Debian's package when root.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, childEnvironment, pinnedNode } from './prepare.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const PLACES = [
  ...NAMES.map((name) => `/usr/bin/${name}`),
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  `${process.env.PROGRAMFILES ?? 'C:/Program Files'}/Google/Chrome/Application/chrome.exe`,
]

function playwrights() {
  const script = "import('playwright-core').then((p) => process.stdout.write(p.chromium.executablePath()))"
  const result = spawnSync(pinnedNode(), ['-e', script], { cwd: ROOT, encoding: 'utf8' })
  const path = result.stdout?.trim()
  return path && existsSync(path) ? path : null
}

/** Path of a Chromium that is on this machine, or null. */
export function findBrowser() {
  const named = process.env.GOODSAM_CHROMIUM
  if (named && existsSync(named)) return named
  return PLACES.find((path) => existsSync(path)) ?? playwrights()
}

function attempt(command, args) {
  console.error(`  ${command} ${args.join(' ')}`)
  return spawnSync(command, args, { cwd: ROOT, env: childEnvironment({ DEBIAN_FRONTEND: 'noninteractive' }), stdio: ['ignore', 2, 2], timeout: 900_000 }).status === 0
}

/** As findBrowser, installing one where none is. Null when that is impossible too. */
export function ensureBrowser() {
  const present = findBrowser()
  if (present) return present
  console.error('No Chromium found: installing one for the end-to-end tests ...')
  if (existsSync('/etc/debian_version') && process.getuid?.() === 0) {
    // where Debian's package can be had it is tried first: Playwright's own download may hang behind a closed network
    attempt('apt-get', ['update', '-qq'])
    attempt('apt-get', ['install', '-y', '-qq', 'chromium'])
    const installed = findBrowser()
    if (installed) return installed
  }
  attempt(pinnedNode(), [join(ROOT, 'node_modules', 'playwright-core', 'cli.js'), 'install', 'chromium'])
  return findBrowser()
}
