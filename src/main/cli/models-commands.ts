import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { StudioError } from '../../contract/errors.ts'
import { builtinModelNameSchema, type BuiltinModelName } from '../../contract/generated-schemas.ts'
import type { Model, ModelKind } from '../../contract/schemas.ts'
import { addModelsShowCommand } from './models-show-command.ts'
import { printResult, table, type OutputOptions } from './output.ts'
import { followJob, withStudio } from './studio-session.ts'

/** models add, models list; models show: models-show-command.ts */
export function addModelsCommands(program: Command): void {
  const models = program.command('models').description('SAM and teacher-assistant networks (ONNX)')

  models
    .command('add <workspace> <file...>')
    .description('add a model: for SAM its encoder and decoder, for a TA its network')
    .addOption(new Option('--kind <kind>', 'what the model is').choices(['sam', 'ta']).makeOptionMandatory())
    .option('--name <name>', 'name shown in lists (default: from the file or settings.json)')
    .option('--json', 'print one JSON document: {id, name, kind, dialect, files, inputs, outputs}')
    .action(async (workspace: string, files: string[], options: OutputOptions & { kind: ModelKind; name?: string }) => {
      const model = await withStudio(workspace, (client) =>
        client.call('models.add', { kind: options.kind, files: files.map((file) => resolve(file)), name: options.name ?? null }))
      printResult(withSignature(model), options, () => `Added ${model.name} (${model.id}): ${model.kind}, dialect ${model.dialect}.`)
    })

  models
    .command('add-builtin <workspace> <name...>')
    .description('add models that come with the program (they know generated streets): nano-sam, street-ta, mit-b0')
    .option('--json', 'print one JSON document: a list of models, as of models add')
    .action(async (workspace: string, names: string[], options: OutputOptions) => {
      const added = await withStudio(workspace, async (client) => {
        const list: Model[] = []
        for (const name of names) list.push(await client.call('models.addBuiltin', { name: builtinName(name) }))
        return list
      })
      printResult(added.map(withSignature), options, (all) => all.map((model) => `Added ${model.name} (${model.id}): ${model.kind}, dialect ${model.dialect}.`).join('\n'))
    })

  models
    .command('catalogue <workspace>')
    .description('published models for real streets that can be downloaded')
    .option('--json', 'print one JSON document: a list of {repo, kind, summary, licence, page, files, modelId, weightsFile}')
    .action(async (workspace: string, options: OutputOptions) => {
      const entries = await withStudio(workspace, (client) => client.call('models.catalogue', {}))
      printResult(entries, options, (all) => table(['repository', 'kind', 'there', 'licence', ''],
        all.map(({ repo, kind, modelId, weightsFile, licence, summary }) => [repo, kind, modelId ?? (weightsFile === null ? '' : 'yes'), licence, summary])))
    })

  models
    .command('download <workspace> <repository>')
    .description('download a model of the catalogue and add it; from a mirror: HF_ENDPOINT, through a proxy: HTTPS_PROXY')
    .option('--json', 'print one JSON document: the entry, as of models catalogue')
    .action(async (workspace: string, repo: string, options: OutputOptions) => {
      const entry = await withStudio(workspace, async (client) => {
        const { jobId } = await client.call('models.download', { repo })
        await followJob(client, jobId)
        return (await client.call('models.catalogue', {})).find((one) => one.repo === repo)
      })
      printResult(entry, options, () => (entry?.weightsFile ? `Downloaded ${repo}: distill --init ${entry.weightsFile}` : `Added ${repo} (${entry?.modelId}): ${entry?.licence}.`))
    })

  models
    .command('list <workspace>')
    .option('--json', 'print one JSON document')
    .action(async (workspace: string, options: OutputOptions) => {
      const list = await withStudio(workspace, (client) => client.call('models.list', {}))
      printResult(list.map(withSignature), options, (all) =>
        table(['id', 'name', 'kind', 'dialect', 'files'],
          all.map((m) => [m.id, m.name, m.kind, m.dialect, m.files.map((f) => f.name).join(', ')])))
    })
  addModelsShowCommand(models)
}

function builtinName(text: string): BuiltinModelName {
  const { data } = builtinModelNameSchema.safeParse(text)
  if (data === undefined) throw new StudioError('bad-input', `There is no built-in model "${text}". There are ${builtinModelNameSchema.options.join(', ')}.`)
  return data
}

function withSignature(model: Model): Model & { inputs: Model['files'][number]['inputs']; outputs: Model['files'][number]['outputs'] } {
  return {
    ...model,
    inputs: model.files.flatMap((file) => file.inputs),
    outputs: model.files.flatMap((file) => file.outputs),
  }
}
