import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const HELPER = pathToFileURL(join(import.meta.dirname, 'run-child.mjs')).href
/** Says that it listens, and at a signal which one, with an exit code of its own. */
const PROGRAM = `
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { console.log(signal); process.exit(7) })
  setInterval(() => {}, 1000)
  console.log('listening')
`

function script(program: string) {
  const source = `import { runInstead } from ${JSON.stringify(HELPER)}\nrunInstead(process.execPath, ['-e', ${JSON.stringify(program)}])`
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
}

it.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM'] as const)('passes %s on to the program, and its exit code back', async (signal) => {
  const wrapper = script(PROGRAM)
  const printed: string[] = []
  const ended = once(wrapper, 'exit')
  for await (const chunk of wrapper.stdout) {
    printed.push(String(chunk))
    // to the wrapper alone, as a service manager does
    if (printed.join('') === 'listening\n') wrapper.kill(signal)
  }
  expect(printed.join('')).toBe(`listening\n${signal}\n`)
  expect(await ended).toEqual([7, null])
})

it('ends as the program ends', async () => {
  expect(await once(script('process.exit(0)'), 'exit')).toEqual([0, null])
  expect(await once(script('process.exit(2)'), 'exit')).toEqual([2, null])
})
