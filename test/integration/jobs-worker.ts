import { setTimeout as wait } from 'node:timers/promises'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { forEachItem } from '../../src/main/jobs/for-each-item.ts'
import { createJobRunner } from '../../src/main/jobs/job-runner.ts'
import type { JobHandler } from '../../src/main/jobs/job-handler.ts'
import { openStore } from '../../src/main/store/open-store.ts'
import { countResults, failResult, finishResult, pendingPanoramas } from '../../src/main/store/panorama-results.ts'
import { SOME_STATS } from '../../src/main/store/workspace.fixture.ts'

/**
 * A host that labels: every panorama becomes an artifact of a megabyte that follows from its name. Says on stdout what
 * it does, a line each: "compute NAME", "wrote NAME", "ended STATE".
 */
const [folder, runId] = process.argv.slice(2) as [string, string]
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const store = openStore(folder, { create: false })
const artifacts = openArtifactStore(store.paths.artifacts)

const label: JobHandler = {
  async run(_job, context) {
    const { total, done, failed } = countResults(store.read, runId)
    await forEachItem(context, {
      noun: 'panorama',
      counts: { total, done: done + failed, failed },
      pending: pendingPanoramas(store.read, runId),
      nameOf: ({ name }) => name,
      async compute({ name }, { progress }) {
        say(`compute ${name}`)
        progress(0.5, 'fusing')
        await wait(5)
        const { hash } = await artifacts.put(Buffer.alloc(1 << 20, name))
        say(`wrote ${name}`)
        await wait(5)
        return hash
      },
      finish(db, { panoramaId }, hash) {
        finishResult(db, { runId, panoramaId }, {
          artifacts: { masks: null, semantics: hash, boundary: null, fusion: hash }, stats: SOME_STATS, doubt: 0,
        })
      },
      fail: (db, { panoramaId }, error) => failResult(db, { runId, panoramaId }, error.message),
    })
  },
  retryFailed: () => 0,
}

const runner = createJobRunner({ store, handlers: { import: label, label } })
runner.onJob((job) => {
  if (job.state !== 'done' && job.state !== 'failed') return
  say(`ended ${job.state}`)
  store.close()
  process.exit(0)
})
runner.start()
