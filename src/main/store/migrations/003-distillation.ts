/** Distillation runs with their curves, samples and checkpoints; students, evaluations, exports. */
export const DISTILLATION = `
CREATE TABLE distillations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  task TEXT NOT NULL CHECK (task IN ('distil', 'refine-ta')),
  parent_id TEXT REFERENCES distillations (id) ON DELETE CASCADE, -- refine-ta: the run that it is the first stage of
  labelling_run_id TEXT REFERENCES labelling_runs (id) ON DELETE SET NULL,
  labelling_run_name TEXT NOT NULL,
  asked_run_id TEXT NOT NULL, -- the labelling run that was asked for; with a refined TA another one is distilled
  refined_ta_id TEXT, -- refine-ta: the model it made
  dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  architecture TEXT NOT NULL,
  network TEXT, -- artifact of the ONNX file that is the student; null: built here
  classes INTEGER NOT NULL,
  parameters INTEGER NOT NULL,
  init TEXT NOT NULL,
  init_weights TEXT, -- artifact of the weights it starts from
  config TEXT NOT NULL,
  batch INTEGER NOT NULL,
  accumulate INTEGER NOT NULL,
  provider TEXT NOT NULL,
  actual_provider TEXT,
  machine TEXT, -- where images_per_second was measured
  job_id TEXT NOT NULL REFERENCES jobs (id),
  step INTEGER NOT NULL DEFAULT 0,
  score_kind TEXT CHECK (score_kind IN ('miou', 'agreement')),
  learning_rate_factor REAL NOT NULL DEFAULT 1,
  images_per_second REAL,
  wait_share REAL,
  estimated_peak_bytes REAL,
  warnings TEXT NOT NULL DEFAULT '[]',
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX distillations_by_dataset ON distillations (dataset_id);
CREATE INDEX distillations_by_labelling_run ON distillations (labelling_run_id);
CREATE INDEX distillations_by_job ON distillations (job_id);
CREATE INDEX distillations_by_parent ON distillations (parent_id);

-- which panoramas it learns from is settled when it starts: reviews that come later are of no run that is under way
CREATE TABLE distillation_panoramas (
  distillation_id TEXT NOT NULL REFERENCES distillations (id) ON DELETE CASCADE,
  panorama_id TEXT NOT NULL REFERENCES panoramas (id) ON DELETE CASCADE,
  held_out INTEGER NOT NULL, -- scored, not trained on
  weight REAL NOT NULL,
  data TEXT, -- artifact with image and targets at the training size, while the run needs it
  PRIMARY KEY (distillation_id, panorama_id)
) STRICT;
CREATE INDEX distillation_panoramas_by_panorama ON distillation_panoramas (panorama_id);

CREATE TABLE loss_points (
  distillation_id TEXT NOT NULL REFERENCES distillations (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  loss REAL NOT NULL,
  -- terms of the loss; null: not computed
  image REAL,
  window REAL,
  confident REAL,
  boundary REAL,
  ensemble REAL,
  consistency REAL,
  learning_rate REAL NOT NULL,
  gradient_norm REAL NOT NULL,
  images_per_second REAL NOT NULL,
  PRIMARY KEY (distillation_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE score_points (
  distillation_id TEXT NOT NULL REFERENCES distillations (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  score REAL NOT NULL,
  PRIMARY KEY (distillation_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE training_samples (
  distillation_id TEXT NOT NULL REFERENCES distillations (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  panorama_id TEXT NOT NULL REFERENCES panoramas (id) ON DELETE CASCADE,
  image TEXT NOT NULL,
  pseudo_label TEXT NOT NULL,
  student TEXT NOT NULL,
  difference TEXT NOT NULL,
  agreement REAL NOT NULL,
  PRIMARY KEY (distillation_id, step, panorama_id)
) STRICT;
CREATE INDEX training_samples_by_panorama ON training_samples (panorama_id);

CREATE TABLE checkpoints (
  id TEXT PRIMARY KEY,
  distillation_id TEXT NOT NULL REFERENCES distillations (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  weights TEXT NOT NULL,
  state TEXT NOT NULL,
  network TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  loss REAL,
  score REAL,
  best INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  UNIQUE (distillation_id, step)
) STRICT;

CREATE TABLE students (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  architecture TEXT NOT NULL,
  label_set_id TEXT NOT NULL REFERENCES label_sets (id),
  classes INTEGER NOT NULL,
  parameters INTEGER NOT NULL,
  distillation_id TEXT NOT NULL, -- may be gone: a student outlives its run
  labelling_run_id TEXT,
  labelling_run_name TEXT,
  dataset_id TEXT,
  init TEXT NOT NULL,
  weights TEXT NOT NULL,
  network TEXT NOT NULL,
  step INTEGER NOT NULL,
  height INTEGER NOT NULL,
  width INTEGER NOT NULL,
  score REAL,
  score_kind TEXT,
  provenance TEXT NOT NULL, -- what the model card says: configuration, teachers, hashes
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX students_by_distillation ON students (distillation_id);

CREATE TABLE evaluations (
  id TEXT PRIMARY KEY,
  subject_kind TEXT NOT NULL CHECK (subject_kind IN ('student', 'ta', 'run')),
  subject_id TEXT NOT NULL, -- may be gone: the numbers stay
  subject_name TEXT NOT NULL,
  dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  truth TEXT,
  mode TEXT,
  provider TEXT NOT NULL,
  job_id TEXT NOT NULL REFERENCES jobs (id),
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  error TEXT,
  result TEXT,
  confusion TEXT,
  hashes TEXT NOT NULL DEFAULT '{}',
  milliseconds_per_panorama REAL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX evaluations_by_dataset ON evaluations (dataset_id);
CREATE INDEX evaluations_by_subject ON evaluations (subject_kind, subject_id, created_at);
CREATE INDEX evaluations_by_job ON evaluations (job_id);

CREATE TABLE evaluation_panoramas (
  evaluation_id TEXT NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
  panorama_id TEXT NOT NULL REFERENCES panoramas (id) ON DELETE CASCADE,
  prediction TEXT NOT NULL,
  scores TEXT, -- null: predicted, not scored yet
  milliseconds REAL,
  PRIMARY KEY (evaluation_id, panorama_id)
) STRICT;
CREATE INDEX evaluation_panoramas_by_panorama ON evaluation_panoramas (panorama_id);
CREATE INDEX evaluation_panoramas_by_prediction ON evaluation_panoramas (prediction);

CREATE TABLE student_exports (
  id TEXT PRIMARY KEY,
  student_id TEXT NOT NULL REFERENCES students (id) ON DELETE CASCADE,
  job_id TEXT NOT NULL REFERENCES jobs (id),
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  error TEXT,
  folder TEXT NOT NULL,
  zip TEXT,
  zip_bytes INTEGER,
  files TEXT NOT NULL DEFAULT '[]',
  warnings TEXT NOT NULL DEFAULT '[]',
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX student_exports_by_student ON student_exports (student_id);
CREATE INDEX student_exports_by_job ON student_exports (job_id);

-- more kinds of stages: which ones there are is for the program to say, so that the next kind needs no migration
CREATE TABLE stages (
  key TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  hash TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  last_used_at TEXT NOT NULL
) STRICT;
INSERT INTO stages SELECT key, kind, hash, bytes, created_at, last_used_at FROM stage_cache;
DROP TABLE stage_cache;
ALTER TABLE stages RENAME TO stage_cache;
CREATE INDEX stage_cache_by_age ON stage_cache (kind, last_used_at);
CREATE INDEX stage_cache_by_hash ON stage_cache (hash);
`
