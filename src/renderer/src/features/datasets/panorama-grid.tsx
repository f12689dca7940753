import { IconAlertTriangle, IconCheck, IconMap2 } from '@tabler/icons-react'
import { useRef, type MouseEvent, type ReactNode } from 'react'
import type { Panorama } from '../../../../contract/schemas.ts'
import { useGrowing } from '../../app/hooks.ts'
import { Thumbnail } from '../../components/thumbnail.tsx'
import styles from './panorama-grid.module.css'

interface PanoramaGridProps {
  readonly panoramas: readonly Panorama[]
  readonly selected: ReadonlySet<string>
  readonly onSelect: (selected: ReadonlySet<string>) => void
}

/** Thumbnails; click selects one, Ctrl-click adds, Shift-click selects the range. */
export function PanoramaGrid({ panoramas, selected, onSelect }: PanoramaGridProps): ReactNode {
  const { shown, end } = useGrowing(panoramas)
  const anchor = useRef(0)

  const click = (event: MouseEvent, index: number): void => {
    const { id } = panoramas[index]
    if (event.shiftKey) {
      const [from, to] = anchor.current < index ? [anchor.current, index] : [index, anchor.current]
      onSelect(new Set([...(event.ctrlKey || event.metaKey ? selected : []), ...panoramas.slice(from, to + 1).map((one) => one.id)]))
      return
    }
    anchor.current = index
    if (event.ctrlKey || event.metaKey) {
      const next = new Set(selected)
      if (!next.delete(id)) next.add(id)
      onSelect(next)
    } else {
      onSelect(selected.size === 1 && selected.has(id) ? new Set() : new Set([id]))
    }
  }

  return (
    <div className={styles.grid} role="group" aria-label="Panoramas">
      {shown.map((panorama, index) => (
        <button
          key={panorama.id} type="button" className={styles.card} aria-pressed={selected.has(panorama.id)} aria-label={panorama.name}
          onClick={(event) => click(event, index)}
        >
          <Thumbnail image={panorama.image} alt="" />
          {selected.has(panorama.id) && <span className={styles.tick} aria-hidden><IconCheck size={12} stroke={3} /></span>}
          <span className={styles.caption}>
            <span className={styles.name} title={panorama.name}>{panorama.name}</span>
            {panorama.warnings.length > 0 && <IconAlertTriangle size={13} className={styles.warning} aria-label={panorama.warnings.join(' ')} />}
            {panorama.truth !== null && <IconMap2 size={13} className={styles.truth} aria-label="Has truth" />}
          </span>
          <span className={styles.size}>
            {panorama.width} × {panorama.height}
            {panorama.split !== 'default' && ` · ${panorama.split}`}
            {!panorama.projection.cyclic && ` · ${panorama.projection.hfovDeg}°`}
          </span>
        </button>
      ))}
      {shown.length < panoramas.length && <div ref={end} className={styles.end} />}
    </div>
  )
}
