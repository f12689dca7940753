import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import type { Engine } from '../engine/protocol.ts'
import type { JobRunner } from '../jobs/job-runner.ts'
import type { LearningRateFactor } from '../pipeline/distil-tools.ts'
import type { Store } from '../store/open-store.ts'
import type { LabelPool } from '../workers/label-pool.ts'
import type { TrainingEvent } from '../../contract/training-schemas.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Feed } from './feed.ts'

/** What every service works with. */
export interface ServiceContext {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly engine: Engine
  readonly jobs: JobRunner
  readonly changes: ChangeFeed
  /** what distillation runs do now */
  readonly training: Feed<TrainingEvent>
  /** factors of learning rates that a person set: the run that is under way hears them */
  readonly learningRates: Feed<LearningRateFactor>
  /** worker threads for label maps: encoding, scoring */
  readonly pool: LabelPool
  /** tells the queue that a job was added or asked for again */
  enqueue(jobId: string): void
  /** the program's version, for records and reports */
  readonly version: string
}
