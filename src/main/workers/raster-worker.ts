/** A worker thread of the engine process: runs one raster task at a time (raster-tasks.ts). */
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { toWireError } from '../../contract/errors.ts'
import type { WireError } from '../../contract/errors.ts'
import { IMAGE_TASKS } from './image-tasks.ts'
import { NETWORK_TASKS } from './network-task-handlers.ts'
import type { RasterTask, TaskHandlers } from './raster-tasks.ts'
import { STAGE_TASKS } from './stage-tasks.ts'
import { transferablesOf } from './transfer.ts'

const HANDLERS: TaskHandlers = { ...IMAGE_TASKS, ...STAGE_TASKS, ...NETWORK_TASKS }

export type TaskAnswer = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: WireError }

export async function runTask(task: RasterTask): Promise<unknown> {
  const handler = HANDLERS[task.kind] as (input: unknown) => unknown
  let answer: TaskAnswer
  try {
    answer = { ok: true, output: await handler(task.input) }
  } catch (error) {
    // an error that crosses threads keeps neither its class nor its code
    answer = { ok: false, error: toWireError(error) }
  }
  return move({ [transferableSymbol]: transferablesOf(answer), [valueSymbol]: answer })
}
