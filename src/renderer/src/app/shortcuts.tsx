import { createContext, useContext, useEffect, useEffectEvent, useMemo, useState, type ReactNode } from 'react'
import {
  chordOf, keysOf, matchKey, parseOverrides, type KeyOverrides, type ShortcutId, type ShortcutScope,
} from './keymap.ts'

const STORAGE_KEY = 'goodsam.keys'
/** an unfinished sequence ("G ...") is forgotten after this */
const SEQUENCE_MS = 1200

type Handler = () => void

interface Shortcuts {
  readonly overrides: KeyOverrides
  readonly setOverrides: (overrides: KeyOverrides) => void
  /** returns the function that ends it */
  readonly listen: (id: ShortcutId, handler: Handler) => () => void
  readonly enter: (scope: ShortcutScope) => () => void
}

const ShortcutContext = createContext<Shortcuts | null>(null)

/** Hears every key press of the window and calls whoever listens for its meaning. */
export function ShortcutProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [overrides, setStored] = useState<KeyOverrides>(() => parseOverrides(localStorage.getItem(STORAGE_KEY)))
  const [handlers] = useState(() => new Map<ShortcutId, Handler[]>())
  const [scopes] = useState<ShortcutScope[]>(() => ['everywhere'])

  const onKeyDown = useEffectEvent((event: KeyboardEvent, pressed: string, pointed: boolean): string => {
    if (event.defaultPrevented || event.isComposing || belongsToControl(event, pointed)) return ''
    const chord = chordOf(event)
    if (chord === null) return pressed
    const match = matchKey(chord, pressed, { scopes, overrides })
    if (match.kind === 'none') return ''
    if (match.kind === 'prefix') return match.pressed
    const handler = handlers.get(match.id)?.at(-1)
    if (handler === undefined) return ''
    event.preventDefault()
    handler()
    return ''
  })

  useEffect(() => {
    let pressed = ''
    // whether the focus was last moved by clicking: a clicked button is done, one that was tabbed to waits for Enter
    let pointed = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const listener = (event: KeyboardEvent): void => {
      if (event.key === 'Tab') pointed = false
      pressed = onKeyDown(event, pressed, pointed)
      clearTimeout(timer)
      if (pressed !== '') timer = setTimeout(() => { pressed = '' }, SEQUENCE_MS)
    }
    const onPointer = (): void => {
      pointed = true
    }
    window.addEventListener('keydown', listener)
    window.addEventListener('pointerdown', onPointer, { capture: true })
    return () => {
      window.removeEventListener('keydown', listener)
      window.removeEventListener('pointerdown', onPointer, { capture: true })
      clearTimeout(timer)
    }
  }, [])

  const shortcuts = useMemo<Shortcuts>(() => ({
    overrides,
    setOverrides: (next) => {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(next))
      setStored(next)
    },
    listen: (id, handler) => {
      const stack = handlers.get(id) ?? []
      handlers.set(id, stack)
      stack.push(handler)
      return () => stack.splice(stack.indexOf(handler), 1)
    },
    enter: (scope) => {
      scopes.push(scope)
      return () => scopes.splice(scopes.lastIndexOf(scope), 1)
    },
  }), [overrides, handlers, scopes])

  return <ShortcutContext value={shortcuts}>{children}</ShortcutContext>
}

/** Keys that a control needs for itself: typing, and anything while a dialog is open. */
function belongsToControl(event: KeyboardEvent, pointed: boolean): boolean {
  const target = event.target instanceof Element ? event.target : null
  if (document.querySelector('[aria-modal="true"]') !== null) return true
  if (target === null) return false
  if (target.closest('[role=menu], [role=listbox]') !== null) return true
  if (target.closest('input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable=true]') !== null) return true
  // Enter presses a button that was tabbed to; one that was only clicked, or that stands for what is open already, does
  // not swallow the shortcut
  return !pointed && event.key === 'Enter' && target.matches(':is(button, a, input, [role=button], [role=radio], [role=tab]):not([aria-current=true])')
}

export function useShortcuts(): Shortcuts {
  const shortcuts = useContext(ShortcutContext)
  if (shortcuts === null) throw new Error('useShortcuts outside of ShortcutProvider')
  return shortcuts
}

/** Calls the handler when the shortcut is pressed; null: not now. */
export function useShortcut(id: ShortcutId, handler: Handler | null): void {
  const { listen } = useShortcuts()
  const call = useEffectEvent(() => handler?.())
  const active = handler !== null
  useEffect(() => (active ? listen(id, () => call()) : undefined), [active, id, listen])
}

/** Lets the shortcuts of a page through while it is open. */
export function useShortcutScope(scope: ShortcutScope): void {
  const { enter } = useShortcuts()
  useEffect(() => enter(scope), [enter, scope])
}

/** The first key of a shortcut, for hints; null when a person took its keys away. */
export function useKeyOf(id: ShortcutId): string | null {
  return keysOf(id, useShortcuts().overrides)[0] ?? null
}
