import { openEvaluationHost } from '../support/evaluation-host.ts'

/** A host that evaluates what waits in the queue. Says on stdout "scored N", "ended STATE". */
const [root] = process.argv.slice(2)
const host = openEvaluationHost(root)
let done = -1
host.runner.onJob((job) => {
  if (job.done > done) process.stdout.write(`scored ${(done = job.done)}\n`)
  if (job.state !== 'done' && job.state !== 'failed') return
  process.stdout.write(`ended ${job.state}\n`)
  void host.close().then(() => process.exit(0))
})
host.runner.start()
