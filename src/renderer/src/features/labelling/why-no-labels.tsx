import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { LabellingRun, PanoramaResult } from '../../../../contract/schemas.ts'
import { useCall } from '../../app/calls.ts'
import { useJobActions } from '../jobs/jobs-page.tsx'
import styles from './why-no-labels.module.css'

/** Over a panorama that has no labels: why, and what to do. */
export function WhyNoLabels({ run, result }: { readonly run: LabellingRun; readonly result: PanoramaResult }): ReactNode {
  const job = useCall('jobs.list', {}).data?.find(({ id }) => id === run.jobId)
  const { retry, resume } = useJobActions(job)
  if (result.status === 'done') return null
  if (result.status === 'failed') {
    return (
      <div className={styles.message} data-tone="bad" role="alert">
        <div>
          <div className={styles.title}>This panorama could not be labelled</div>
          <div>{result.error ?? 'The log of the job says why.'}</div>
        </div>
        {retry !== null && <Button variant="default" onClick={retry}>Retry</Button>}
        <Link href={`/jobs/${run.jobId}`} className={styles.link}>Open the log</Link>
      </div>
    )
  }
  return (
    <div className={styles.message}>
      <span>{job?.state === 'paused' ? 'Not labelled yet: the run is paused.' : job?.state === 'running' || job?.state === 'queued' ? 'Not labelled yet. It appears here when its turn comes.' : 'Not labelled: the run stopped before it.'}</span>
      {resume !== null && <Button variant="default" onClick={resume}>Resume</Button>}
      {resume === null && retry !== null && <Button variant="default" onClick={retry}>Retry</Button>}
    </div>
  )
}
