/** Which models came from the catalogue. */
export const CATALOGUE = `
CREATE TABLE catalogue_models (
  repo TEXT PRIMARY KEY, -- "owner/name" on the hub
  model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX catalogue_models_by_model ON catalogue_models (model_id);
`
