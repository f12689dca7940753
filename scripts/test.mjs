// npm test [-- STEP...]: types, lint, layers, unit, contract, integration, end-to-end. All of them by default.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBrowser } from './lib/browser.mjs'
import { ROOT, childEnvironment, ensureBuilt, ensureInstalled, pinnedNode } from './lib/prepare.mjs'

const tool = (...path) => join(ROOT, 'node_modules', ...path)
const vitest = (project) => ({ project, command: [tool('vitest', 'vitest.mjs'), 'run', '--project', project] })
const STEPS = {
  types: { command: [tool('typescript-native', 'bin', 'tsc'), '-p', '.'] },
  lint: { command: [tool('oxlint', 'bin', 'oxlint'), '--deny-warnings'] },
  layers: { command: [tool('dependency-cruiser', 'bin', 'dependency-cruiser.mjs'), 'src'] },
  unit: vitest('unit'),
  contract: vitest('contract'),
  integration: vitest('integration'),
  e2e: vitest('e2e'),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in STEPS))
if (unknown.length > 0) {
  console.error(`Unknown step ${unknown.join(', ')}. Steps: ${Object.keys(STEPS).join(', ')}.`)
  process.exit(2)
}
const names = asked.length > 0 ? asked : Object.keys(STEPS)

ensureInstalled()
if (names.some((name) => ['integration', 'e2e'].includes(name))) ensureBuilt()
const browser = names.includes('e2e') || names.includes('integration') ? ensureBrowser() : null
if (names.includes('e2e') && !browser) {
  console.error('The end-to-end tests need a Chromium: install one, or name it in GOODSAM_CHROMIUM.')
  process.exit(1)
}

const reports = join(ROOT, 'test-results')
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })
const totals = { passed: 0, failed: 0, skipped: 0 }
const table = []
for (const name of names) {
  const step = STEPS[name]
  const report = join(reports, `${name}.json`)
  const reporting = step.project ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : []
  console.log(`\n== ${name}`)
  const began = Date.now()
  const { status } = spawnSync(pinnedNode(), [...step.command, ...reporting], {
    cwd: ROOT, env: childEnvironment(browser ? { GOODSAM_CHROMIUM: browser } : {}), stdio: ['ignore', 'inherit', 'inherit'],
  })
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  const counts = step.project ? readCounts(report, status) : { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 }
  for (const key of Object.keys(totals)) totals[key] += counts[key]
  table.push(`${status === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${String(counts.passed).padStart(5)} passed ${seconds.padStart(7)} s`)
}
console.log(`\n${table.join('\n')}\n`)
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(totals.failed > 0 ? 1 : 0)

function readCounts(report, status) {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 }
  const result = JSON.parse(readFileSync(report, 'utf8'))
  const failed = result.numFailedTests + (status !== 0 && result.numFailedTests === 0 ? 1 : 0)
  return { passed: result.numPassedTests, failed, skipped: result.numPendingTests + result.numTodoTests }
}
