import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RECIPES } from '../../src/core/goodsam/config.ts'
import type { EngineModel, LabelPanoramaRequest } from '../../src/main/engine/protocol.ts'
import { parseSamSettings } from '../../src/main/models/sam-settings.ts'
import { REAL } from './real-data.ts'

/** The engine's request for a real panorama with the real models, nothing cached, embeddings kept. Throws where they are absent. */
export function realLabelRequest(name: string, size: { readonly width: number; readonly height: number }, artifactsRoot: string): LabelPanoramaRequest {
  if (!REAL.present) throw new Error('No real panoramas and models here: name their folder in GOODSAM_REAL (panoramas/, models/).')
  const path = join(REAL.panoramas, name)
  return {
    panoramaName: name,
    image: { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex'), ...size, cyclic: true },
    artifactsRoot,
    sam: { ...realSam(), settings: realSettings() },
    ta: realTa(REAL.ta),
    config: RECIPES.goodsam,
    provider: 'cpu',
    cached: { masks: null, semantics: null, boundary: null, fusion: null, embeddings: [] },
    keepEmbeddings: true,
  }
}

export function realTa(path: string): EngineModel {
  return { name: basename(path), sha256: basename(path).padEnd(64, '0').slice(0, 64), dialect: 'semantic', paths: { network: path } }
}

function realSam(): EngineModel {
  return { name: 'nano-sam', sha256: 'a'.repeat(64), dialect: 'sam-transformers-js', paths: { encoder: REAL.samEncoder, decoder: REAL.samDecoder } }
}

function realSettings(): NonNullable<LabelPanoramaRequest['sam']>['settings'] {
  const file = join(dirname(REAL.samEncoder), 'settings.json')
  return parseSamSettings(readFileSync(file, 'utf8'), { file, dialect: 'sam-transformers-js' }).settings
}
