import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
// @ts-expect-error plain JavaScript: it runs before anything is installed
import { parseStartArguments } from './start-arguments.mjs'

describe('npm start', () => {
  it('opens the folder that is named, from where the user stands', () => {
    expect(parseStartArguments(['streets'], '/home/u')).toEqual({ workspace: '/home/u/streets', browser: false, port: null })
    expect(parseStartArguments(['/data/w', '--browser', '--port', '8080'], '/home/u')).toEqual({ workspace: '/data/w', browser: true, port: '8080' })
    expect(parseStartArguments(['--port', '0', 'w'], '/x')).toMatchObject({ workspace: '/x/w', port: '0' })
  })

  it('has a default workspace', () => {
    expect(parseStartArguments([], '/x')).toMatchObject({ workspace: join(homedir(), 'goodsam-workspace') })
  })

  it.each([[['--brwoser']], [['a', 'b']], [['--port', 'http']]])('refuses %j', (words) => {
    expect(() => parseStartArguments(words, '/x')).toThrow()
  })

  it('has help', () => expect(parseStartArguments(['--help'], '/x')).toEqual({ help: true }))
})
