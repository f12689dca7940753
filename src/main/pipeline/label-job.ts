import { z } from 'zod'
import { StudioError } from '../../contract/errors.ts'
import type { LabellingRun, LabelStats } from '../../contract/schemas.ts'
import type { LabelWarning } from '../engine/protocol.ts'
import { forEachItem } from '../jobs/for-each-item.ts'
import type { JobHandler } from '../jobs/job-handler.ts'
import { addRunWarning, getLabellingRun } from '../store/labelling-runs.ts'
import { countResults, failResult, pendingPanoramas, resetFailedResults } from '../store/panorama-results.ts'
import { getPanorama } from '../store/panoramas.ts'
import { getSettings } from '../store/settings.ts'
import { dropDamagedStages, evictEmbeddings, labelPanorama, recordLabels, type LabelledPanorama, type LabellingPipeline } from './label-panorama.ts'

const payloadSchema = z.object({ runId: z.string() })

/** Labels the pending panoramas of a labelling run; a finished one is a committed row and never done again. */
export function labelJobHandler(pipeline: LabellingPipeline, onResult: (run: LabellingRun) => void): JobHandler {
  const { store } = pipeline
  const embeddingBytes = (): number => getSettings(store.read).embeddingCacheGiB * 2 ** 30
  return {
    async run(_job, context) {
      const run = getLabellingRun(store.read, payloadSchema.parse(context.payload).runId)
      const { total, done, failed } = countResults(store.read, run.id)
      const saidOfRun = new Set<string>()
      const warn = (name: string, { message, shared }: LabelWarning): void => {
        if (!saidOfRun.has(message)) context.log('warn', `${name}: ${message}`)
        if (shared === null) saidOfRun.add(message)
      }
      await forEachItem(context, {
        noun: 'panorama',
        counts: { total, done: done + failed, failed },
        pending: pendingPanoramas(store.read, run.id),
        nameOf: ({ name }) => name,
        async compute({ panoramaId, name }, { signal, progress }) {
          // before the next ones are written, so that the space stays bounded over thousands of panoramas
          await evictEmbeddings(pipeline, embeddingBytes())
          const subject = { run, panorama: getPanorama(store.read, panoramaId) }
          const label = (): Promise<LabelledPanorama> => labelPanorama(pipeline, subject, {
            signal,
            onProgress: ({ fraction, message }) => progress(fraction, message),
            keepEmbeddings: embeddingBytes() > 0,
          })
          const labelled = await label().catch(async (error: unknown) => {
            // a cached stage that went bad on the disk is no loss: it is computed again
            const damaged = error instanceof StudioError && error.code === 'workspace-damaged'
            const dropped = damaged ? await dropDamagedStages(pipeline, subject) : 0
            if (dropped === 0) throw error
            context.log('warn', `${name}: ${dropped} cached stages were damaged on the disk and are computed again.`)
            return label()
          })
          for (const warning of labelled.response.warnings) warn(name, warning)
          context.log('info', summary(name, labelled.response.stats))
          return labelled
        },
        wasComputed: ({ response }) => response.stats.ortSeconds > 0,
        finish(db, { panoramaId, name }, labelled) {
          recordLabels(db, { runId: run.id, panoramaId }, labelled)
          for (const warning of labelled.response.warnings) addRunWarning(db, run.id, { ...warning, panorama: name })
          onResult(run)
        },
        fail(db, { panoramaId }, error) {
          failResult(db, { runId: run.id, panoramaId }, error.message)
          onResult(run)
        },
      })
      await evictEmbeddings(pipeline, embeddingBytes())
    },
    retryFailed: (db, job) => (job.subjectId === null ? 0 : resetFailedResults(db, job.subjectId)),
  }
}

function summary(name: string, stats: LabelStats): string {
  const { masks, cached } = stats
  const reused = cached.masks && cached.semantics ? ', masks and classes from the cache' : ''
  return `${name}: ${masks} masks on ${percent(stats.coverage)}, mean confidence ${percent(stats.meanConfidence)}, ${stats.seconds.toFixed(1)} s on ${stats.provider}${reused}.`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
