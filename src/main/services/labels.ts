import { StudioError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { ServiceContext } from './context.ts'
export function labelServices(_context: ServiceContext): Pick<Implementation, 'labels.export' | 'labels.evaluate'> {
  const soon = (): never => { throw new StudioError('internal', 'being written') }
  return { 'labels.export': soon, 'labels.evaluate': soon }
}
