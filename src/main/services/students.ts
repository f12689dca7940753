import type { Implementation } from '../../contract/procedures.ts'
import { getStudent, listStudents, removeStudent, renameStudent } from '../store/students.ts'
import type { ServiceContext } from './context.ts'

type StudentProcedures = 'students.list' | 'students.get' | 'students.rename' | 'students.remove'

export function studentServices({ store, changes }: ServiceContext): Pick<Implementation, StudentProcedures> {
  return {
    'students.list': () => listStudents(store.read),
    'students.get': ({ student }) => getStudent(store.read, student),
    'students.rename': ({ student, name }) => {
      const renamed = store.transaction((db) => renameStudent(db, student, name))
      changes.emit('students', renamed.id)
      return renamed
    },
    'students.remove': ({ student }) => {
      store.transaction((db) => removeStudent(db, student))
      changes.emit('students')
      return {}
    },
  }
}
