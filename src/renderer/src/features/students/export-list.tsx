import { ActionIcon, Button, CopyButton, Progress, UnstyledButton } from '@mantine/core'
import { IconDownload, IconTrash } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import type { ExportedFile, Student, StudentExport } from '../../../../contract/training-schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { formatBytes, formatShare, formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { useStudio } from '../../app/studio.ts'
import { ConfirmDialog } from '../../components/dialogs.tsx'
import { Tip } from '../../components/keys.tsx'
import table from '../../components/list-table.module.css'
import { Section } from '../../components/page.tsx'
import { Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import { Tag } from '../../components/tag.tsx'
import { formatMilliseconds } from '../evaluations/evaluation-words.ts'
import { JobButtons, useJobActions } from '../jobs/jobs-page.tsx'
import { JOB_TONES, jobStateText } from '../jobs/job-words.ts'
import styles from './export-list.module.css'
import { parityProblem, zipName } from './student-words.ts'

/** The exports of a student, each file with how far it agrees with the checkpoint. */
export function ExportList({ student, onExport }: { readonly student: Student; readonly onExport: () => void }): ReactNode {
  const exports = useCall('students.exports', { student: student.id })
  return (
    <Section title="Exports">
      {exports.isPending && <SkeletonRows rows={2} />}
      {exports.isError && <Failed error={exports.error} onRetry={() => void exports.refetch()} />}
      {exports.data?.length === 0 && (
        <p className={styles.nothing}>Nothing was exported yet. <UnstyledButton className={styles.link} onClick={onExport}>Export</UnstyledButton></p>
      )}
      {exports.data?.map((one) => <ExportCard key={one.id} exported={one} />)}
    </Section>
  )
}

function ExportCard({ exported }: { readonly exported: StudentExport }): ReactNode {
  const now = useNow()
  const { status, folder, files, warnings, error, createdAt } = exported
  const problems = files.flatMap(({ name, parity }) => (parity === null ? [] : parityProblem(name, parity) ?? []))
  return (
    <article className={styles.card} aria-label={`Export to ${folder}`}>
      <header className={styles.head}>
        <span className={`${styles.folder} mono`} data-testid="export-folder">{folder}</span>
        <CopyButton value={folder}>
          {({ copied, copy }) => <UnstyledButton className={styles.link} onClick={copy}>{copied ? 'Copied' : 'Copy path'}</UnstyledButton>}
        </CopyButton>
        <span className={styles.space} />
        <span className="faint">{formatWhen(createdAt, now)}</span>
        <Download exported={exported} />
        <Removal exported={exported} />
      </header>
      {status === 'pending' && <Pending exported={exported} />}
      {error !== null && <Notice tone="bad" title="It was not exported">{error}</Notice>}
      {problems.map((problem) => <Notice key={problem} tone="bad">{problem}</Notice>)}
      {warnings.filter((warning) => !problems.includes(warning)).map((warning) => <Notice key={warning} tone="warn">{warning}</Notice>)}
      {files.length > 0 && <Files files={files} />}
    </article>
  )
}

function Files({ files }: { readonly files: readonly ExportedFile[] }): ReactNode {
  return (
    <table className={`${table.table} ${styles.files}`}>
      <thead>
        <tr>
          <th>File</th>
          <th className={table.number}>Size</th>
          <th className={table.number} title="Pixels of the dataset's panoramas on which it gives the checkpoint's class">Agrees with the checkpoint</th>
          <th className={table.number} title="Largest difference of a logit">Largest difference</th>
          <th className={table.number} title="One panorama at the training size on this machine's CPU, median">Latency</th>
          <th className={table.shrink}>SHA-256</th>
        </tr>
      </thead>
      <tbody>
        {files.map(({ name, bytes, sha256, parity, latencyMs }) => (
          <tr key={name} data-bad={parity?.ok === false}>
            <td className="mono">{name}</td>
            <td className={table.number}>{formatBytes(bytes)}</td>
            <td className={table.number}>{parity !== null && <span className={parity.ok ? styles.good : styles.bad}>{formatShare(parity.agreement, 2)}</span>}</td>
            <td className={table.number}>{parity !== null && parity.maxDifference.toPrecision(2)}</td>
            <td className={table.number}>{latencyMs !== null && formatMilliseconds(latencyMs)}</td>
            <td className={table.shrink}>
              <CopyButton value={sha256}>
                {({ copied, copy }) => <UnstyledButton className={`${styles.hash} mono`} title="Copy the SHA-256" onClick={copy}>{copied ? 'copied' : sha256.slice(0, 8)}</UnstyledButton>}
              </CopyButton>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Pending({ exported }: { readonly exported: StudentExport }): ReactNode {
  const job = useCall('jobs.list', {}).data?.find(({ id }) => id === exported.jobId)
  const actions = useJobActions(job)
  if (job === undefined) return <p className={styles.nothing}>Its job is gone. Export again.</p>
  return (
    <>
      <div className={styles.job}>
        <Tag tone={JOB_TONES[job.state]}>{jobStateText(job)}</Tag>
        <span className="muted">{job.message}</span>
        <span className={styles.space} />
        <JobButtons job={job} actions={actions} />
      </div>
      <Progress value={job.progress * 100} color={job.state === 'running' ? undefined : 'gray'} aria-label={`Progress of ${job.title}`} />
    </>
  )
}

function Download({ exported: { zip, zipBytes, studentName } }: { readonly exported: StudentExport }): ReactNode {
  const { artifactUrl } = useStudio()
  if (zip === null) return null
  return (
    <Button component="a" href={artifactUrl(zip)} download={zipName(studentName)} variant="default" size="compact-sm" leftSection={<IconDownload size={14} />}>
      Download zip{zipBytes !== null && ` (${formatBytes(zipBytes)})`}
    </Button>
  )
}

function Removal({ exported }: { readonly exported: StudentExport }): ReactNode {
  const [asking, setAsking] = useState(false)
  const remove = useAction('students.removeExport', { inline: true })
  const confirm = async (): Promise<void> => {
    if ((await remove.run({ exportId: exported.id })) !== null) setAsking(false)
  }
  return (
    <>
      <Tip label="Remove this export from the list"><ActionIcon aria-label={`Remove the export to ${exported.folder}`} onClick={() => setAsking(true)}><IconTrash size={15} /></ActionIcon></Tip>
      {asking && (
        <ConfirmDialog
          title="Remove this export?" action="Remove export" busy={remove.busy} error={remove.error} onConfirm={() => void confirm()}
          onClose={() => { setAsking(false); remove.reset() }}
        >
          It leaves this list, and its zip file the workspace; the folder stays where it is. This cannot be undone.
        </ConfirmDialog>
      )}
    </>
  )
}
