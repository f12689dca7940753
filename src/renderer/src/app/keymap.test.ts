import { describe, expect, test } from 'vitest'
import {
  SHORTCUTS, SHORTCUT_IDS, chordOf, conflictsOf, keyCaps, keysOf, matchKey, parseOverrides, type KeyPress,
} from './keymap.ts'

const press = (key: string, code: string, held: string[] = []): KeyPress => ({
  key, code,
  ctrlKey: held.includes('ctrl'), metaKey: held.includes('meta'), altKey: held.includes('alt'), shiftKey: held.includes('shift'),
})

describe('the chord of a key press', () => {
  test.each([
    ['a letter', press('d', 'KeyD'), 'D'],
    ['caps lock changes nothing', press('D', 'KeyD'), 'D'],
    ['shift and a letter', press('D', 'KeyD', ['shift']), 'Shift+D'],
    ['control', press('z', 'KeyZ', ['ctrl']), 'Ctrl+Z'],
    ['command is control', press('z', 'KeyZ', ['meta', 'shift']), 'Ctrl+Shift+Z'],
    ['a character that needs shift', press('?', 'Slash', ['shift']), '?'],
    ['the same character on a layout where it is elsewhere', press('?', 'Minus', ['shift']), '?'],
    ['option and a digit types another character on a Mac', press('£', 'Digit3', ['alt']), 'Alt+3'],
    ['the number pad', press('4', 'Numpad4', ['alt']), 'Alt+4'],
    ['number pad without num lock is a cursor key', press('Home', 'Numpad7'), 'Home'],
    ['French layout: letters by what is typed', press('a', 'KeyQ'), 'A'],
    ['Greek layout: letters by place', press('δ', 'KeyD'), 'D'],
    ['space', press(' ', 'Space'), 'Space'],
    ['enter', press('Enter', 'Enter', ['ctrl']), 'Ctrl+Enter'],
  ])('%s', (_, event, chord) => expect(chordOf(event)).toBe(chord))

  test('modifiers alone are no chord', () => {
    expect(chordOf(press('Shift', 'ShiftLeft', ['shift']))).toBeNull()
    expect(chordOf(press('Dead', 'Quote'))).toBeNull()
  })
})

describe('matching', () => {
  const run = { scopes: ['everywhere', 'run'], overrides: {} } as const
  const dataset = { scopes: ['everywhere', 'dataset'], overrides: {} } as const

  test('the same key means what the open page says', () => {
    expect(matchKey('D', '', run)).toEqual({ kind: 'found', id: 'next' })
    expect(matchKey('D', '', dataset)).toEqual({ kind: 'none' })
  })

  test('a page wins over everywhere', () => {
    expect(matchKey('Shift+L', '', run)).toEqual({ kind: 'found', id: 'cycleLayerBack' })
    expect(matchKey('Shift+L', '', dataset)).toEqual({ kind: 'found', id: 'startLabelling' })
  })

  test('a sequence waits for its second chord', () => {
    expect(matchKey('G', '', run)).toEqual({ kind: 'prefix', pressed: 'G' })
    expect(matchKey('D', 'G', run)).toEqual({ kind: 'found', id: 'goDatasets' })
  })

  test('a sequence that leads nowhere leaves the chord its own meaning', () => {
    expect(matchKey('H', 'G', run)).toEqual({ kind: 'found', id: 'toggleOverlay' })
    expect(matchKey('G', 'G', run)).toEqual({ kind: 'prefix', pressed: 'G' })
    expect(matchKey('F9', 'G', run)).toEqual({ kind: 'none' })
  })

  test('own keys replace the default ones', () => {
    const overrides = { accept: ['Y'] }
    expect(keysOf('accept', overrides)).toEqual(['Y'])
    expect(matchKey('Y', '', { ...run, overrides })).toEqual({ kind: 'found', id: 'accept' })
    expect(matchKey('Enter', '', { ...run, overrides })).toEqual({ kind: 'none' })
  })
})

test('no two defaults of one page fight over a key', () => {
  for (const id of SHORTCUT_IDS) for (const key of SHORTCUTS[id].keys) expect({ id, key, conflicts: conflictsOf(id, key, {}) }).toEqual({ id, key, conflicts: [] })
})

test('a key that begins a sequence, or is begun by one, is a conflict', () => {
  expect(conflictsOf('help', 'G', {})).toEqual(['goDatasets', 'goModels', 'goLabelling', 'goDistil', 'goStudents', 'goEvaluations', 'goJobs', 'goTour', 'goSettings'])
  expect(conflictsOf('help', 'Ctrl+O', {})).toEqual(['importFolder'])
  expect(conflictsOf('accept', 'D', {})).toEqual(['next'])
  expect(conflictsOf('accept', 'D', { next: ['N'] })).toEqual([])
})

const keys = (id: keyof typeof SHORTCUTS): readonly string[] => SHORTCUTS[id].keys

test('the conventions of the product hold', () => {
  expect([keys('previous'), keys('next'), keys('previousUnreviewed'), keys('nextUnreviewed')]).toEqual([['A'], ['D'], ['Shift+A'], ['Shift+D']])
  expect([keys('accept'), keys('acceptAndNext'), keys('toggleOverlay'), keys('cycleLayer'), keys('sphere')]).toEqual([['Enter'], ['Ctrl+Enter'], ['H'], ['L'], ['S']])
  expect([keys('undo'), keys('redo')[0], keys('help')]).toEqual([['Ctrl+Z'], 'Ctrl+Shift+Z', ['?']])
})

test('key caps', () => {
  expect(keyCaps('Ctrl+Shift+Z')).toEqual(['Ctrl', 'Shift', 'Z'])
  expect(keyCaps('Ctrl+E', true)).toEqual(['⌘', 'E'])
  expect(keyCaps('G D')).toEqual(['G', 'D'])
  expect(keyCaps('Ctrl++')).toEqual(['Ctrl', '+'])
  expect(keyCaps('+')).toEqual(['+'])
})

test('overrides from storage are checked', () => {
  expect(parseOverrides('{"accept":["Y"],"unknown":["Z"],"reject":"X","undo":[""],"redo":[]}')).toEqual({ accept: ['Y'], redo: [] })
  expect(parseOverrides('[1')).toEqual({})
  expect(parseOverrides('null')).toEqual({})
  expect(parseOverrides(null)).toEqual({})
})
