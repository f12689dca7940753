import { Tooltip, type TooltipProps } from '@mantine/core'
import type { ReactNode } from 'react'
import { keyCaps, type ShortcutId } from '../app/keymap.ts'
import { useKeyOf } from '../app/shortcuts.tsx'
import styles from './keys.module.css'

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** Key caps of one key ("Ctrl+Z", "G D"). */
export function KeyCaps({ keys }: { readonly keys: string }): ReactNode {
  return (
    <span className={styles.keys}>
      {keyCaps(keys, IS_MAC).map((cap, index) => (
        // eslint-disable-next-line react/no-array-index-key -- caps never move
        <kbd key={index} className={styles.cap}>{cap}</kbd>
      ))}
    </span>
  )
}

/** The key in force for a shortcut; nothing where a person took it away. */
export function ShortcutHint({ id }: { readonly id: ShortcutId }): ReactNode {
  const key = useKeyOf(id)
  return key === null ? null : <KeyCaps keys={key} />
}

interface TipProps {
  readonly label: ReactNode
  readonly shortcut?: ShortcutId
  readonly position?: TooltipProps['position']
  readonly disabled?: boolean
  readonly children: TooltipProps['children']
}

/** A tooltip that also tells the key. */
export function Tip({ label, shortcut, position, disabled, children }: TipProps): ReactNode {
  return (
    <Tooltip
      position={position} disabled={disabled}
      label={shortcut === undefined ? label : <span className={styles.tip}>{label}<ShortcutHint id={shortcut} /></span>}
    >
      {children}
    </Tooltip>
  )
}
