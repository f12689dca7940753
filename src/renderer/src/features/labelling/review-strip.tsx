import { SegmentedControl } from '@mantine/core'
import { IconAlertTriangle, IconCheck, IconClock, IconX } from '@tabler/icons-react'
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import type { PanoramaResult } from '../../../../contract/schemas.ts'
import { formatShare } from '../../app/format.ts'
import { Tip } from '../../components/keys.tsx'
import { Thumbnail } from '../../components/thumbnail.tsx'
import { countReviews, type StripOrder } from './review-order.ts'
import styles from './review-strip.module.css'

interface ReviewStripProps {
  readonly results: readonly PanoramaResult[]
  readonly images: ReadonlyMap<string, string>
  readonly current: string | null
  readonly order: StripOrder
  readonly onOrder: (order: StripOrder) => void
  readonly onOpen: (panoramaId: string) => void
}

/** px of one entry; the strip draws only those in view, so it is the same for 20 and for 20 000 panoramas */
const ROW = 110
const BEYOND = 4

/** All panoramas of the run, most doubtful first or by name. */
export function ReviewStrip({ results, images, current, order, onOrder, onOpen }: ReviewStripProps): ReactNode {
  const counts = countReviews(results)
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 900 })
  const at = results.findIndex(({ panoramaId }) => panoramaId === current)

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const observer = new ResizeObserver(() => setView({ top: element.scrollTop, height: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    const element = box.current
    if (element === null || at < 0) return
    const top = at * ROW
    if (top < element.scrollTop) element.scrollTop = Math.max(0, top - ROW / 2)
    else if (top + ROW > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW * 1.5 - element.clientHeight
  }, [at])

  const first = Math.max(0, Math.floor(view.top / ROW) - BEYOND)
  const last = Math.min(results.length, Math.ceil((view.top + view.height) / ROW) + BEYOND)
  return (
    <aside className={styles.strip} aria-label="Panoramas of the run">
      <div className={styles.head}>
        <Tip label="Sort by doubt or by name" shortcut="sortStrip">
          <SegmentedControl
            fullWidth aria-label="Sort" value={order} onChange={(value) => onOrder(value === 'name' ? 'name' : 'doubt')}
            data={[{ value: 'doubt', label: 'By doubt' }, { value: 'name', label: 'By name' }]}
          />
        </Tip>
        <div className={styles.counts}>
          <span>{counts.open} to review</span>
          <span className={styles.good}>{counts.accepted} accepted</span>
          <span className={styles.bad}>{counts.rejected} rejected</span>
        </div>
      </div>
      <div ref={box} className={styles.list} onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}>
        <div role="list" style={{ height: results.length * ROW, position: 'relative' }}>
          {results.slice(first, last).map((result, index) => (
            <div key={result.panoramaId} role="listitem" className={styles.row} style={{ top: (first + index) * ROW, height: ROW }}>
              <Entry result={result} image={images.get(result.panoramaId)} current={result.panoramaId === current} onOpen={onOpen} />
            </div>
          ))}
        </div>
      </div>
    </aside>
  )
}

function Entry(props: { readonly result: PanoramaResult; readonly image: string | undefined; readonly current: boolean; readonly onOpen: (panoramaId: string) => void }): ReactNode {
  const { result, image, current } = props
  return (
    <button
      type="button" className={styles.entry} aria-current={current ? 'true' : undefined} aria-label={`${result.name}, ${stateText(result)}`}
      onClick={() => props.onOpen(result.panoramaId)}
    >
      <div className={styles.picture} data-dim={result.status !== 'done'}>
        {image !== undefined && <Thumbnail image={image} alt="" aspect={2.7} />}
        <StateBadge result={result} />
      </div>
      <div className={styles.caption}>
        <span className="truncate">{result.name}</span>
        {result.doubt !== null && <span className={styles.doubt} title="Doubt: 1 − mean confidence, raised by disagreement">{formatShare(result.doubt, 0)}</span>}
      </div>
    </button>
  )
}

export function stateText(result: PanoramaResult): string {
  if (result.status === 'pending') return 'not labelled yet'
  if (result.status === 'failed') return 'failed'
  return result.review ?? 'to review'
}

function StateBadge({ result }: { readonly result: PanoramaResult }): ReactNode {
  if (result.status === 'pending') return <span className={styles.badge} data-tone="plain"><IconClock size={12} stroke={2} /></span>
  if (result.status === 'failed') return <span className={styles.badge} data-tone="warn"><IconAlertTriangle size={12} stroke={2} /></span>
  if (result.review === 'accepted') return <span className={styles.badge} data-tone="good"><IconCheck size={12} stroke={3} /></span>
  if (result.review === 'rejected') return <span className={styles.badge} data-tone="bad"><IconX size={12} stroke={3} /></span>
  return null
}
