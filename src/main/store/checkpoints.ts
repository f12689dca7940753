import type { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import { hashSchema } from '../../contract/schemas.ts'
import { checkpointSchema, type Checkpoint } from '../../contract/training-schemas.ts'
import type { ReadDb, Row, WriteDb } from './database.ts'
import { newId } from './ids.ts'
import { parseRecord } from './rows.ts'

/** With what the contract does not show: the network as .onnx, so that a student can take the checkpoint's weights. */
const storedCheckpointSchema = checkpointSchema.extend({ network: hashSchema })
export type StoredCheckpoint = z.infer<typeof storedCheckpointSchema>
export type NewCheckpoint = Omit<StoredCheckpoint, 'id' | 'createdAt'>

const SELECT = `
  SELECT id, distillation_id AS distillationId, step, weights, state, network, bytes, loss, score, best, created_at AS createdAt
  FROM checkpoints`

/**
 * Adds a checkpoint; where it is the best, the one before is no longer. One of the same step is replaced: the step was
 * computed again. The artifacts must be in the store already: file first, row second.
 */
export function addCheckpoint(db: WriteDb, checkpoint: NewCheckpoint): StoredCheckpoint {
  const { distillationId, step, weights, state, network, bytes, loss, score, best } = checkpoint
  db.run('DELETE FROM checkpoints WHERE distillation_id = @distillationId AND step = @step', { distillationId, step })
  if (best) db.run('UPDATE checkpoints SET best = 0 WHERE distillation_id = @distillationId', { distillationId })
  const id = newId('checkpoint')
  db.run(
    `INSERT INTO checkpoints (id, distillation_id, step, weights, state, network, bytes, loss, score, best, created_at)
     VALUES (@id, @distillationId, @step, @weights, @state, @network, @bytes, @loss, @score, @best, @createdAt)`,
    { id, distillationId, step, weights, state, network, bytes, loss, score, best: Number(best), createdAt: db.now() },
  )
  return getCheckpoint(db, distillationId, id)
}

/** In order of the steps. */
export function listCheckpoints(db: ReadDb, distillationId: string): Checkpoint[] {
  return storedCheckpoints(db, distillationId).map((stored) => checkpointSchema.parse(stored))
}

/** Throws `not-found`. */
export function getCheckpoint(db: ReadDb, distillationId: string, id: string): StoredCheckpoint {
  const row = db.get(`${SELECT} WHERE distillation_id = @distillationId AND id = @id`, { distillationId, id })
  if (row === undefined) throw new StudioError('not-found', `The distillation run has no checkpoint "${id}": later ones may have replaced it. Choose one of the list.`)
  return toCheckpoint(row)
}

/** The newest, or null. */
export function lastCheckpoint(db: ReadDb, distillationId: string): StoredCheckpoint | null {
  const row = db.get(`${SELECT} WHERE distillation_id = @distillationId ORDER BY step DESC LIMIT 1`, { distillationId })
  return row === undefined ? null : toCheckpoint(row)
}

/**
 * Removes all but the best, the last and so many before the last. Returns the artifacts that no row names any more, to be
 * removed after the transaction.
 */
export function pruneCheckpoints(db: WriteDb, distillationId: string, keep: number): string[] {
  const all = storedCheckpoints(db, distillationId)
  const beside = all.slice(0, -1).filter(({ best }) => !best)
  const surplus = beside.slice(0, Math.max(0, beside.length - keep))
  return removeCheckpoints(db, surplus)
}

/** Removes the checkpoints of a run that is removed. Returns the artifacts that no row names any more. */
export function removeCheckpointsOf(db: WriteDb, distillationId: string): string[] {
  return removeCheckpoints(db, storedCheckpoints(db, distillationId))
}

function removeCheckpoints(db: WriteDb, checkpoints: readonly StoredCheckpoint[]): string[] {
  for (const { id } of checkpoints) db.run('DELETE FROM checkpoints WHERE id = @id', { id })
  const named = new Set(checkpoints.flatMap(({ weights, state, network }) => [weights, state, network]))
  return [...named].filter((hash) => db.get(NAMED_BY, { hash }) === undefined)
}

/** Who else may name what a checkpoint named: another checkpoint, a student, a run that begins with these weights. */
const NAMED_BY = `
  SELECT 1 FROM checkpoints WHERE weights = @hash OR state = @hash OR network = @hash
  UNION ALL SELECT 1 FROM students WHERE weights = @hash OR network = @hash
  UNION ALL SELECT 1 FROM distillations WHERE init_weights = @hash OR network = @hash
  LIMIT 1`

function storedCheckpoints(db: ReadDb, distillationId: string): StoredCheckpoint[] {
  return db.all(`${SELECT} WHERE distillation_id = @distillationId ORDER BY step`, { distillationId }).map(toCheckpoint)
}

function toCheckpoint(row: Row): StoredCheckpoint {
  return parseRecord(storedCheckpointSchema, { ...row, best: row.best === 1 }, 'checkpoint')
}
