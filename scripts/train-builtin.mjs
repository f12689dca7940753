// npm run train:builtin -- NAME [options]: trains one of the models that come with the program (builtin/).
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, childEnvironment, ensureInstalled, pinnedNode } from './lib/prepare.mjs'

ensureInstalled()
// both get a Ctrl+C; the training ends after a checkpoint
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
const { status } = spawnSync(pinnedNode(), [join(ROOT, 'builtin', 'train.ts'), ...process.argv.slice(2)], { stdio: 'inherit', env: childEnvironment() })
process.exit(status ?? 1)
