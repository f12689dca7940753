import { CopyButton, UnstyledButton } from '@mantine/core'
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import type { Job, JobLogLine } from '../../../../contract/schemas.ts'
import { formatClock } from '../../app/format.ts'
import { useStudio } from '../../app/studio.ts'
import { ActionFailure } from '../../components/states.tsx'
import styles from './job-log.module.css'

/** lines kept on the page; the whole log is a file of the workspace */
const KEEP = 5000

/** The log of a job; new lines are fetched whenever the host reports the job, and the end stays in view. */
export function JobLog({ job }: { readonly job: Job }): ReactNode {
  const { lines, error } = useLogLines(job.id)
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  useLayoutEffect(() => {
    if (atEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight
  })
  const text = (): string => lines.map(({ at, level, message }) => `${at} ${level} ${message}`).join('\n')
  return (
    <div className={styles.log}>
      <div className={styles.bar}>
        <h3 className={styles.title}>Log</h3>
        {lines.length > 0 && (
          <CopyButton value={text()}>
            {({ copied, copy }) => <UnstyledButton className={styles.copy} onClick={copy}>{copied ? 'Copied' : 'Copy all'}</UnstyledButton>}
          </CopyButton>
        )}
      </div>
      <div
        ref={box} className={styles.lines} role="log" aria-label={`Log of ${job.title}`} tabIndex={0}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
          atEnd.current = scrollHeight - scrollTop - clientHeight < 40
        }}
      >
        <ActionFailure error={error} />
        {lines.length === 0 && error === null && <div className="faint">Nothing has been logged yet.</div>}
        {lines.map((line) => (
          <div key={line.seq} className={styles.line} data-level={line.level}>
            <span className={styles.time}>{formatClock(line.at)}</span>
            <span className={styles.level}>{line.level === 'info' ? '' : line.level}</span>
            <span>{line.message}</span>
          </div>
        ))}
      </div>
    </div>
  )
}

/** Fetched on each report of the job, one fetch at a time: what is reported meanwhile asks once more afterwards. */
function useLogLines(jobId: string): { readonly lines: readonly JobLogLine[]; readonly error: unknown } {
  const { client } = useStudio()
  const [lines, setLines] = useState<readonly JobLogLine[]>([])
  const [error, setError] = useState<unknown>(null)

  useEffect(() => {
    let lastSeq = -1
    let fetching = false
    let again = false
    let ended = false
    const fetchMore = async (): Promise<void> => {
      again = true
      if (fetching) return
      fetching = true
      try {
        while (again) {
          again = false
          const more = await client.call('jobs.log', { jobId, afterSeq: lastSeq })
          if (ended) return
          lastSeq = more.at(-1)?.seq ?? lastSeq
          if (more.length > 0) setLines((before) => [...before, ...more].slice(-KEEP))
          setError(null)
        }
      } catch (failure) {
        if (!ended) setError(failure)
      } finally {
        fetching = false
      }
    }
    const report = ({ id }: Job): void => {
      if (id === jobId) void fetchMore()
    }
    const end = client.subscribe('on.jobs', {}, report, (state) => state === 'live' && void fetchMore())
    void fetchMore()
    return () => {
      ended = true
      end()
    }
  }, [client, jobId])

  return { lines, error }
}
