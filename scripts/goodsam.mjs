// npm run -s goodsam -- COMMAND: the command line. Installs and builds when needed, then runs on the pinned Node.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, childEnvironment, ensureBuilt, ensureInstalled, pinnedNode } from './lib/prepare.mjs'

ensureInstalled()
ensureBuilt()
const child = spawn(pinnedNode(), ['--enable-source-maps', join(ROOT, 'out', 'main', 'cli.js'), ...process.argv.slice(2)], {
  // npm runs scripts in the project's folder; paths on the command line are meant from where the user stands
  cwd: process.env.INIT_CWD ?? process.cwd(), env: childEnvironment(), stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
