import { move, transferableSymbol, valueSymbol } from 'piscina'
import { toWireError, type WireError } from '../../contract/errors.ts'
import { transferablesOf } from './transfer.ts'

/** What a worker thread answers: an error that crosses threads keeps neither its class nor its code, so it travels as data. */
export type TaskAnswer = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: WireError }

/** Runs a task in a worker thread. Typed arrays of its output are moved to whoever asked. */
export async function answerTask(handler: (input: unknown) => unknown, input: unknown): Promise<unknown> {
  let answer: TaskAnswer
  try {
    answer = { ok: true, output: await handler(input) }
  } catch (error) {
    answer = { ok: false, error: toWireError(error) }
  }
  const movable = { [transferableSymbol]: transferablesOf(answer), [valueSymbol]: answer }
  return move(movable as unknown as Parameters<typeof move>[0])
}
