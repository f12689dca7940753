/** A worker thread beside a training: runs one task at a time (training-tasks.ts). */
import { TRAINING_TASKS } from './training-task-handlers.ts'
import type { TrainingTask } from './training-tasks.ts'
import { answerTask } from './worker-answer.ts'

export function runTrainingTask({ kind, input }: TrainingTask): Promise<unknown> {
  return answerTask(TRAINING_TASKS[kind] as (input: unknown) => unknown, input)
}
