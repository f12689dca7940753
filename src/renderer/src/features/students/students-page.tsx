import { Button, Checkbox } from '@mantine/core'
import { IconColumns3, IconFlask2, IconSchool } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { EvaluationSubject, Student } from '../../../../contract/training-schemas.ts'
import { useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { formatWhen } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { useShortcut, useShortcutScope } from '../../app/shortcuts.tsx'
import { Tip } from '../../components/keys.tsx'
import table from '../../components/list-table.module.css'
import { Page } from '../../components/page.tsx'
import { Empty, Failed, SkeletonRows } from '../../components/states.tsx'
import { EvaluateDialog } from '../evaluations/evaluate-dialog.tsx'
import { compareHref, evaluationsOf, MOST_COMPARED, shareOr } from '../evaluations/evaluation-words.ts'
import { StudentMenu } from './student-menu.tsx'
import { architectureName, formatParameters, heldOutText, initText } from './student-words.ts'

/** The students of the workspace. */
export function StudentsPage(): ReactNode {
  const [, navigate] = useLocation()
  const students = useCall('students.list', {})
  const evaluations = useCall('evaluations.list', {}).data ?? []
  const { show } = useDialogs()
  const [chosenIds, setChosen] = useState<readonly string[]>([])
  const [evaluating, setEvaluating] = useState<readonly EvaluationSubject[]>([])
  const list = students.data ?? []
  const chosen = chosenIds.flatMap((id) => list.find((student) => student.id === id) ?? [])
  const reason = chosen.length < 2 ? 'Choose two or more to compare.' : chosen.length > MOST_COMPARED ? `At most ${MOST_COMPARED} can be compared at once.` : null

  const compare = (): void => {
    const { evaluationIds, missing } = evaluationsOf(chosen.map(({ id }) => id), evaluations)
    if (missing.length === 0) navigate(compareHref(evaluationIds))
    else setEvaluating(chosen.filter(({ id }) => missing.includes(id)).map(subjectOf))
  }
  useShortcutScope('students')
  useShortcut('compare', reason === null ? compare : null)

  const distilButton = <Button variant="default" leftSection={<IconFlask2 size={15} stroke={1.7} />} onClick={() => show({ kind: 'distil', run: null, student: null })}>Distil a student</Button>
  return (
    <Page
      title="Students"
      actions={list.length > 0 && (
        <>
          {distilButton}
          <Tip label={reason ?? 'Their scores side by side'} shortcut="compare">
            <Button leftSection={<IconColumns3 size={15} stroke={1.8} />} data-disabled={reason !== null || undefined} aria-disabled={reason !== null} onClick={reason === null ? compare : undefined}>
              {chosen.length > 1 ? `Compare ${chosen.length}` : 'Compare'}
            </Button>
          </Tip>
        </>
      )}
    >
      {students.isPending && <SkeletonRows rows={5} height={52} />}
      {students.isError && <Failed error={students.error} onRetry={() => void students.refetch()} />}
      {students.isSuccess && list.length === 0 && (
        <Empty icon={<IconSchool size={22} stroke={1.5} />} title="No students yet" action={distilButton}>
          A student is a compact network that learned a labelling run&apos;s pseudo-labels. It appears here with the first checkpoint of a distillation run; you evaluate it, compare it and export it from here.
        </Empty>
      )}
      {list.length > 0 && (
        <table className={table.table}>
          <thead>
            <tr>
              <th className={table.shrink} aria-label="Choose" />
              <th>Name</th>
              <th>Size</th>
              <th className={table.number}>Parameters</th>
              <th>Made from</th>
              <th>Began with</th>
              <th className={table.number}>Held-out score</th>
              <th className={table.number}>mIoU</th>
              <th className={table.number}>Trained at</th>
              <th className={table.shrink}>Made</th>
              <th className={table.shrink} aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {list.map((student) => (
              <Row
                key={student.id} student={student} isChosen={chosenIds.includes(student.id)}
                onChoose={(on) => setChosen(on ? [...chosenIds, student.id] : chosenIds.filter((id) => id !== student.id))}
              />
            ))}
          </tbody>
        </table>
      )}
      {evaluating.length > 0 && (
        <EvaluateDialog subjects={evaluating} dataset={commonDataset(chosen)} onClose={() => setEvaluating([])} />
      )}
    </Page>
  )
}

function subjectOf({ id, name }: Student): EvaluationSubject {
  return { kind: 'student', id, name }
}

/** The dataset that all were made from, if it is one. */
function commonDataset(students: readonly Student[]): string | null {
  const ids = new Set(students.map(({ datasetId }) => datasetId))
  return ids.size === 1 ? (students[0].datasetId ?? null) : null
}

function Row({ student, isChosen, onChoose }: { readonly student: Student; readonly isChosen: boolean; readonly onChoose: (on: boolean) => void }): ReactNode {
  const [, navigate] = useLocation()
  const now = useNow()
  const { id, name, architecture, parameters, labellingRunName, init, miou, height, width, createdAt, step } = student
  const href = `/students/${id}`
  return (
    <tr className={table.clickable} aria-selected={isChosen} onClick={() => navigate(href)}>
      <td className={table.shrink} onClick={(event) => event.stopPropagation()}>
        <Checkbox aria-label={`Choose ${name}`} checked={isChosen} onChange={(event) => onChoose(event.currentTarget.checked)} />
      </td>
      <td>
        <Link href={href} className={table.name} onClick={(event) => event.stopPropagation()}>{name}</Link>
        <div className={table.sub}>step {step}</div>
      </td>
      <td>{architectureName(architecture)}</td>
      <td className={table.number}>{formatParameters(parameters)}</td>
      <td>{labellingRunName ?? <span className="faint">removed run</span>}</td>
      <td className="muted">{initText(init)}</td>
      <td className={table.number}>{heldOutText(student)}</td>
      <td className={table.number}>{miou === null ? <span className="faint">not evaluated</span> : <strong>{shareOr(miou)}</strong>}</td>
      <td className={table.number}>{height} × {width}</td>
      <td className={table.shrink}>{formatWhen(createdAt, now)}</td>
      <td className={table.shrink} onClick={(event) => event.stopPropagation()}><StudentMenu student={student} /></td>
    </tr>
  )
}
