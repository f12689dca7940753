import { composeStudio } from '../../src/main/compose.ts'

/**
 * A host as the window's and the server's: works through the queue of a workspace. Says on stdout what happens, a line
 * each: "engine PID", "step N", "JOB_ID STATE". The second argument names the distillation run it listens to.
 */
const [workspace, distillationId] = process.argv.slice(2) as [string, string]
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const { client } = await composeStudio({ workspace, create: false, queue: 'all' })
let enginePid: number | undefined
client.subscribe('on.engine', {}, ({ pid }) => {
  if (pid === undefined || pid === null || pid === enginePid) return
  enginePid = pid
  say(`engine ${pid}`)
})
client.subscribe('on.training', {}, (event) => {
  if (event.distillationId === distillationId && event.point !== null) say(`step ${event.point.step}`)
})
client.subscribe('on.jobs', {}, ({ id, state }) => say(`${id} ${state}`))
for (const { id, state } of await client.call('jobs.list', {})) say(`${id} ${state}`)
