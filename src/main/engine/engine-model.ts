import type { ModelDialect } from '../../contract/schemas.ts'

/** Every onnxruntime session is made from this; sessions are reused by (sha256, provider). */
export interface EngineModel {
  readonly sha256: string
  readonly dialect: ModelDialect
  /** absolute paths by role */
  readonly paths: Readonly<Partial<Record<'encoder' | 'decoder' | 'network', string>>>
  readonly name: string
}
