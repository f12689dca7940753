import { Button, Collapse, Modal, Select, SegmentedControl, Slider, TextInput, UnstyledButton } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { BuiltinModel } from '../../../../contract/generated-schemas.ts'
import { providerSettingSchema, type Dataset, type Model, type ProviderSetting } from '../../../../contract/schemas.ts'
import { RECIPES, withGeometry, type Recipe, type SamSettings, type WindowGeometry } from '../../../../core/goodsam/config.ts'
import { layoutWindows } from '../../../../core/goodsam/windows.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { plural } from '../../app/format.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { ActionFailure, Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import { CatalogueLink } from '../models/catalogue-link.tsx'
import { CATALOGUE_HREF } from '../models/model-words.ts'
import { SamSettingsFields } from '../models/sam-settings-fields.tsx'
import { samOverrides } from '../models/sam-settings.ts'
import { modelLabel, preselected, strangers } from './model-choice.ts'
import { GEOMETRY_NAMES, planSentences, RECIPE_NAMES } from './run-words.ts'
import styles from './start-dialog.module.css'

/** Start a labelling run: sensible choices made, said in plain words, everything open to change. */
export function StartDialog({ dataset, onClose }: { readonly dataset: string | null; readonly onClose: () => void }): ReactNode {
  const datasets = useCall('datasets.list', {})
  const models = useCall('models.list', {})
  const builtin = useCall('models.builtin', {})
  const failed = datasets.isError ? datasets : models.isError ? models : null
  return (
    <Modal opened onClose={onClose} title="Start labelling" size={860}>
      {failed !== null && <Failed error={failed.error} onRetry={() => void failed.refetch()} />}
      {failed === null && (datasets.data === undefined || models.data === undefined || builtin.isPending) && <SkeletonRows rows={5} />}
      {datasets.data !== undefined && models.data !== undefined && !builtin.isPending && (
        <Ready datasets={datasets.data.filter(({ panoramas }) => panoramas > 0)} models={models.data} builtin={builtin.data ?? []} wanted={dataset} onClose={onClose} />
      )}
    </Modal>
  )
}

interface ReadyProps {
  readonly datasets: readonly Dataset[]
  readonly models: readonly Model[]
  readonly builtin: readonly BuiltinModel[]
  readonly wanted: string | null
  readonly onClose: () => void
}

function Ready(props: ReadyProps): ReactNode {
  const { datasets, models, onClose } = props
  const { show } = useDialogs()
  const [, navigate] = useLocation()
  const toCatalogue = (): void => {
    onClose()
    navigate(CATALOGUE_HREF)
  }
  if (datasets.length === 0) {
    return <Missing action="Import folder" onAction={() => show({ kind: 'import', folder: null })}>There is no dataset with panoramas yet. Import a folder first.</Missing>
  }
  if (!models.some(({ kind }) => kind === 'ta')) {
    return (
      <Missing action="Add model" onAction={() => show({ kind: 'addModel', files: [] })} other={<Button variant="default" onClick={toCatalogue}>Choose from the catalogue</Button>}>
        There is no teacher assistant yet: a semantic network that knows the classes. Add one first; a SAM as well, for masks.
      </Missing>
    )
  }
  return <Form {...props} />
}

interface MissingProps {
  readonly action: string
  readonly onAction: () => void
  /** another button */
  readonly other?: ReactNode
  readonly children: ReactNode
}

function Missing({ action, onAction, other, children }: MissingProps): ReactNode {
  return (
    <div className={styles.missing}>
      <Notice tone="plain">{children}</Notice>
      <DialogActions>{other}<Button onClick={onAction}>{action}</Button></DialogActions>
    </div>
  )
}

const TA_ONLY = 'ta-only'
const PROVIDERS: Readonly<Record<ProviderSetting, string>> = { auto: 'Automatic', cpu: 'CPU', webgpu: 'WebGPU', cuda: 'CUDA' }

function Form({ datasets, models, builtin, wanted, onClose }: ReadyProps): ReactNode {
  const [, navigate] = useLocation()
  const sams = models.filter(({ kind }) => kind === 'sam')
  const tas = models.filter(({ kind }) => kind === 'ta')
  const [datasetId, setDatasetId] = useState(datasets.find(({ id }) => id === wanted)?.id ?? datasets[0].id)
  // null: not chosen by a person; what fits the dataset then is
  const [wantedSam, setSam] = useState<string | null>(null)
  const [wantedTa, setTa] = useState<string | null>(null)
  const [wantedRecipe, setRecipe] = useState<Recipe>('goodsam')
  const [geometry, setGeometry] = useState<WindowGeometry>('sliding')
  const [wantedTheta, setTheta] = useState<number | null>(null)
  const [name, setName] = useState('')
  const [provider, setProvider] = useState<ProviderSetting | null>(null)
  const [filters, setFilters] = useState<{ readonly sam: string; readonly values: Partial<SamSettings> } | null>(null)
  const [more, setMore] = useState(false)
  const start = useAction('runs.start', { inline: true })
  const settings = useCall('settings.get', {}).data
  const first = useCall('panoramas.list', { dataset: datasetId, offset: 0, limit: 1 }).data?.panoramas[0]

  const dataset = datasets.find(({ id }) => id === datasetId)
  const offered = { models, builtin, dataset }
  const samId = wantedSam ?? preselected(offered, 'sam') ?? TA_ONLY
  const taId = wantedTa ?? preselected(offered, 'ta') ?? tas[0].id
  const unfit = strangers(offered, [samId, taId])
  const sam = sams.find(({ id }) => id === samId)
  const ta = tas.find(({ id }) => id === taId)
  // without masks there is nothing for a recipe or theta to decide
  const recipe = sam === undefined ? 'goodsam' : wantedRecipe
  const theta = sam === undefined ? null : wantedTheta
  const base = sam?.samSettings ?? null
  // another SAM has its own
  const samSettings = base === null ? null : { ...base, ...(filters?.sam === samId ? filters.values : {}) }
  const shownTheta = theta ?? RECIPES[recipe].fusion.theta
  const windows = first === undefined ? null : layoutWindows(
    { widthPx: first.width, heightPx: first.height, cyclic: first.projection.cyclic, projection: first.projection },
    withGeometry(RECIPES[recipe], geometry).windows,
  )

  const submit = async (): Promise<void> => {
    const started = await start.run({
      dataset: datasetId, sam: sam?.id ?? null, ta: taId, recipe, windows: geometry, name: name.trim() === '' ? null : name.trim(), theta,
      samSettings: base === null || samSettings === null ? null : samOverrides(base, samSettings), provider,
    })
    if (started === null) return
    onClose()
    navigate(`/labelling/${started.runId}`)
  }

  return (
    <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void submit() }}>
      <div className={styles.columns}>
        <div className={styles.fields}>
          <Select
            label="Dataset" value={datasetId} onChange={(value) => value !== null && setDatasetId(value)}
            data={datasets.map((one) => ({ value: one.id, label: `${one.name} (${plural(one.panoramas, 'panorama')})` }))}
          />
          <div className={styles.pair}>
            <Select
              label="SAM" value={samId} onChange={(value) => value !== null && setSam(value)}
              data={[...sams.map((one) => ({ value: one.id, label: modelLabel(one, builtin) })), { value: TA_ONLY, label: 'None: TA only' }]}
            />
            <Select label="Teacher assistant" value={taId} onChange={(value) => value !== null && setTa(value)} data={tas.map((one) => ({ value: one.id, label: modelLabel(one, builtin) }))} />
          </div>
          {unfit.length > 0 && (
            <Notice tone="warn">
              {unfit.length === 1 ? `${unfit[0]} knows` : 'Both know'} generated streets; for real ones <CatalogueLink onFollow={onClose}>choose from the catalogue</CatalogueLink>.
            </Notice>
          )}
          {sam !== undefined && (
            <>
              <div>
                <div className={styles.label}>Recipe</div>
                <SegmentedControl
                  aria-label="Recipe" fullWidth value={recipe} onChange={(value) => setRecipe(value === 'goodsam++' ? 'goodsam++' : 'goodsam')}
                  data={(['goodsam', 'goodsam++'] as const).map((value) => ({ value, label: RECIPE_NAMES[value] }))}
                />
              </div>
              <div>
                <div className={styles.labelRow}>
                  <span className={styles.label}>Theta</span>
                  <span>{shownTheta.toFixed(2)}{theta === null && <span className="faint"> default</span>}</span>
                </div>
                <Slider thumbLabel="Theta" min={0} max={1} step={0.01} label={null} value={shownTheta} onChange={setTheta} />
              </div>
            </>
          )}
          <div>
            <div className={styles.label}>Windows</div>
            <SegmentedControl
              aria-label="Windows" fullWidth value={geometry} onChange={(value) => setGeometry(value === 'gnomonic' ? 'gnomonic' : 'sliding')}
              data={(['sliding', 'gnomonic'] as const).map((value) => ({ value, label: GEOMETRY_NAMES[value] }))}
            />
          </div>
          <TextInput label="Name" placeholder="made from the dataset and the recipe" value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} />
        </div>
        <aside className={styles.plan} aria-label="What will happen">
          <h3 className={styles.planTitle}>What will happen</h3>
          {planSentences({
            panoramas: dataset?.panoramas ?? 0, ta: ta?.name ?? '', recipe, theta: shownTheta, windows, geometry,
            sam: sam === undefined || samSettings === null ? null : { name: sam.name, settings: samSettings },
          }).map((sentence) => <p key={sentence} className={styles.sentence}>{sentence}</p>)}
        </aside>
      </div>
      <div>
        <UnstyledButton className={styles.more} aria-expanded={more} onClick={() => setMore(!more)}>
          <IconChevronRight size={14} data-open={more} /> Execution provider and mask filters for this run
        </UnstyledButton>
        <Collapse expanded={more}>
          <div className={styles.optional}>
            <Select
              label="Execution provider" value={provider ?? 'workspace'} w={260}
              onChange={(value) => setProvider(value === 'workspace' || value === null ? null : providerSettingSchema.parse(value))}
              data={[
                { value: 'workspace', label: `As in Settings${settings === undefined ? '' : ` (${PROVIDERS[settings.provider]})`}` },
                ...providerSettingSchema.options.map((value) => ({ value, label: PROVIDERS[value] })),
              ]}
            />
            {base !== null && samSettings !== null && <SamSettingsFields value={samSettings} base={base} onChange={(values) => setFilters({ sam: samId, values })} />}
          </div>
        </Collapse>
      </div>
      <ActionFailure error={start.error} />
      <DialogActions note="It runs in the background; you can review while it goes on, pause it, or close the program.">
        <Button variant="default" onClick={onClose}>Cancel</Button>
        <Button type="submit" loading={start.busy}>Start labelling</Button>
      </DialogActions>
    </form>
  )
}
