import { Button } from '@mantine/core'
import { memo, type ReactNode } from 'react'
import type { Checkpoint, DistillationRun } from '../../../../contract/training-schemas.ts'
import { notifyDone, useAction, useCall } from '../../app/calls.ts'
import { formatBytes, formatCount, formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import table from '../../components/list-table.module.css'
import { Section } from '../../components/page.tsx'
import { Failed, SkeletonRows } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import styles from './distillation-page.module.css'
import { formatNumber, scoreText } from './distil-words.ts'

/** The checkpoints that are kept, newest first; the student can take the weights of any. */
export const Checkpoints = memo(function Checkpoints({ run }: { readonly run: DistillationRun }): ReactNode {
  const checkpoints = useCall('distillations.checkpoints', { distillation: run.id })
  const student = useCall('students.get', { student: run.studentId ?? '' }, { enabled: run.studentId !== null }).data
  return (
    <Section title="Checkpoints">
      {checkpoints.isPending && <SkeletonRows rows={3} />}
      {checkpoints.isError && <Failed error={checkpoints.error} onRetry={() => void checkpoints.refetch()} />}
      {checkpoints.data?.length === 0 && <p className={styles.nothing}>The first is written at step {formatCount(Math.min(run.config.checkpointEvery, run.config.steps))}, or when you pause.</p>}
      {checkpoints.data !== undefined && checkpoints.data.length > 0 && (
        <table className={table.table}>
          <thead>
            <tr><th>Step</th><th className={table.number}>Loss</th><th>Score</th><th className={table.number}>Size</th><th>Written</th><th className={table.shrink} aria-label="Actions" /></tr>
          </thead>
          <tbody>
            {checkpoints.data.toSorted((a, b) => b.step - a.step).map((checkpoint) => (
              <Row key={checkpoint.id} checkpoint={checkpoint} run={run} used={student !== undefined && student.weights === checkpoint.weights} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  )
})

function Row({ checkpoint, run, used }: { readonly checkpoint: Checkpoint; readonly run: DistillationRun; readonly used: boolean }): ReactNode {
  const now = useNow()
  const use = useAction('distillations.useCheckpoint')
  const take = async (): Promise<void> => {
    const student = await use.run({ distillation: run.id, checkpointId: checkpoint.id })
    if (student !== null) notifyDone(`${student.name} has the weights of step ${formatCount(checkpoint.step)}.`)
  }
  return (
    <tr>
      <td><div className={styles.checkpoint}>{formatCount(checkpoint.step)}{checkpoint.best && <Tag tone="good">best</Tag>}</div></td>
      <td className={table.number}>{checkpoint.loss === null ? '' : formatNumber(checkpoint.loss)}</td>
      <td>{checkpoint.score === null ? <span className="faint">not scored</span> : scoreText(checkpoint.score, run.scoreKind)}</td>
      <td className={table.number}>{formatBytes(checkpoint.bytes)}</td>
      <td>{formatWhen(checkpoint.createdAt, now)}</td>
      <td className={table.shrink}>
        {run.task === 'refine-ta' ? null : used ? <Tag tone="accent">the student</Tag> : <Button variant="default" size="compact-xs" loading={use.busy} onClick={() => void take()}>Use this one</Button>}
      </td>
    </tr>
  )
}
