import type { ReactNode } from 'react'
import type { Student } from '../../../../contract/training-schemas.ts'
import { useAction } from '../../app/calls.ts'
import { RecordMenu } from '../../components/record-menu.tsx'

/** Rename and remove; `onRemoved` where the page itself goes with it. */
export function StudentMenu({ student, onRemoved }: { readonly student: Student; readonly onRemoved?: () => void }): ReactNode {
  const rename = useAction('students.rename', { inline: true })
  const remove = useAction('students.remove', { inline: true })
  return (
    <RecordMenu
      noun="student" name={student.name} rename={rename} renameTo={(name) => ({ student: student.id, name })}
      remove={remove} removeIt={{ student: student.id }} onRemoved={onRemoved}
    >
      Its weights leave this workspace. Its distillation run keeps its checkpoints, its evaluations stay, and so do folders that it was exported to.
    </RecordMenu>
  )
}
