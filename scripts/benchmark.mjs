// npm run -s benchmark -- [--quick] [--json] [--only ROWS] ...: the method's comparison on generated streets (benchmark/).
import { join } from 'node:path'
import { ROOT, childEnvironment, ensureInstalled, pinnedNode } from './lib/prepare.mjs'
import { runInstead } from './lib/run-child.mjs'

ensureInstalled()
runInstead(pinnedNode(), [join(ROOT, 'benchmark', 'main.ts'), ...process.argv.slice(2)], { cwd: ROOT, env: childEnvironment() })
