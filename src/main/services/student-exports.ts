import { StudioError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { ServiceContext } from './context.ts'

type StudentExportProcedures = 'students.export' | 'students.exports' | 'students.removeExport'

function unwritten(): never {
  throw new StudioError('internal', 'Not written yet.')
}

export function studentExportServices(_context: ServiceContext): Pick<Implementation, StudentExportProcedures> {
  return {
    'students.export': unwritten,
    'students.exports': unwritten,
    'students.removeExport': unwritten,
  }
}
