import { StudioError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { ServiceContext } from './context.ts'

type StudentProcedures =
  | 'students.list' | 'students.get' | 'students.rename' | 'students.remove' | 'students.export' | 'students.exports' | 'students.removeExport'

function unwritten(): never {
  throw new StudioError('internal', 'Not written yet.')
}

export function studentServices(_context: ServiceContext): Pick<Implementation, StudentProcedures> {
  return {
    'students.list': unwritten,
    'students.get': unwritten,
    'students.rename': unwritten,
    'students.remove': unwritten,
    'students.export': unwritten,
    'students.exports': unwritten,
    'students.removeExport': unwritten,
  }
}
