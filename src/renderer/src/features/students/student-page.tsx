import { Button, CopyButton, UnstyledButton } from '@mantine/core'
import { IconChartBar, IconColumns3, IconFileExport, IconFlask2 } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { DistillationRun, Student } from '../../../../contract/training-schemas.ts'
import { useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { formatCount, formatShare, formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { useShortcut, useShortcutScope } from '../../app/shortcuts.tsx'
import { Tip } from '../../components/keys.tsx'
import { Fact, Page, Section } from '../../components/page.tsx'
import { Failed, SkeletonRows } from '../../components/states.tsx'
import { EvaluateDialog } from '../evaluations/evaluate-dialog.tsx'
import { compareHref, shareOr, whyNotComparable } from '../evaluations/evaluation-words.ts'
import { EvaluationsTable } from '../evaluations/evaluations-table.tsx'
import { ConfigurationFacts } from './configuration-facts.tsx'
import { ExportDialog } from './export-dialog.tsx'
import { ExportList } from './export-list.tsx'
import { StudentMenu } from './student-menu.tsx'
import styles from './student-page.module.css'
import { architectureName, formatParameters, heldOutText, initText } from './student-words.ts'

const PARENT = { href: '/students', label: 'Students' }

/** One student: where it comes from, how good it is, and what was made of it. */
export function StudentPage({ id }: { readonly id: string }): ReactNode {
  const student = useCall('students.get', { student: id })
  if (student.isError) return <Page title="Student" parent={PARENT}><Failed error={student.error} onRetry={() => void student.refetch()} /></Page>
  if (student.data === undefined) return <Page title={'\u00a0'} parent={PARENT}><SkeletonRows rows={6} height={60} /></Page>
  return <Ready student={student.data} />
}

function Ready({ student }: { readonly student: Student }): ReactNode {
  const [, navigate] = useLocation()
  const { id, name, architecture, parameters, datasetId, labellingRunId } = student
  const [dialog, setDialog] = useState<'evaluate' | 'export' | null>(null)
  const { show } = useDialogs()
  const distillations = useCall('distillations.list', {})
  const distillation = distillations.data?.find((run) => run.id === student.distillationId)

  useShortcutScope('students')
  useShortcut('evaluateStudent', () => setDialog('evaluate'))
  useShortcut('exportStudent', () => setDialog('export'))

  return (
    <Page
      title={name} parent={PARENT} subtitle={`${architectureName(architecture)} · ${formatParameters(parameters)} parameters · ${student.score === null ? 'not scored yet' : `${heldOutText(student)} held out`}`}
      actions={
        <>
          <Tip label="Distil on from its weights">
            <Button variant="default" leftSection={<IconFlask2 size={15} stroke={1.7} />} onClick={() => show({ kind: 'distil', run: labellingRunId, student: id })}>Fine-tune</Button>
          </Tip>
          <Tip label="Score it against the truth of a dataset" shortcut="evaluateStudent">
            <Button variant="default" leftSection={<IconChartBar size={15} stroke={1.7} />} onClick={() => setDialog('evaluate')}>Evaluate</Button>
          </Tip>
          <Tip label="ONNX and Hugging Face files, a model card, samples that run" shortcut="exportStudent">
            <Button leftSection={<IconFileExport size={15} stroke={1.8} />} onClick={() => setDialog('export')}>Export</Button>
          </Tip>
          <StudentMenu student={student} onRemoved={() => navigate('/students')} />
        </>
      }
    >
      <div className={styles.columns}>
        <div><Section title="Where it comes from"><Origin student={student} distillation={distillations.isSuccess ? (distillation ?? 'removed') : null} /></Section></div>
        {distillation !== undefined && <div><Section title="Configuration"><ConfigurationFacts run={distillation} /></Section></div>}
      </div>
      <Evaluations student={student} onEvaluate={() => setDialog('evaluate')} />
      <ExportList student={student} onExport={() => setDialog('export')} />
      {dialog === 'evaluate' && <EvaluateDialog subjects={[{ kind: 'student', id, name }]} dataset={datasetId} onClose={() => setDialog(null)} />}
      {dialog === 'export' && <ExportDialog student={student} onClose={() => setDialog(null)} />}
    </Page>
  )
}

function Origin({ student, distillation }: { readonly student: Student; readonly distillation: DistillationRun | 'removed' | null }): ReactNode {
  const now = useNow()
  const datasets = useCall('datasets.list', {})
  const dataset = datasets.data?.find(({ id }) => id === student.datasetId)
  const { labellingRunId, labellingRunName, init, step, weights, network, createdAt, height, width, parameters, classes, score } = student
  return (
    <>
      <Fact label="Labelling run">
        {labellingRunId === null ? <>{labellingRunName ?? 'unknown'} <span className="faint">removed</span></> : <Link className={styles.link} href={`/labelling/${labellingRunId}`}>{labellingRunName ?? labellingRunId}</Link>}
      </Fact>
      <Fact label="Dataset">
        {dataset === undefined ? <Missing removed={datasets.isSuccess} /> : <Link className={styles.link} href={`/datasets/${dataset.id}`}>{dataset.name}</Link>}
      </Fact>
      <Fact label="Distillation run">
        {distillation === null || distillation === 'removed' ? <Missing removed={distillation !== null} /> : <Link className={styles.link} href={`/distil/${distillation.id}`}>{distillation.name}</Link>}
      </Fact>
      <Fact label="Began with">
        {init.kind === 'student' ? <Link className={styles.link} href={`/students/${init.studentId}`}>{initText(init)}</Link> : initText(init)}
      </Fact>
      <Fact label="Checkpoint">step {formatCount(step)}{score !== null && `, ${heldOutText(student)} on held-out panoramas`}</Fact>
      <Fact label="Trained at">{height} × {width} pixels</Fact>
      <Fact label="Network">{formatCount(parameters)} parameters, {classes} classes</Fact>
      <Fact label="mIoU">{student.miou === null ? <span className="faint">not evaluated</span> : shareOr(student.miou)}</Fact>
      <Fact label="Made">{formatWhen(createdAt, now)}</Fact>
      <Hash label="Weights" hash={weights} />
      <Hash label="Network file" hash={network} />
    </>
  )
}

/** A parent that cannot be linked to: it was removed, or it is not known yet. */
function Missing({ removed }: { readonly removed: boolean }): ReactNode {
  return <span className="faint">{removed ? 'removed' : '\u00a0'}</span>
}

function Hash({ label, hash }: { readonly label: string; readonly hash: string }): ReactNode {
  return (
    <Fact label={label} mono>
      <CopyButton value={hash}>
        {({ copied, copy }) => <UnstyledButton className={styles.hash} title="Copy the SHA-256" onClick={copy}>{copied ? 'copied' : `sha256 ${hash.slice(0, 16)}…`}</UnstyledButton>}
      </CopyButton>
    </Fact>
  )
}

function Evaluations({ student, onEvaluate }: { readonly student: Student; readonly onEvaluate: () => void }): ReactNode {
  const [, navigate] = useLocation()
  const evaluations = useCall('evaluations.list', {})
  const [chosenIds, setChosen] = useState<readonly string[]>([])
  const own = evaluations.data?.filter(({ subject }) => subject.kind === 'student' && subject.id === student.id)
  const chosen = chosenIds.flatMap((id) => own?.find((one) => one.id === id) ?? [])
  return (
    <Section
      title="Evaluations"
      aside={chosen.length > 1 && (
        <Tip label={whyNotComparable(chosen) ?? 'Side by side'}>
          <Button size="compact-xs" leftSection={<IconColumns3 size={13} />} data-disabled={whyNotComparable(chosen) !== null || undefined} onClick={() => whyNotComparable(chosen) === null && navigate(compareHref(chosenIds))}>Compare {chosen.length}</Button>
        </Tip>
      )}
    >
      {evaluations.isError && <Failed error={evaluations.error} onRetry={() => void evaluations.refetch()} />}
      {own === undefined && !evaluations.isError && <SkeletonRows rows={2} />}
      {own?.length === 0 && (
        <p className={styles.nothing}>
          {student.scoreKind === 'agreement' && student.score !== null && `It agrees with the pseudo-labels on ${formatShare(student.score)} of the held-out pixels. `}
          Not yet held against truth that people drew. <UnstyledButton className={styles.link} onClick={onEvaluate}>Evaluate</UnstyledButton>
        </p>
      )}
      {own !== undefined && own.length > 0 && <EvaluationsTable evaluations={own} chosen={chosenIds} onChosen={setChosen} withSubject={false} />}
    </Section>
  )
}
