// The words behind `npm start --`. Pure, so that it can be tested.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const START_HELP = `npm start [-- WORKSPACE] [--browser] [--port P]

Opens GoodSAM Studio on a workspace folder (default: ~/goodsam-workspace; made when missing).
--browser   serve the window on 127.0.0.1 instead of opening the desktop window
--port P    port of the served window (default: a free one)`

/**
 * { help } or { workspace, browser, port }; throws an Error that says what is wrong with the words.
 * Relative folders are taken from `from`, where the user stands.
 */
export function parseStartArguments(words, from) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, browser: { type: 'boolean' }, port: { type: 'string' } },
  })
  if (values.help) return { help: true }
  if (positionals.length > 1) throw new Error(`One workspace folder, not ${positionals.length}: ${positionals.join(', ')}`)
  if (values.port !== undefined && !/^\d{1,5}$/.test(values.port)) throw new Error(`--port must be a number from 0 to 65535, not ${values.port}`)
  const [named] = positionals
  return {
    workspace: named === undefined ? join(homedir(), 'goodsam-workspace') : resolve(from, named),
    browser: values.browser ?? false,
    port: values.port ?? null,
  }
}
