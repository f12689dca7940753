import { z } from 'zod'
import { hashSchema } from '../../contract/schemas.ts'
import type { ReadDb, WriteDb } from './database.ts'
import { asCount, parseRecord } from './rows.ts'

const stageKindSchema = z.enum(['embedding', 'masks', 'semantics', 'boundary', 'fusion', 'training-data', 'prediction'])
export type StageKind = z.infer<typeof stageKindSchema>

const cachedStageSchema = z.object({
  /** hash over the stage's inputs, its model and the parameters it reads */
  key: z.string(),
  kind: stageKindSchema,
  hash: hashSchema,
  bytes: z.int(),
  createdAt: z.string(),
  lastUsedAt: z.string(),
})
export type CachedStage = z.infer<typeof cachedStageSchema>

const SELECT = 'SELECT key, kind, hash, bytes, created_at AS createdAt, last_used_at AS lastUsedAt FROM stage_cache'

/** The artifact of a stage, or null where it was not computed yet. */
export function findStage(db: ReadDb, key: string): CachedStage | null {
  const row = db.get(`${SELECT} WHERE key = @key`, { key })
  return row === undefined ? null : parseRecord(cachedStageSchema, row, 'cached stage')
}

/** Remembers the result of a stage. Its artifact must be in the store already: file first, row second. */
export function rememberStage(
  db: WriteDb, stage: { readonly key: string; readonly kind: StageKind; readonly hash: string; readonly bytes: number },
): void {
  db.run(
    `INSERT OR REPLACE INTO stage_cache (key, kind, hash, bytes, created_at, last_used_at)
     VALUES (@key, @kind, @hash, @bytes, @at, @at)`,
    { key: stage.key, kind: stage.kind, hash: stage.hash, bytes: stage.bytes, at: db.now() },
  )
}

/** Notes that stages were used now, which keeps them longest. */
export function touchStages(db: WriteDb, keys: readonly string[]): void {
  for (const key of keys) db.run('UPDATE stage_cache SET last_used_at = @at WHERE key = @key', { key, at: db.now() })
}

/** Bytes of all artifacts of one kind. */
export function cachedBytes(db: ReadDb, kind: StageKind): number {
  return asCount(db.get('SELECT sum(bytes) AS n FROM (SELECT DISTINCT hash, bytes FROM stage_cache WHERE kind = @kind)', { kind })?.n)
}

/**
 * The least recently used artifacts of a kind that must go so that the others fit into `keepBytes`, oldest first.
 * Forget each (forgetStages), then remove its file.
 */
export function stagesToEvict(db: ReadDb, kind: StageKind, keepBytes: number): { hash: string; bytes: number }[] {
  const excess = cachedBytes(db, kind) - keepBytes
  if (excess <= 0) return []
  return db
    .all(
      `SELECT hash, bytes FROM (
         SELECT hash, bytes, used, sum(bytes) OVER (ORDER BY used, hash) - bytes AS freedBefore
         FROM (SELECT hash, bytes, max(last_used_at) AS used FROM stage_cache WHERE kind = @kind GROUP BY hash)
       ) WHERE freedBefore < @excess ORDER BY used, hash`,
      { kind, excess },
    )
    .map((row) => ({ hash: String(row.hash), bytes: asCount(row.bytes) }))
}

/** Forgets every stage whose result is this artifact. Returns how many there were. */
export function forgetStages(db: WriteDb, hash: string): number {
  return db.run('DELETE FROM stage_cache WHERE hash = @hash', { hash })
}

/** Forgets stages that no result names any more and that were not used since a time (ISO 8601). Returns how many. */
export function forgetUnusedStages(db: WriteDb, unusedSince: string): number {
  return db.run(
    `DELETE FROM stage_cache WHERE last_used_at < @unusedSince AND hash NOT IN (
       SELECT masks FROM panorama_results WHERE masks IS NOT NULL
       UNION SELECT semantics FROM panorama_results WHERE semantics IS NOT NULL
       UNION SELECT boundary FROM panorama_results WHERE boundary IS NOT NULL
       UNION SELECT fusion FROM panorama_results WHERE fusion IS NOT NULL)`,
    { unusedSince },
  )
}
