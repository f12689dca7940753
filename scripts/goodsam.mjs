// npm run -s goodsam -- COMMAND: the command line. Installs and builds when needed, then runs on the pinned Node.
import { join } from 'node:path'
import { ROOT, childEnvironment, ensureBuilt, ensureInstalled, pinnedNode } from './lib/prepare.mjs'
import { runInstead } from './lib/run-child.mjs'

ensureInstalled()
ensureBuilt()
runInstead(pinnedNode(), ['--enable-source-maps', join(ROOT, 'out', 'main', 'cli.js'), ...process.argv.slice(2)], {
  // npm runs scripts in the project's folder; paths on the command line are meant from where the user stands
  cwd: process.env.INIT_CWD ?? process.cwd(), env: childEnvironment(),
})
