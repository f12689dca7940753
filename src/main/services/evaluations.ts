import { StudioError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { ServiceContext } from './context.ts'

type EvaluationProcedures =
  | 'evaluations.list' | 'evaluations.get' | 'evaluations.start' | 'evaluations.remove' | 'evaluations.compare'

function unwritten(): never {
  throw new StudioError('internal', 'Not written yet.')
}

export function evaluationServices(_context: ServiceContext): Pick<Implementation, EvaluationProcedures> {
  return {
    'evaluations.list': unwritten,
    'evaluations.get': unwritten,
    'evaluations.start': unwritten,
    'evaluations.remove': unwritten,
    'evaluations.compare': unwritten,
  }
}
