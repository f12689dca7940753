import { StudioError } from '../../contract/errors.ts'
import type { Implementation } from '../../contract/procedures.ts'
import type { ServiceContext } from './context.ts'

type DistillationProcedures =
  | 'distillations.list' | 'distillations.get' | 'distillations.defaults' | 'distillations.estimate' | 'distillations.start' | 'distillations.setLearningRateFactor' | 'distillations.rename' | 'distillations.remove' | 'distillations.curve' | 'distillations.samples' | 'distillations.checkpoints' | 'distillations.useCheckpoint' | 'on.training'

function unwritten(): never {
  throw new StudioError('internal', 'Not written yet.')
}

export function distillationServices({ training }: ServiceContext): Pick<Implementation, DistillationProcedures> {
  return {
    'distillations.list': unwritten,
    'distillations.get': unwritten,
    'distillations.defaults': unwritten,
    'distillations.estimate': unwritten,
    'distillations.start': unwritten,
    'distillations.setLearningRateFactor': unwritten,
    'distillations.rename': unwritten,
    'distillations.remove': unwritten,
    'distillations.curve': unwritten,
    'distillations.samples': unwritten,
    'distillations.checkpoints': unwritten,
    'distillations.useCheckpoint': unwritten,
    'on.training': (_input, emit, signal) => training.listen(emit, signal),
  }
}
