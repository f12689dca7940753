import { Button } from '@mantine/core'
import { IconCheck, IconChevronLeft, IconChevronRight, IconX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { PanoramaResult } from '../../../../contract/schemas.ts'
import { ShortcutHint, Tip } from '../../components/keys.tsx'
import styles from './review-controls.module.css'

interface ReviewControlsProps {
  readonly result: PanoramaResult
  /** null: nothing to review yet */
  readonly onAccept: (() => void) | null
  readonly onReject: (() => void) | null
  readonly onClear: () => void
  /** null at the end of the strip */
  readonly onNext: (() => void) | null
  readonly onPrevious: (() => void) | null
}

/** Accept or reject, and on to the next. A pressed button takes its review back. */
export function ReviewControls({ result, onAccept, onReject, onClear, onNext, onPrevious }: ReviewControlsProps): ReactNode {
  const { review } = result
  return (
    <div className={styles.controls} role="toolbar" aria-label="Review">
      <Tip label="Previous panorama" shortcut="previous">
        <Button variant="subtle" color="gray" aria-label="Previous" disabled={onPrevious === null} onClick={onPrevious ?? undefined} leftSection={<IconChevronLeft size={15} />} rightSection={<ShortcutHint id="previous" />}>Previous</Button>
      </Tip>
      <div className={styles.verdict}>
        <Button
          className={styles.button} variant={review === 'rejected' ? 'filled' : 'default'} color="red.8" aria-label="Reject" aria-pressed={review === 'rejected'}
          disabled={onReject === null} onClick={review === 'rejected' ? onClear : (onReject ?? undefined)}
          leftSection={<IconX size={15} stroke={2.2} />} rightSection={<ShortcutHint id="reject" />}
        >
          {review === 'rejected' ? 'Rejected' : 'Reject'}
        </Button>
        <Button
          className={styles.button} variant={review === 'accepted' ? 'filled' : 'default'} color="green.9" aria-label="Accept" aria-pressed={review === 'accepted'}
          disabled={onAccept === null} onClick={review === 'accepted' ? onClear : (onAccept ?? undefined)}
          leftSection={<IconCheck size={15} stroke={2.2} />} rightSection={<ShortcutHint id="accept" />}
        >
          {review === 'accepted' ? 'Accepted' : 'Accept'}
        </Button>
      </div>
      <Tip label="Next panorama" shortcut="next">
        <Button variant="subtle" color="gray" aria-label="Next" disabled={onNext === null} onClick={onNext ?? undefined} leftSection={<ShortcutHint id="next" />} rightSection={<IconChevronRight size={15} />}>Next</Button>
      </Tip>
    </div>
  )
}
