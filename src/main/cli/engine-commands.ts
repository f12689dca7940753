import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { StudioError } from '../../contract/errors.ts'
import { note, printResult, table, type OutputOptions } from './output.ts'
import { withStudio } from './studio-session.ts'

/** engine status, engine install-cuda */
export function addEngineCommands(program: Command): void {
  const engine = program.command('engine').description('onnxruntime and its execution providers')
  engine
    .command('status <workspace>')
    .description('which execution provider runs, and why the others do not')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions) => {
      const status = await withStudio(workspace, (client) => client.call('engine.restart', {}))
      printResult(status, options, (s) =>
        [`onnxruntime ${s.onnxruntimeVersion ?? '-'}, ${s.state}`,
          table(['provider', 'available', 'detail'], s.providers.map((p) => [p.provider, p.available ? 'yes' : 'no', p.detail]))].join('\n'))
    })
  engine
    .command('install-cuda')
    .description('download the CUDA libraries of onnxruntime (about 300 MB; Linux and Windows, CUDA 12 and cuDNN 9 needed)')
    .action(() => {
      const home = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
      note('Downloading the CUDA execution provider ...')
      const result = spawnSync(process.execPath, [join(home, 'script', 'install.js'), '--onnxruntime-node-install=cuda12'], {
        cwd: home, stdio: ['ignore', 2, 2],
      })
      if (result.status !== 0) {
        throw new StudioError('engine', 'The CUDA libraries could not be downloaded. Check the network (a proxy goes into GLOBAL_AGENT_HTTPS_PROXY) and run this command again; CPU and WebGPU work without them.')
      }
      printResult({ installed: true }, {}, () => 'CUDA libraries installed. Choose them with --provider cuda or in Settings.')
    })
}
