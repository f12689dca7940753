import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { app } from 'electron'
import { toWireError } from '../contract/errors.ts'
import { composeStudio } from './compose.ts'
import { ENGINE_ENVIRONMENT } from './engine/engine-transport.ts'
import { builtFolder, entryFile } from './entries.ts'
import { launchUtilityProcess } from './hosts/electron/engine-launcher.ts'
import { runElectronHost, type HostedStudio } from './hosts/electron/run-electron-host.ts'

const named = namedWorkspace()
const workspace = named ?? join(homedir(), 'goodsam-workspace')

/** The desktop app: electron . [WORKSPACE] (made when it is missing). */
async function openStudio(): Promise<HostedStudio> {
  const studio = await composeStudio({
    workspace,
    create: true,
    queue: 'all',
    launchEngine: (options) => launchUtilityProcess(entryFile('engine-process'), { env: { ...ENGINE_ENVIRONMENT, ...options?.env } }),
  })
  return { ...studio, onBug: (error, where) => studio.log.error({ error }, where) }
}

/** What the command line names, or null. */
function namedWorkspace(): string | null {
  const words = process.argv.filter((word) => !word.startsWith('-'))
  // the executable, the app's folder unless it is packaged, the workspace
  const word = words[app.isPackaged ? 1 : 2]
  return word === undefined ? null : resolve(word)
}

// not awaited: Electron is not ready before this module has run
runElectronHost({
  workspace,
  isWorkspaceNamed: named !== null,
  openStudio,
  rendererFolder: join(builtFolder(), 'renderer'),
  preload: join(builtFolder(), 'preload', 'index.cjs'),
}).catch((error: unknown) => {
  process.stderr.write(`error: ${toWireError(error).message}\n`)
  app.exit(1)
})
