import type { BuiltinModel } from '../../../../contract/generated-schemas.ts'
import type { Dataset, Model } from '../../../../contract/schemas.ts'

/** Which models a labelling run begins with, and what is to be said about them. */

export interface Offered {
  readonly models: readonly Pick<Model, 'id' | 'name' | 'kind'>[]
  readonly builtin: readonly Pick<BuiltinModel, 'kind' | 'modelId'>[]
  readonly dataset: Pick<Dataset, 'generated'> | undefined
}

/** The model of a kind that is chosen until a person chooses; null: there is none of it. */
export function preselected({ models, builtin, dataset }: Offered, kind: Model['kind']): string | null {
  const generated = dataset !== undefined && dataset.generated !== null
  // 0 is best: a model that knows such streets; then the others; first weights are no teacher before they were distilled
  const rank = ({ id }: Offered['models'][number]): number => {
    const own = builtin.find(({ modelId }) => modelId === id)
    if (own?.kind === 'init') return 2
    return (own !== undefined) === generated ? 0 : 1
  }
  return models.filter((model) => model.kind === kind).sort((a, b) => rank(a) - rank(b)).at(0)?.id ?? null
}

/** A model's name where it is chosen. */
export function modelLabel({ id, name }: Offered['models'][number], builtin: Offered['builtin']): string {
  const own = builtin.find(({ modelId }) => modelId === id)
  if (own === undefined) return name
  return own.kind === 'init' ? `${name} (built in, first weights)` : `${name} (built in)`
}

/** Names of the chosen models that do not know such streets. */
export function strangers({ models, builtin, dataset }: Offered, chosen: readonly string[]): readonly string[] {
  if (dataset === undefined || dataset.generated !== null) return []
  return models.filter(({ id }) => chosen.includes(id) && builtin.some(({ modelId }) => modelId === id)).map(({ name }) => name)
}
