/** What keeps a training that has only begun from replacing a model that was trained for longer. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { TrainingArguments } from './arguments.ts'

export interface Reached {
  readonly name: string
  /** updates done */
  readonly step: number
  /** updates of the model's whole plan, whatever --steps says */
  readonly planned: number
}

/**
 * Throws Error, and so nothing is written, where the training is short of its plan and the folder it would write to holds a
 * model of more steps, or one whose steps are not to be read. With --output whoever trains has said what to replace.
 */
export async function refuseLesserModel({ name, step, planned }: Reached, { work, output, outputGiven }: Pick<TrainingArguments, 'work' | 'output' | 'outputGiven'>): Promise<void> {
  if (outputGiven || step >= planned) return
  const steps = await stepsOf(output)
  if (steps <= step) return
  throw new Error([
    `${name} is trained for ${step} of its ${planned} steps; ${output} holds a model of ${steps === Infinity ? 'unknown' : steps} steps, which is kept as it is: nothing is written there.`,
    `The checkpoint is kept in ${work}: the same command goes on from it. To write what there is, give it again with --minutes 0 --output FOLDER.`,
  ].join('\n'))
}

const recordSchema = z.object({ steps: z.int() })

/** Steps of the model in a folder; 0: there is none, Infinity: its record is damaged. */
async function stepsOf(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'training.json'), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return 0
  try {
    return recordSchema.parse(JSON.parse(text)).steps
  } catch {
    return Infinity
  }
}
