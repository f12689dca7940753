import { Button, Skeleton } from '@mantine/core'
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { describeError } from '../app/errors.ts'
import styles from './states.module.css'

interface EmptyProps {
  readonly icon: ReactNode
  readonly title: string
  /** what to do next, in a sentence or two */
  readonly children: ReactNode
  readonly action?: ReactNode
}

/** Nothing here yet: says what belongs here and offers the button that brings it. */
export function Empty({ icon, title, children, action }: EmptyProps): ReactNode {
  return (
    <div className={styles.state}>
      <div className={styles.icon} aria-hidden>{icon}</div>
      <h2 className={styles.title}>{title}</h2>
      <div className={styles.text}>{children}</div>
      {action !== undefined && <div className={styles.actions}>{action}</div>}
    </div>
  )
}

/** A failed query: what happened, what to do, and once more. */
export function Failed({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }): ReactNode {
  const { title, message } = describeError(error)
  return (
    <div className={styles.state} role="alert">
      <div className={styles.icon} data-tone="bad" aria-hidden><IconAlertTriangle size={22} stroke={1.6} /></div>
      <h2 className={styles.title}>{title}</h2>
      <div className={styles.text}>{message}</div>
      {onRetry !== undefined && (
        <div className={styles.actions}>
          <Button variant="default" leftSection={<IconRefresh size={14} />} onClick={onRetry}>Try again</Button>
        </div>
      )}
    </div>
  )
}

interface NoticeProps {
  readonly tone: 'bad' | 'warn' | 'good' | 'plain'
  readonly title?: string
  readonly children: ReactNode
  /** for texts that are printed in columns, as a model's signature */
  readonly mono?: boolean
}

/** A message inside a page or a dialog. */
export function Notice({ tone, title, children, mono = false }: NoticeProps): ReactNode {
  return (
    <div className={styles.notice} data-tone={tone} role={tone === 'bad' ? 'alert' : 'note'}>
      {title !== undefined && <div className={styles.noticeTitle}>{title}</div>}
      <div className={mono ? styles.noticeMono : undefined}>{children}</div>
    </div>
  )
}

/** The failure of an action, where it was asked for. Models' signatures keep their columns. */
export function ActionFailure({ error, mono = false }: { readonly error: unknown; readonly mono?: boolean }): ReactNode {
  if (error === null || error === undefined) return null
  const { title, message, code } = describeError(error)
  if (code === 'cancelled') return null
  return <Notice tone="bad" title={title} mono={mono}>{message}</Notice>
}

/** Cards of a grid while it loads. */
export function SkeletonGrid({ cards }: { readonly cards: number }): ReactNode {
  return (
    <div className={styles.grid} role="status" aria-label="Loading">
      {Array.from({ length: cards }, (_, card) => <Skeleton key={card} height={138} radius="md" />)}
    </div>
  )
}

/** Rows of a list while it loads. */
export function SkeletonRows({ rows, height = 36 }: { readonly rows: number; readonly height?: number }): ReactNode {
  return (
    <div className={styles.rows} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => <Skeleton key={row} height={height} radius="sm" />)}
    </div>
  )
}
