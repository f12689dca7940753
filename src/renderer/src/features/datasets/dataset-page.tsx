import { Button, Progress, SegmentedControl, TextInput } from '@mantine/core'
import { IconPhoto, IconSearch, IconStack2 } from '@tabler/icons-react'
import { useMemo, useRef, useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { Dataset, Job, Panorama } from '../../../../contract/schemas.ts'
import { useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { formatEta, plural } from '../../app/format.ts'
import { usePanoramas } from '../../app/lists.ts'
import { useShortcut, useShortcutScope } from '../../app/shortcuts.tsx'
import { ShortcutHint, Tip } from '../../components/keys.tsx'
import { Page } from '../../components/page.tsx'
import { Empty, Failed, SkeletonGrid } from '../../components/states.tsx'
import styles from './dataset-page.module.css'
import { DatasetMenu, importJob } from './datasets-page.tsx'
import { PanoramaGrid } from './panorama-grid.tsx'
import { RefusedFiles, Warnings } from './problem-lists.tsx'
import { SelectionPanel } from './selection-panel.tsx'

type View = 'panoramas' | 'refused' | 'warnings'

/** One dataset: its panoramas, how they lie on the sphere, and what was not imported. */
export function DatasetPage({ id }: { readonly id: string }): ReactNode {
  const [, navigate] = useLocation()
  const { show } = useDialogs()
  const datasets = useCall('datasets.list', {})
  const panoramas = usePanoramas(id)
  const job = importJob(useCall('jobs.list', {}).data ?? [], id)
  const dataset = datasets.data?.find((one) => one.id === id)
  const parent = { href: '/datasets', label: 'Datasets' }

  if (datasets.isError || (datasets.isSuccess && dataset === undefined)) {
    return (
      <Page title="Dataset" parent={parent}>
        {datasets.isError
          ? <Failed error={datasets.error} onRetry={() => void datasets.refetch()} />
          : <Empty icon={<IconPhoto size={22} stroke={1.5} />} title="This dataset is gone" action={<Button onClick={() => navigate('/datasets')}>All datasets</Button>}>It was removed from the workspace.</Empty>}
      </Page>
    )
  }
  return (
    <Page
      title={dataset?.name ?? '\u00a0'} parent={parent} padded={false}
      subtitle={dataset === undefined ? undefined : <span className="mono">{dataset.folder}</span>}
      actions={dataset !== undefined && (
        <>
          <Tip label="Label this dataset" shortcut="startLabelling">
            <Button
              leftSection={<IconStack2 size={15} stroke={1.8} />} disabled={dataset.panoramas === 0}
              onClick={() => show({ kind: 'label', dataset: dataset.id })}
            >
              Start labelling
            </Button>
          </Tip>
          <DatasetMenu dataset={dataset} onRemoved={() => navigate('/datasets')} />
        </>
      )}
    >
      {panoramas.isPending && <div className={styles.loading}><SkeletonGrid cards={12} /></div>}
      {panoramas.isError && <Failed error={panoramas.error} onRetry={() => void panoramas.refetch()} />}
      {panoramas.isSuccess && dataset !== undefined && <Content dataset={dataset} panoramas={panoramas.data} job={job} />}
    </Page>
  )
}

function Content({ dataset, panoramas, job }: { readonly dataset: Dataset; readonly panoramas: readonly Panorama[]; readonly job: Job | undefined }): ReactNode {
  const [view, setView] = useState<View>('panoramas')
  const [filter, setFilter] = useState('')
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const filterInput = useRef<HTMLInputElement>(null)
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase()
    return wanted === '' ? panoramas : panoramas.filter(({ name, split }) => name.toLowerCase().includes(wanted) || split.toLowerCase() === wanted)
  }, [panoramas, filter])
  const chosen = useMemo(() => panoramas.filter(({ id }) => selected.has(id)), [panoramas, selected])
  const warned = useMemo(() => panoramas.filter(({ warnings }) => warnings.length > 0), [panoramas])

  useShortcutScope('dataset')
  useShortcut('selectAll', view === 'panoramas' ? () => setSelected(new Set(shown.map(({ id }) => id))) : null)
  useShortcut('clearSelection', selected.size > 0 ? () => setSelected(new Set()) : null)
  useShortcut('focusFilter', () => filterInput.current?.focus())

  return (
    <>
      <div className={styles.main}>
        {job !== undefined && <ImportProgress job={job} />}
        <div className={styles.toolbar}>
          <SegmentedControl
            aria-label="What to show" value={view} onChange={(value) => setView(value === 'refused' || value === 'warnings' ? value : 'panoramas')}
            data={[
              { value: 'panoramas', label: `Panoramas ${panoramas.length}` },
              { value: 'refused', label: `Refused ${dataset.refused}` },
              { value: 'warnings', label: `Warnings ${warned.length}` },
            ]}
          />
          <div className={styles.space} />
          {view === 'panoramas' && panoramas.length > 0 && (
            <>
              {selected.size === 0
                ? <span className="faint">Select all <ShortcutHint id="selectAll" /></span>
                : <Button variant="subtle" size="compact-xs" onClick={() => setSelected(new Set())}>{plural(selected.size, 'panorama')} selected, clear</Button>}
              <TextInput
                ref={filterInput} className={styles.filter} aria-label="Filter by name or split" placeholder="Filter by name or split"
                leftSection={<IconSearch size={14} />} value={filter} onChange={(event) => setFilter(event.currentTarget.value)}
                onKeyDown={(event) => {
                  if (event.key !== 'Escape') return
                  setFilter('')
                  event.currentTarget.blur()
                }}
              />
            </>
          )}
        </div>
        <div className={styles.scroll}>
          {view === 'refused' && <RefusedFiles dataset={dataset} />}
          {view === 'warnings' && <Warnings panoramas={warned} />}
          {view === 'panoramas' && panoramas.length === 0 && (
            <Empty icon={<IconPhoto size={22} stroke={1.5} />} title={emptyTitle(dataset, job)}>
              {emptyText(dataset, job)}
            </Empty>
          )}
          {view === 'panoramas' && panoramas.length > 0 && shown.length === 0 && (
            <Empty icon={<IconSearch size={22} stroke={1.5} />} title={`Nothing matches “${filter}”`} action={<Button variant="default" onClick={() => setFilter('')}>Clear the filter</Button>}>
              The filter looks at names and splits.
            </Empty>
          )}
          {view === 'panoramas' && shown.length > 0 && <PanoramaGrid panoramas={shown} selected={selected} onSelect={setSelected} />}
        </div>
      </div>
      {view === 'panoramas' && <SelectionPanel dataset={dataset} chosen={chosen} />}
    </>
  )
}

function emptyTitle({ generated }: Dataset, job: Job | undefined): string {
  if (generated !== null) return job?.state === 'running' ? 'Drawing' : 'Not drawn yet'
  return job === undefined ? 'No panorama was imported' : job.state === 'running' ? 'Importing' : 'Not imported yet'
}

function emptyText({ generated }: Dataset, job: Job | undefined): string {
  if (job === undefined) {
    return generated === null
      ? 'Every file of the folder was refused. The reasons are under Refused; put the files right and import the folder again.'
      : 'Its drawing was cancelled before the first panorama. Generate streets again.'
  }
  const what = generated === null ? 'The import' : 'Drawing'
  if (job.state === 'paused') return `${what} is paused; it can be resumed under Jobs.`
  if (job.state === 'queued') return `${what} starts when the running job is done or paused.`
  return `Panoramas appear here as they are ${generated === null ? 'read' : 'drawn'}.`
}

function ImportProgress({ job }: { readonly job: Job }): ReactNode {
  return (
    <div className={styles.importing} role="status">
      <span>{job.state === 'paused' ? 'Paused' : job.state === 'queued' ? 'Waits for its turn' : job.kind === 'generate' ? 'Drawing' : 'Importing'}</span>
      <Progress value={job.progress * 100} className={styles.bar} aria-label={job.kind === 'generate' ? 'Drawing progress' : 'Import progress'} />
      {job.total > 0 && <span>{job.done} of {job.total}</span>}
      {job.state === 'running' && <span className="faint">{formatEta(job.etaSeconds)}</span>}
    </div>
  )
}
