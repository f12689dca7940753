import { ActionIcon, SegmentedControl } from '@mantine/core'
import { IconCamera, IconFocusCentered, IconLayoutSidebar, IconLayoutSidebarFilled } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { notifyError } from '../../app/calls.ts'
import { formatShare } from '../../app/format.ts'
import { useShortcut } from '../../app/shortcuts.tsx'
import { Tip } from '../../components/keys.tsx'
import type { PanoramaViewer } from '../../viewer/types.ts'
import styles from './viewer-toolbar.module.css'

interface ViewerToolbarProps {
  readonly name: string
  /** "3 of 22" */
  readonly position: string
  readonly doubt: number | null
  readonly sphere: boolean
  readonly onSphere: (sphere: boolean) => void
  readonly viewer: PanoramaViewer | null
  readonly panels: boolean
  readonly onPanels: (panels: boolean) => void
}

/** Which panorama this is, and how it is looked at. */
export function ViewerToolbar({ name, position, doubt, sphere, onSphere, viewer, panels, onPanels }: ViewerToolbarProps): ReactNode {
  const save = async (): Promise<void> => {
    if (viewer === null) return
    try {
      download(await viewer.snapshot(), `${name}-view.png`)
    } catch (error) {
      notifyError(error)
    }
  }
  useShortcut('snapshot', viewer === null ? null : () => void save())
  return (
    <div className={styles.toolbar} role="toolbar" aria-label="View">
      <div className={styles.name} title={name}>{name}</div>
      <div className={styles.facts}>
        {position}
        {doubt !== null && <span title="1 − mean confidence, raised by disagreement"> · doubt {formatShare(doubt, 0)}</span>}
      </div>
      <div className={styles.space} />
      <Tip label="Sphere or flat" shortcut="sphere">
        <SegmentedControl
          aria-label="View" value={sphere ? 'sphere' : 'flat'} onChange={(value) => onSphere(value === 'sphere')}
          data={[{ value: 'flat', label: 'Flat' }, { value: 'sphere', label: 'Sphere' }]}
        />
      </Tip>
      <Tip label="Reset the view" shortcut="resetView">
        <ActionIcon aria-label="Reset the view" onClick={() => viewer?.resetView()}><IconFocusCentered size={17} stroke={1.6} /></ActionIcon>
      </Tip>
      <Tip label="Save a picture of the view" shortcut="snapshot">
        <ActionIcon aria-label="Save a picture of the view" onClick={() => void save()}><IconCamera size={17} stroke={1.6} /></ActionIcon>
      </Tip>
      <Tip label={panels ? 'Hide the side panels' : 'Show the side panels'} shortcut="togglePanels">
        <ActionIcon aria-label={panels ? 'Hide the side panels' : 'Show the side panels'} onClick={() => onPanels(!panels)}>
          {panels ? <IconLayoutSidebarFilled size={17} stroke={1.6} /> : <IconLayoutSidebar size={17} stroke={1.6} />}
        </ActionIcon>
      </Tip>
    </div>
  )
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // the download has taken its own hold of it by the next turn
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
