/** A worker thread of the host: runs one label task at a time (label-tasks.ts). */
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { toWireError, type WireError } from '../../contract/errors.ts'
import { LABEL_TASKS } from './label-task-handlers.ts'
import type { LabelTask } from './label-tasks.ts'
import { transferablesOf } from './transfer.ts'

export type LabelTaskAnswer = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: WireError }

export async function runLabelTask(task: LabelTask): Promise<unknown> {
  const handler = LABEL_TASKS[task.kind] as (input: unknown) => unknown
  let answer: LabelTaskAnswer
  try {
    answer = { ok: true, output: await handler(task.input) }
  } catch (error) {
    // an error that crosses threads keeps neither its class nor its code
    answer = { ok: false, error: toWireError(error) }
  }
  const movable = { [transferableSymbol]: transferablesOf(answer), [valueSymbol]: answer }
  return move(movable as unknown as Parameters<typeof move>[0])
}
