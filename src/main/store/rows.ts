import type { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'

/** A record made from a row, checked by its schema. Throws `workspace-damaged`: the program wrote something else. */
export function parseRecord<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new StudioError(
    'workspace-damaged',
    `The database holds a ${what} that cannot be read (${issue.path.join('.')}: ${issue.message}). ` +
      'Open a goodsam.db.backup of this workspace, or remove that record.',
    { cause: parsed.error },
  )
}

/** A column that holds JSON; null stays null. The schema of the record checks what is inside. */
export function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StudioError('workspace-damaged', 'The database holds a value that is not JSON. Open a goodsam.db.backup of this workspace.', { cause })
  }
}

/** A count or sum computed by SQL: never null. */
export function asCount(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
