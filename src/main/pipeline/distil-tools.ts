import type { Model } from '../../contract/schemas.ts'
import type { TrainingEvent } from '../../contract/training-schemas.ts'
import type { ArtifactStore } from '../artifacts/artifact-store.ts'
import type { Engine } from '../engine/protocol.ts'
import type { Store } from '../store/open-store.ts'
import type { LabelPool } from '../workers/label-pool.ts'

/** A person set another factor for the learning rate of a run. */
export interface LearningRateFactor {
  readonly distillationId: string
  readonly factor: number
}

export interface DistilTools {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly engine: Engine
  readonly pool: LabelPool
  /** tells windows what is stale */
  readonly changes: { emit(area: 'distillations' | 'students' | 'runs' | 'results', id: string): void }
  readonly training: { emit(event: TrainingEvent): void }
  readonly learningRates: { listen(listener: (change: LearningRateFactor) => void, signal: AbortSignal): void }
  /** adds a refined TA to the models */
  addTa(file: string, name: string): Promise<Model>
  /** the program's version, for the student's provenance */
  readonly version: string
}
