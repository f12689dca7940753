/** A worker thread of the host: runs one label task at a time (label-tasks.ts). */
import { LABEL_TASKS } from './label-task-handlers.ts'
import type { LabelTask } from './label-tasks.ts'
import { answerTask } from './worker-answer.ts'

export function runLabelTask({ kind, input }: LabelTask): Promise<unknown> {
  return answerTask(LABEL_TASKS[kind] as (input: unknown) => unknown, input)
}
