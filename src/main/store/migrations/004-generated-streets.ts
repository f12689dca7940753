/** Datasets that were drawn instead of imported, models that come with the program, and the tour through the whole job with both. */
export const GENERATED_STREETS = `
ALTER TABLE datasets ADD COLUMN generated TEXT; -- how its panoramas were drawn; null: imported

CREATE TABLE builtin_models (
  name TEXT PRIMARY KEY,
  weights TEXT NOT NULL, -- SHA-256 of the weights it was made from: another release may bring better ones
  model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX builtin_models_by_model ON builtin_models (model_id);

CREATE TABLE tours (
  id TEXT PRIMARY KEY,
  record TEXT NOT NULL, -- what was asked for and which records its steps made; how far it is, their jobs say
  created_at TEXT NOT NULL
) STRICT;
`
