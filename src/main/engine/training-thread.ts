/** The thread that trains: a step blocks it. Calls are answered in the order they came (trainer.ts). */
import { parentPort } from 'node:worker_threads'
import { StudioError, toWireError } from '../../contract/errors.ts'
import { transferablesOf } from '../workers/transfer.ts'
import { failureKind } from './training-failure.ts'
import type { TrainingAnswer, TrainingMessage } from './training-messages.ts'
import { createTrainer } from './trainer.ts'
import { asBadModel } from './training-student.ts'

if (parentPort === null) throw new Error('training-thread must be started as a worker thread.')
const port = parentPort
const trainer = createTrainer()

async function answer({ id, call, request }: TrainingMessage): Promise<void> {
  try {
    const response = await trainer[call](request as never)
    port.postMessage({ id, ok: true, response } satisfies TrainingAnswer, transferablesOf(response))
  } catch (cause) {
    const error = asBadModel(cause)
    const wire = error instanceof StudioError ? toWireError(error) : { code: 'engine' as const, message: error instanceof Error ? error.message : String(error) }
    port.postMessage({ id, ok: false, kind: failureKind(error), error: wire } satisfies TrainingAnswer)
  }
}

let last: Promise<void> = Promise.resolve()
port.on('message', (message: TrainingMessage) => {
  last = last.then(() => answer(message))
})
