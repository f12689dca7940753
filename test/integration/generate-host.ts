import { composeStudio } from '../../src/main/compose.ts'

/** A host that generates eight small streets as the dataset "killed". Says on stdout how far it is: "STATE DONE", a line each. */
const [workspace] = process.argv.slice(2) as [string]
const studio = await composeStudio({ workspace, create: false, queue: 'all' })
const { client } = studio
const { jobId } = await client.call('datasets.generate', { name: 'killed', panoramas: 8, seed: 2, style: 'target', width: 128, height: 64, vfovDeg: null })
client.subscribe('on.jobs', {}, (job) => {
  if (job.id !== jobId) return
  process.stdout.write(`${job.state} ${job.done}\n`)
  if (job.state === 'done' || job.state === 'failed') void studio.close().then(() => process.exit(0))
})
