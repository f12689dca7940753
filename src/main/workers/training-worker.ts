/** A worker thread beside a training: runs one task at a time (training-tasks.ts). */
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { toWireError } from '../../contract/errors.ts'
import { TRAINING_TASKS } from './training-task-handlers.ts'
import type { TrainingTask } from './training-tasks.ts'
import type { TaskAnswer } from './raster-worker.ts'
import { transferablesOf } from './transfer.ts'

export async function runTrainingTask(task: TrainingTask): Promise<unknown> {
  const handler = TRAINING_TASKS[task.kind] as (input: unknown) => unknown
  let answer: TaskAnswer
  try {
    answer = { ok: true, output: await handler(task.input) }
  } catch (error) {
    // an error that crosses threads keeps neither its class nor its code
    answer = { ok: false, error: toWireError(error) }
  }
  return move({ [transferableSymbol]: transferablesOf(answer), [valueSymbol]: answer })
}
