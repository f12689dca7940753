// npm run train:builtin -- NAME [options]: trains one of the models that come with the program (builtin/).
import { join } from 'node:path'
import { ROOT, childEnvironment, ensureInstalled, pinnedNode } from './lib/prepare.mjs'
import { runInstead } from './lib/run-child.mjs'

ensureInstalled()
// at a signal the training ends after a checkpoint
runInstead(pinnedNode(), [join(ROOT, 'builtin', 'train.ts'), ...process.argv.slice(2)], { env: childEnvironment() })
