import { Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import { SHORTCUTS, SHORTCUT_IDS, keysOf } from '../../app/keymap.ts'
import { useShortcuts } from '../../app/shortcuts.tsx'
import { KeyCaps } from '../../components/keys.tsx'
import styles from './shortcuts.module.css'

/** All shortcuts at a glance (?); they are changed in Settings. */
export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { overrides } = useShortcuts()
  const groups = [...new Set(SHORTCUT_IDS.map((id) => SHORTCUTS[id].group))]
  return (
    <Modal opened onClose={onClose} title="Keyboard shortcuts" size={760}>
      <div className={styles.columns}>
        {groups.map((group) => (
          <section key={group} className={styles.group} aria-label={group}>
            <h3 className={styles.groupName}>{group}</h3>
            {SHORTCUT_IDS.filter((id) => SHORTCUTS[id].group === group && keysOf(id, overrides).length > 0).map((id) => (
              <div key={id} className={styles.line}>
                <span>{SHORTCUTS[id].label}</span>
                <KeyCaps keys={keysOf(id, overrides)[0]} />
              </div>
            ))}
            {group === 'View' && (
              <>
                <div className={styles.line}><span>Pan</span><span className="muted">drag</span></div>
                <div className={styles.line}><span>Zoom at the cursor</span><span className="muted">wheel</span></div>
              </>
            )}
          </section>
        ))}
      </div>
      <p className={styles.note}>Every key can be changed under Settings.</p>
    </Modal>
  )
}
