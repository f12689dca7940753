/** Which artifact holds the result of a stage for given inputs, model and parameters. */
export const STAGE_CACHE = `
CREATE TABLE stage_cache (
  key TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('embedding', 'masks', 'semantics', 'boundary', 'fusion')),
  hash TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  last_used_at TEXT NOT NULL
) STRICT;
CREATE INDEX stage_cache_by_age ON stage_cache (kind, last_used_at);
CREATE INDEX stage_cache_by_hash ON stage_cache (hash);
`
