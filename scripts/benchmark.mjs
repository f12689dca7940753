// npm run -s benchmark -- [--quick] [--json] [--only ROWS] ...: the method's comparison on generated streets (benchmark/).
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, childEnvironment, ensureInstalled, pinnedNode } from './lib/prepare.mjs'

ensureInstalled()
const child = spawn(pinnedNode(), [join(ROOT, 'benchmark', 'main.ts'), ...process.argv.slice(2)], { cwd: ROOT, env: childEnvironment(), stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
