/**
 * The keyboard, in one place: what can be done, under which keys, where. Keys are remappable; overrides are kept apart
 * so that a later default still reaches everyone who did not touch it.
 *
 * A key is a chord ("Ctrl+Shift+Z", "?", "Alt+3") or a sequence of chords ("G D"). Ctrl stands for Cmd on a Mac.
 */

/** Where a shortcut listens. `everywhere` always; the others only while their page is open. */
export type ShortcutScope = 'everywhere' | 'dataset' | 'run' | 'distil' | 'students' | 'jobs' | 'tour'

interface ShortcutDefinition {
  readonly label: string
  readonly group: string
  readonly scope: ShortcutScope
  readonly keys: readonly string[]
}

export const SHORTCUTS = {
  help: { label: 'Show keyboard shortcuts', group: 'General', scope: 'everywhere', keys: ['?'] },
  goDatasets: { label: 'Go to Datasets', group: 'General', scope: 'everywhere', keys: ['G D'] },
  goModels: { label: 'Go to Models', group: 'General', scope: 'everywhere', keys: ['G M'] },
  goLabelling: { label: 'Go to Labelling', group: 'General', scope: 'everywhere', keys: ['G L'] },
  goDistil: { label: 'Go to Distil', group: 'General', scope: 'everywhere', keys: ['G I'] },
  goStudents: { label: 'Go to Students', group: 'General', scope: 'everywhere', keys: ['G T'] },
  goEvaluations: { label: 'Go to Evaluations', group: 'General', scope: 'everywhere', keys: ['G E'] },
  goJobs: { label: 'Go to Jobs', group: 'General', scope: 'everywhere', keys: ['G J'] },
  goTour: { label: 'Go to the tour', group: 'General', scope: 'everywhere', keys: ['G O'] },
  goSettings: { label: 'Go to Settings', group: 'General', scope: 'everywhere', keys: ['G S'] },
  importFolder: { label: 'Import folder', group: 'General', scope: 'everywhere', keys: ['Ctrl+O'] },
  addModel: { label: 'Add model', group: 'General', scope: 'everywhere', keys: ['Shift+M'] },
  startLabelling: { label: 'Start labelling', group: 'General', scope: 'everywhere', keys: ['Shift+L'] },
  startDistilling: { label: 'Distil a student', group: 'General', scope: 'everywhere', keys: ['Shift+D'] },
  focusFilter: { label: 'Filter the list', group: 'General', scope: 'everywhere', keys: ['/'] },
  toggleNavigation: { label: 'Collapse or expand the navigation', group: 'General', scope: 'everywhere', keys: ['Ctrl+B'] },
  toggleTheme: { label: 'Light or dark theme', group: 'General', scope: 'everywhere', keys: ['Shift+T'] },

  next: { label: 'Next panorama', group: 'Review', scope: 'run', keys: ['D'] },
  previous: { label: 'Previous panorama', group: 'Review', scope: 'run', keys: ['A'] },
  nextUnreviewed: { label: 'Next without review', group: 'Review', scope: 'run', keys: ['Shift+D'] },
  previousUnreviewed: { label: 'Previous without review', group: 'Review', scope: 'run', keys: ['Shift+A'] },
  accept: { label: 'Accept', group: 'Review', scope: 'run', keys: ['Enter'] },
  acceptAndNext: { label: 'Accept and go to the next without review', group: 'Review', scope: 'run', keys: ['Ctrl+Enter'] },
  reject: { label: 'Reject', group: 'Review', scope: 'run', keys: ['Backspace', 'Delete'] },
  undo: { label: 'Undo', group: 'Review', scope: 'run', keys: ['Ctrl+Z'] },
  redo: { label: 'Redo', group: 'Review', scope: 'run', keys: ['Ctrl+Shift+Z', 'Ctrl+Y'] },
  sortStrip: { label: 'Sort by doubt or by name', group: 'Review', scope: 'run', keys: ['O'] },
  exportLabels: { label: 'Export', group: 'Review', scope: 'run', keys: ['Ctrl+E'] },
  evaluate: { label: 'Evaluate against the truth', group: 'Review', scope: 'run', keys: ['Shift+E'] },

  sphere: { label: 'Sphere or flat view', group: 'View', scope: 'run', keys: ['S'] },
  resetView: { label: 'Reset the view', group: 'View', scope: 'run', keys: ['Home'] },
  toggleOverlay: { label: 'Hide or show everything over the image', group: 'View', scope: 'run', keys: ['H'] },
  cycleLayer: { label: 'Next layer', group: 'View', scope: 'run', keys: ['L'] },
  cycleLayerBack: { label: 'Previous layer', group: 'View', scope: 'run', keys: ['Shift+L'] },
  opacity0: { label: 'Layer opacity 0 %', group: 'View', scope: 'run', keys: ['Alt+0'] },
  opacity1: { label: 'Layer opacity 25 %', group: 'View', scope: 'run', keys: ['Alt+1'] },
  opacity2: { label: 'Layer opacity 50 %', group: 'View', scope: 'run', keys: ['Alt+2'] },
  opacity3: { label: 'Layer opacity 75 %', group: 'View', scope: 'run', keys: ['Alt+3'] },
  opacity4: { label: 'Layer opacity 100 %', group: 'View', scope: 'run', keys: ['Alt+4'] },
  thetaDown: { label: 'Theta down by 0.01', group: 'View', scope: 'run', keys: [','] },
  thetaUp: { label: 'Theta up by 0.01', group: 'View', scope: 'run', keys: ['.'] },
  togglePanels: { label: 'Hide or show the side panels', group: 'View', scope: 'run', keys: ['\\'] },
  snapshot: { label: 'Save a picture of the view', group: 'View', scope: 'run', keys: ['Shift+S'] },

  selectAll: { label: 'Select all panoramas', group: 'Dataset', scope: 'dataset', keys: ['Ctrl+A'] },
  clearSelection: { label: 'Clear the selection', group: 'Dataset', scope: 'dataset', keys: ['Escape'] },

  pauseDistillation: { label: 'Pause or resume the distillation run', group: 'Distil', scope: 'distil', keys: ['P'] },
  cancelDistillation: { label: 'Cancel the distillation run', group: 'Distil', scope: 'distil', keys: ['X'] },
  retryDistillation: { label: 'Go on from the last checkpoint', group: 'Distil', scope: 'distil', keys: ['R'] },
  earlierSample: { label: 'Earlier samples', group: 'Distil', scope: 'distil', keys: ['A'] },
  laterSample: { label: 'Later samples', group: 'Distil', scope: 'distil', keys: ['D'] },
  logarithmicLoss: { label: 'Logarithmic loss curve', group: 'Distil', scope: 'distil', keys: ['L'] },
  smoothLoss: { label: 'Smooth the loss curve, or not', group: 'Distil', scope: 'distil', keys: ['S'] },

  compare: { label: 'Compare what is chosen', group: 'Students', scope: 'students', keys: ['C'] },
  evaluateStudent: { label: 'Evaluate against the truth', group: 'Students', scope: 'students', keys: ['Shift+E'] },
  exportStudent: { label: 'Export', group: 'Students', scope: 'students', keys: ['Ctrl+E'] },

  skipTourStep: { label: 'Skip the step', group: 'Tour', scope: 'tour', keys: ['N'] },
  stopTour: { label: 'Stop the tour', group: 'Tour', scope: 'tour', keys: ['X'] },
  goOnTour: { label: 'Go on, or try again', group: 'Tour', scope: 'tour', keys: ['R'] },

  nextJob: { label: 'Next job', group: 'Jobs', scope: 'jobs', keys: ['D'] },
  previousJob: { label: 'Previous job', group: 'Jobs', scope: 'jobs', keys: ['A'] },
  pauseJob: { label: 'Pause or resume the selected job', group: 'Jobs', scope: 'jobs', keys: ['P'] },
  cancelJob: { label: 'Cancel the selected job', group: 'Jobs', scope: 'jobs', keys: ['X'] },
  retryJob: { label: 'Retry the failed items', group: 'Jobs', scope: 'jobs', keys: ['R'] },
} as const satisfies Record<string, ShortcutDefinition>

export type ShortcutId = keyof typeof SHORTCUTS
export type KeyOverrides = Readonly<Partial<Record<ShortcutId, readonly string[]>>>

export const SHORTCUT_IDS = Object.keys(SHORTCUTS).filter(isShortcutId)

export function isShortcutId(text: string): text is ShortcutId {
  return Object.hasOwn(SHORTCUTS, text)
}

/** The keys in force: a person's own, or the defaults. */
export function keysOf(id: ShortcutId, overrides: KeyOverrides): readonly string[] {
  return overrides[id] ?? SHORTCUTS[id].keys
}

/** What a keyboard event carries; a part of the DOM's KeyboardEvent. */
export interface KeyPress {
  readonly key: string
  readonly code: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

/**
 * The chord of a key press, null while only modifiers are down. Letters follow the keyboard's layout; digits and
 * letters under Alt follow the key's place, because Alt types other characters on some systems. Shift is part of the
 * chord for letters and named keys; for other characters ("?") it is already in the character.
 */
export function chordOf(press: KeyPress): string | null {
  const key = keyName(press)
  if (key === null) return null
  const isCharacter = key.length === 1 && !/[A-Z0-9]/.test(key)
  const modifiers = [
    press.ctrlKey || press.metaKey ? 'Ctrl' : null,
    press.altKey ? 'Alt' : null,
    press.shiftKey && !isCharacter ? 'Shift' : null,
  ]
  return [...modifiers.filter((name) => name !== null), key].join('+')
}

function keyName(press: KeyPress): string | null {
  if (['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead', 'Process', 'Unidentified'].includes(press.key)) return null
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(press.code)
  if (digit !== null && (press.altKey || /^\d$/.test(press.key))) return digit[1]
  const place = /^Key([A-Z])$/.exec(press.code)
  if (place !== null && press.altKey) return place[1]
  if (press.key === ' ') return 'Space'
  if (/^[a-z]$/i.test(press.key)) return press.key.toUpperCase()
  // a layout without Latin letters (Greek, Cyrillic): the key's place
  if (place !== null && press.key.length === 1) return place[1]
  return press.key
}

export type KeyMatch =
  | { readonly kind: 'none' }
  /** the beginning of a sequence: wait for its next chord */
  | { readonly kind: 'prefix'; readonly pressed: string }
  | { readonly kind: 'found'; readonly id: ShortcutId }

/**
 * What a chord means after `pressed` (an unfinished sequence, '' for none), among the shortcuts of the given scopes.
 * The page's own shortcut wins over one that listens everywhere.
 */
export function matchKey(
  chord: string, pressed: string, options: { readonly scopes: readonly ShortcutScope[]; readonly overrides: KeyOverrides },
): KeyMatch {
  const typed = pressed === '' ? chord : `${pressed} ${chord}`
  let prefix = false
  let found: ShortcutId | null = null
  for (const id of SHORTCUT_IDS) {
    const { scope } = SHORTCUTS[id]
    if (!options.scopes.includes(scope)) continue
    for (const key of keysOf(id, options.overrides)) {
      if (key === typed && (found === null || scope !== 'everywhere')) found = id
      else if (key.startsWith(`${typed} `)) prefix = true
    }
  }
  if (found !== null) return { kind: 'found', id: found }
  if (prefix) return { kind: 'prefix', pressed: typed }
  return pressed === '' ? { kind: 'none' } : matchKey(chord, '', options)
}

/** Shortcuts that would fight over `key` if `id` took it: the same page, or one of them listens everywhere. */
export function conflictsOf(id: ShortcutId, key: string, overrides: KeyOverrides): readonly ShortcutId[] {
  const { scope } = SHORTCUTS[id]
  return SHORTCUT_IDS.filter((other) => {
    if (other === id || SHORTCUTS[other].scope !== scope) return false
    return keysOf(other, overrides).some((taken) => taken === key || taken.startsWith(`${key} `) || key.startsWith(`${taken} `))
  })
}

const SYMBOLS: Readonly<Record<string, string>> = { Backspace: '⌫', Delete: 'Del', Escape: 'Esc', Enter: '↵' }

/** The parts of a key for showing: "Ctrl+Shift+Z" -> [Ctrl, Shift, Z]; on a Mac Ctrl is shown as the command sign. */
export function keyCaps(key: string, isMac = false): readonly string[] {
  return key.split(' ').flatMap((chord) =>
    // a plus that ends the chord is the key itself
    chord.split(/\+(?!$)/).map((part) => {
      if (part === 'Ctrl' && isMac) return '⌘'
      return SYMBOLS[part] ?? part
    }),
  )
}

/** Reads overrides back from storage; whatever is not understood is dropped. */
export function parseOverrides(text: string | null): KeyOverrides {
  if (text === null) return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return {}
  }
  if (typeof value !== 'object' || value === null) return {}
  const overrides: Partial<Record<ShortcutId, readonly string[]>> = {}
  for (const [id, keys] of Object.entries(value)) {
    if (!isShortcutId(id) || !Array.isArray(keys)) continue
    if (keys.every((key: unknown) => typeof key === 'string' && key !== '')) overrides[id] = keys
  }
  return overrides
}
