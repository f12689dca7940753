import { Button } from '@mantine/core'
import { useState, type KeyboardEvent, type ReactNode } from 'react'
import { SHORTCUTS, SHORTCUT_IDS, chordOf, conflictsOf, keysOf, type KeyOverrides, type ShortcutId } from '../../app/keymap.ts'
import { useShortcuts } from '../../app/shortcuts.tsx'
import { KeyCaps } from '../../components/keys.tsx'
import { Section } from '../../components/page.tsx'
import styles from './shortcuts.module.css'

/** Every shortcut with its keys; press the field, then the new key. */
export function ShortcutsEditor(): ReactNode {
  const { overrides, setOverrides } = useShortcuts()
  const groups = [...new Set(SHORTCUT_IDS.map((id) => SHORTCUTS[id].group))]
  const changed = Object.keys(overrides).length > 0
  return (
    <>
      {groups.map((group, index) => (
        <Section
          key={group} title={`Keyboard: ${group}`}
          aside={index === 0 && changed && <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setOverrides({})}>Reset all keys</Button>}
        >
          <div className={styles.box}>
            {SHORTCUT_IDS.filter((id) => SHORTCUTS[id].group === group).map((id) => (
              <ShortcutRow key={id} id={id} overrides={overrides} onChange={setOverrides} />
            ))}
          </div>
        </Section>
      ))}
    </>
  )
}

function ShortcutRow({ id, overrides, onChange }: { readonly id: ShortcutId; readonly overrides: KeyOverrides; readonly onChange: (overrides: KeyOverrides) => void }): ReactNode {
  const [listening, setListening] = useState(false)
  const [conflict, setConflict] = useState<string | null>(null)
  const keys = keysOf(id, overrides)
  const { label } = SHORTCUTS[id]

  const reset = (): void => {
    const { [id]: _, ...others } = overrides
    onChange(others)
    setConflict(null)
  }
  const hear = (event: KeyboardEvent): void => {
    if (!listening || event.key === 'Tab') return
    event.preventDefault()
    event.stopPropagation()
    const chord = chordOf(event.nativeEvent)
    if (chord === null) return
    setListening(false)
    const others = conflictsOf(id, chord, overrides)
    if (others.length > 0) {
      setConflict(`${chord} is taken by “${SHORTCUTS[others[0]].label}”. Change that one first.`)
      return
    }
    setConflict(null)
    onChange({ ...overrides, [id]: [chord] })
  }

  return (
    <div>
      <div className={styles.row}>
        <span>{label}</span>
        <button
          type="button" className={styles.keys} data-listening={listening} aria-label={`Keys of ${label}`}
          onClick={() => setListening(!listening)} onKeyDown={hear} onBlur={() => setListening(false)}
        >
          {listening ? 'Press the new key' : keys.length === 0 ? 'none' : keys.map((key) => <KeyCaps key={key} keys={key} />)}
        </button>
        {overrides[id] !== undefined && <Button variant="subtle" color="gray" size="compact-xs" onClick={reset}>Reset</Button>}
      </div>
      {conflict !== null && <div className={styles.conflict} role="alert">{conflict}</div>}
    </div>
  )
}
