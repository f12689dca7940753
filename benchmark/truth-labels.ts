import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabellingRun, LabelStats, Panorama } from '../src/contract/schemas.ts'
import { decodeSemantics, encodeFusion, encodeSemantics } from '../src/core/formats/bundles.ts'
import { readLabelPng } from '../src/core/formats/indexed-png.ts'
import { PROVENANCE } from '../src/core/goodsam/config.ts'
import type { FusedPanorama, PanoramaSemantics } from '../src/core/goodsam/types.ts'
import { IGNORE_ID } from '../src/core/labels/label-set.ts'
import type { Raster } from '../src/core/raster/raster.ts'
import { renameLabellingRun } from '../src/main/store/labelling-runs.ts'
import { finishResult, getResult } from '../src/main/store/panorama-results.ts'
import { listPanoramas } from '../src/main/store/panoramas.ts'
import type { BenchWorkspace } from './bench-workspace.ts'
import { findRun, labelled, type LabellingRequest } from './labelling.ts'
import { truthFile } from './world.ts'

const CERTAIN = 255
const MOST_PANORAMAS = 1000

/** What the label of a panorama is to be; `ta`: the stitched map of the TA, read when it is asked for. */
export type LabelOf = (panorama: Panorama, ta: () => Promise<Raster>) => Promise<Raster>

/**
 * A labelling run with other labels, as the truth (`readTruth`): TA map and fused label of every panorama are replaced in one
 * transaction. The product distils and scores it like any other run, so that a student that is taught the truth differs from
 * the others in nothing but what it is taught.
 */
export async function relabelled(bench: BenchWorkspace, request: LabellingRequest, labelOf: LabelOf): Promise<LabellingRun> {
  const finished = await findRun(await bench.client(), request.name)
  if (finished !== null) return finished
  const draft = await labelled(bench, { ...request, name: `${request.name} draft` })
  if (draft.panoramas > MOST_PANORAMAS) throw new Error(`At most ${MOST_PANORAMAS} panoramas can be given other labels, not ${draft.panoramas}.`)
  await bench.offline(async (store, artifacts) => {
    const results: { readonly panoramaId: string; readonly semantics: string; readonly fusion: string; readonly stats: LabelStats }[] = []
    for (const panorama of listPanoramas(store.read, draft.datasetId, { offset: 0, limit: MOST_PANORAMAS }).panoramas) {
      const { stats, artifacts: made } = getResult(store.read, draft.id, panorama.id)
      const ta = made?.semantics ?? null
      if (stats === null || ta === null) throw new Error(`${panorama.name} was not labelled.`)
      const label = await labelOf(panorama, async () => decodeSemantics(await artifacts.read(ta)).label)
      const semantics = await artifacts.put(encodeSemantics(semanticsOf(label)))
      const fusion = await artifacts.put(encodeFusion(fusionOf(label)))
      // how long the TA took stays: nobody measures it again
      results.push({ panoramaId: panorama.id, semantics: semantics.hash, fusion: fusion.hash, stats: { ...stats, ...CERTAINTY } })
    }
    store.transaction((db) => {
      for (const { panoramaId, semantics, fusion, stats } of results) {
        finishResult(db, { runId: draft.id, panoramaId }, { artifacts: { masks: null, semantics, boundary: null, fusion }, stats, doubt: 0 })
      }
      renameLabellingRun(db, draft.id, request.name)
    })
  })
  return (await bench.client()).call('runs.get', { run: draft.id })
}

/** The label map of the panorama's name in `folder`. Throws where it is missing or of another size. */
export async function readTruth(folder: string, { name, width, height }: Panorama): Promise<Raster> {
  const path = join(folder, truthFile(name))
  const truth = readLabelPng(await readFile(path))
  if (truth.width === width && truth.height === height) return truth
  throw new Error(`${path} has ${truth.width} x ${truth.height} pixels, its panorama ${width} x ${height}: draw the streets again.`)
}

/** As a TA would say it that is always right: one view of the whole panorama. */
function semanticsOf(truth: Raster): PanoramaSemantics {
  const { width, height, data } = truth
  const confidence = data.map((id) => (id === IGNORE_ID ? 0 : CERTAIN))
  return {
    classes: 19,
    windows: [{ window: { index: 0, family: 'context', x: 0, y: 0, width, height }, label: data, confidence }],
    label: truth, confidence: { width, height, data: confidence }, consistency: 0, disagreement: 0,
  }
}

function fusionOf(truth: Raster): FusedPanorama {
  const { width, height } = truth
  const filled = (value: number): Raster => ({ width, height, data: new Uint8Array(width * height).fill(value) })
  return { label: truth, confidence: filled(CERTAIN), provenance: filled(PROVENANCE.taOnly), mask: { width, height, data: new Uint32Array(width * height) } }
}

/** Truth is sure, and nothing overrules it. */
const CERTAINTY: Pick<LabelStats, 'masks' | 'coverage' | 'meanConfidence' | 'disagreement' | 'consistency'> = {
  masks: 0, coverage: 0, meanConfidence: 1, disagreement: 0, consistency: 0,
}
