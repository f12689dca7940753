import type { Command } from 'commander'
import { note, printResult, table, type OutputOptions } from './output.ts'
import { followJob, withStudio } from './studio-session.ts'

/** init, datasets, runs, jobs: what is in a workspace. */
export function addWorkspaceCommands(program: Command): void {
  program
    .command('init <workspace>')
    .description('make a new workspace folder')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions) => {
      const info = await withStudio(workspace, (client) => client.call('workspace.info', {}), { create: true })
      printResult(info, options, ({ path }) => `Workspace ready: ${path}`)
    })

  const datasets = program.command('datasets').description('imported datasets')
  datasets
    .command('list <workspace>')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions) => {
      const list = await withStudio(workspace, (client) => client.call('datasets.list', {}))
      printResult(list, options, (all) =>
        table(['id', 'name', 'panoramas', 'with truth', 'refused'],
          all.map((d) => [d.id, d.name, `${d.panoramas}`, `${d.withTruth}`, `${d.refused}`])))
    })

  const runs = program.command('runs').description('labelling runs')
  runs
    .command('list <workspace>')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions) => {
      const list = await withStudio(workspace, (client) => client.call('runs.list', {}))
      printResult(list, options, (all) =>
        table(['id', 'name', 'dataset', 'recipe', 'theta', 'done', 'failed', 'accepted', 'rejected'],
          all.map((r) => [r.id, r.name, r.datasetName, r.samId ? r.config.recipe : 'TA only', `${r.config.fusion.theta}`,
            `${r.done}/${r.panoramas}`, `${r.failed}`, `${r.accepted}`, `${r.rejected}`])))
    })

  const jobs = program.command('jobs').description('long work: list, resume, retry, cancel')
  jobs
    .command('list <workspace>')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions) => {
      const list = await withStudio(workspace, (client) => client.call('jobs.list', {}))
      printResult(list, options, (all) =>
        table(['id', 'title', 'state', 'done', 'failed'],
          all.map((j) => [j.id, j.title, j.state, `${j.done}/${j.total}`, `${j.failed}`])))
    })
  for (const what of ['resume', 'retry'] as const) {
    jobs
      .command(`${what} <workspace> <job>`)
      .description(what === 'resume' ? 'go on with a paused or interrupted job' : 'run the failed items again, and what was never reached')
      .option('--json', 'print one JSON document')
      .action(async (workspace: string, jobId: string, options: OutputOptions) => {
        const job = await withStudio(workspace, async (client) => {
          const { state } = await client.call('jobs.get', { jobId })
          // a job that a killed process left behind is queued again when the workspace opens: it only has to be asked for
          if (what === 'retry' || state !== 'queued') await client.call(`jobs.${what}`, { jobId })
          else await client.call('jobs.start', { jobId })
          return followJob(client, jobId)
        })
        printResult(job, options, ({ title, state, done, total, failed }) => `${title}: ${state}, ${done} of ${total}${failed > 0 ? `, ${failed} failed` : ''}`)
      })
  }
  jobs
    .command('cancel <workspace> <job>')
    .description('end a job; what it finished stays')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, jobId: string, options: OutputOptions) => {
      const job = await withStudio(workspace, (client) => client.call('jobs.cancel', { jobId }))
      printResult(job, options, ({ title, state }) => `${title}: ${state}`)
    })

  program
    .command('gc <workspace>')
    .description('remove artifacts that nothing refers to')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions) => {
      const result = await withStudio(workspace, (client) => client.call('workspace.collectGarbage', {}))
      printResult(result, options, ({ removed, bytes }) => `Removed ${removed} artifacts, ${(bytes / 2 ** 20).toFixed(1)} MiB.`)
      note('Cached stages stay; they are rebuilt only when an image, a model or a parameter changes.')
    })
}
