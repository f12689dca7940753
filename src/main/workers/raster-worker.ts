/** A worker thread of the engine process: runs one raster task at a time (raster-tasks.ts). */
import { IMAGE_TASKS } from './image-tasks.ts'
import { NETWORK_TASKS } from './network-task-handlers.ts'
import type { RasterTask, TaskHandlers } from './raster-tasks.ts'
import { STAGE_TASKS } from './stage-tasks.ts'
import { answerTask } from './worker-answer.ts'

const HANDLERS: TaskHandlers = { ...IMAGE_TASKS, ...STAGE_TASKS, ...NETWORK_TASKS }

export function runTask({ kind, input }: RasterTask): Promise<unknown> {
  return answerTask(HANDLERS[kind] as (input: unknown) => unknown, input)
}
