// npm run -s bench -- [NAME...] [--json]: measures, and prints ratios against a reference of the same run.
import { spawnSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT, childEnvironment, ensureBuilt, ensureInstalled, pinnedNode } from './lib/prepare.mjs'

const BENCHES = ['label', 'postprocess', 'fusion', 'memory', 'training-step', 'distil', 'export', 'curve', 'synth']
const words = process.argv.slice(2)
const json = words.includes('--json')
const names = words.filter((word) => !word.startsWith('--'))
const unknown = names.filter((name) => !BENCHES.includes(name))
if (unknown.length > 0 || words.includes('--help')) {
  console.error(`npm run -s bench -- [NAME...] [--json]\nNames: ${BENCHES.join(', ')}`)
  process.exit(unknown.length > 0 ? 2 : 0)
}

if (Number(process.versions.node.split('.')[0]) < 22) {
  // first start: the benchmarks are TypeScript and need the pinned Node
  ensureInstalled()
  const { status } = spawnSync(pinnedNode(), process.argv.slice(1), { stdio: 'inherit', env: childEnvironment() })
  process.exit(status ?? 1)
}
ensureInstalled()
ensureBuilt()

const results = []
for (const name of names.length > 0 ? names : BENCHES) {
  console.error(`measuring ${name} ...`)
  const { bench } = await import(pathToFileURL(join(ROOT, 'test', 'bench', `${name}.ts`)).href)
  const result = await bench()
  results.push(result)
  if (!json) print(result)
}
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version }
// a benchmark's own figures stand at the top, where a script looks for them
if (json) console.log(JSON.stringify({ ...Object.assign({}, ...results.map(({ figures }) => figures)), machine, results }, null, 2))
else console.log(`\n${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB, Node ${machine.node}`)
const missed = results.some((result) => Object.values(result.ratios).some(({ ok }) => !ok))
process.exit(missed ? 1 : 0)

function print({ name, values, ratios }) {
  console.log(`\n${name}`)
  for (const [key, value] of Object.entries(values)) console.log(`  ${key.padEnd(38)} ${format(value)}`)
  for (const [key, { value, floor, ok }] of Object.entries(ratios)) {
    console.log(`  ${key.padEnd(38)} ${format(value)}  (target ${format(floor)}) ${ok ? 'ok' : 'MISSED'}`)
  }
}

function format(value) {
  return typeof value === 'number' ? Number(value.toPrecision(4)).toString() : String(value)
}
