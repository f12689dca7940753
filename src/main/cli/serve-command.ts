import type { Command } from 'commander'
import { serveWorkspace } from '../server.ts'
import { accessToken, integerIn } from './arguments.ts'

export function addServeCommand(program: Command): void {
  program
    .command('serve <workspace>')
    .description('serve the workstation to a browser')
    .option('--host <host>', 'address to listen on; 0.0.0.0: all', '127.0.0.1')
    .option('--port <port>', '0 takes a free one', integerIn(0, 65535), 0)
    .option('--token <token>', 'a token of your own that stays valid (default: a one-time token in the printed URL)', accessToken)
    .option('--json', 'print one JSON document once it listens: {url, urls, host, port, workspace}')
    .action(async (workspace: string, options: { host: string; port: number; token?: string; json?: boolean }) => {
      await serveWorkspace({ workspace, host: options.host, port: options.port, token: options.token ?? null, create: false, open: false, json: options.json ?? false })
    })
}
