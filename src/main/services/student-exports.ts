import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { StudioError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { Student } from '../../contract/training-schemas.ts'
import { requireReplaceable } from '../pipeline/export-folder.ts'
import { exportFolderName, STUDENT_FORMAT, type ExportPayload } from '../pipeline/export-student.ts'
import { newId } from '../store/ids.ts'
import { addJob } from '../store/jobs.ts'
import type { Store } from '../store/open-store.ts'
import { addStudentExport, listStudentExports, removeStudentExport } from '../store/student-exports.ts'
import { getStudent } from '../store/students.ts'
import type { ServiceContext } from './context.ts'

type StudentExportProcedures = 'students.export' | 'students.exports' | 'students.removeExport'

export function studentExportServices({ store, jobs, changes, enqueue }: ServiceContext): Pick<Implementation, StudentExportProcedures> {
  return {
    'students.export': async ({ student: reference, out, zip }) => {
      const student = getStudent(store.read, reference)
      if (student.datasetId === null) {
        throw new StudioError('conflict', `The dataset that "${student.name}" was made from was removed: its panoramas are needed to make the int8 network and to compare. Export a student whose dataset is still here.`)
      }
      if (out !== null && !isAbsolute(out)) throw new StudioError('bad-input', `"${out}" is not an absolute path: name the export folder from the root on.`)
      const folder = out ?? newFolder(store, student)
      await requireReplaceable(folder, STUDENT_FORMAT)
      const exportId = newId('export')
      const payload: ExportPayload = { exportId, zip }
      const { id: jobId } = jobs.submit((db) => {
        const job = addJob(db, { kind: 'export-student', title: `Export ${student.name}`, subjectId: exportId, payload })
        addStudentExport(db, { id: exportId, studentId: student.id, jobId: job.id, folder })
        return job
      })
      changes.emit('exports', exportId)
      enqueue(jobId)
      return { exportId, jobId }
    },
    'students.exports': ({ student }) => listStudentExports(store.read, student === null ? null : getStudent(store.read, student).id),
    'students.removeExport': ({ exportId }) => {
      store.transaction((db) => removeStudentExport(db, exportId))
      changes.emit('exports')
      return {}
    },
  }
}

/** One that neither the disk nor an export under way has. */
function newFolder(store: Store, student: Student): string {
  const taken = new Set(listStudentExports(store.read, null).map(({ folder }) => folder))
  const wanted = exportFolderName(store.paths.exports, student)
  let folder = wanted
  for (let number = 2; taken.has(folder) || existsSync(folder); number++) folder = `${wanted}-${number}`
  return folder
}
