/** Datasets, models, labelling runs, results, reviews, jobs and settings. */
export const CORE_TABLES = `
CREATE TABLE label_sets (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  classes TEXT NOT NULL
) STRICT;

CREATE TABLE datasets (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  folder TEXT NOT NULL,
  label_set_id TEXT NOT NULL REFERENCES label_sets (id),
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE panoramas (
  id TEXT PRIMARY KEY,
  dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  sort_key TEXT NOT NULL, -- the name with its numbers padded: frame 2 before frame 10
  split TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  file_sha256 TEXT NOT NULL,
  image TEXT NOT NULL,
  image_bytes INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  truth TEXT,
  projection TEXT NOT NULL,
  warnings TEXT NOT NULL,
  UNIQUE (dataset_id, name)
) STRICT;
CREATE INDEX panoramas_in_order ON panoramas (dataset_id, sort_key, name);
CREATE INDEX panoramas_with_truth ON panoramas (dataset_id) WHERE truth IS NOT NULL;
CREATE INDEX panoramas_by_content ON panoramas (dataset_id, file_sha256);
CREATE INDEX panoramas_by_image ON panoramas (image);

-- what became of every file of an import: the import's own journal, so that it can go on where it stopped
CREATE TABLE import_files (
  dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  file TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('imported', 'duplicate', 'refused')),
  panorama_id TEXT REFERENCES panoramas (id) ON DELETE CASCADE,
  code TEXT,
  message TEXT,
  PRIMARY KEY (dataset_id, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_files_by_panorama ON import_files (panorama_id);

CREATE TABLE models (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  dialect TEXT NOT NULL,
  files TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  sam_settings TEXT,
  classes INTEGER,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, -- first come, first served
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL,
  stopping TEXT,
  subject_id TEXT,
  payload TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  message TEXT NOT NULL DEFAULT '',
  error TEXT,
  error_code TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0, -- processes that died under it since an item was finished
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, seq);
CREATE INDEX jobs_by_subject ON jobs (subject_id);

CREATE TABLE job_log (
  job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  at TEXT NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE labelling_runs (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  sam_id TEXT REFERENCES models (id),
  ta_id TEXT NOT NULL REFERENCES models (id),
  config TEXT NOT NULL,
  sam_settings TEXT,
  provider TEXT NOT NULL,
  job_id TEXT NOT NULL REFERENCES jobs (id),
  warnings TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX labelling_runs_by_dataset ON labelling_runs (dataset_id);
CREATE INDEX labelling_runs_by_sam ON labelling_runs (sam_id);
CREATE INDEX labelling_runs_by_ta ON labelling_runs (ta_id);
CREATE INDEX labelling_runs_by_job ON labelling_runs (job_id);

CREATE TABLE panorama_results (
  run_id TEXT NOT NULL REFERENCES labelling_runs (id) ON DELETE CASCADE,
  panorama_id TEXT NOT NULL REFERENCES panoramas (id) ON DELETE CASCADE,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  error TEXT,
  masks TEXT,
  semantics TEXT,
  boundary TEXT,
  fusion TEXT,
  stats TEXT,
  mean_confidence REAL,
  doubt REAL,
  PRIMARY KEY (run_id, panorama_id)
) STRICT;
CREATE INDEX panorama_results_by_status ON panorama_results (run_id, status, mean_confidence);
CREATE INDEX panorama_results_by_doubt ON panorama_results (run_id, doubt DESC);
CREATE INDEX panorama_results_by_panorama ON panorama_results (panorama_id);

-- a journal: rows are only added, the last one counts, so undo is history too
CREATE TABLE reviews (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  panorama_id TEXT NOT NULL,
  verdict TEXT CHECK (verdict IN ('accepted', 'rejected')),
  at TEXT NOT NULL,
  FOREIGN KEY (run_id, panorama_id) REFERENCES panorama_results (run_id, panorama_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX reviews_by_result ON reviews (run_id, panorama_id, seq);

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`
