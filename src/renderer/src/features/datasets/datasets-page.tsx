import { Button, Progress } from '@mantine/core'
import { IconBuildingCommunity, IconFolderPlus } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Dataset, Job } from '../../../../contract/schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { formatCount, formatWhen, plural } from '../../app/format.ts'
import { useNow } from '../../app/hooks.ts'
import { Tip } from '../../components/keys.tsx'
import table from '../../components/list-table.module.css'
import { Page } from '../../components/page.tsx'
import { RecordMenu } from '../../components/record-menu.tsx'
import { Failed, SkeletonRows } from '../../components/states.tsx'
import { Thumbnail } from '../../components/thumbnail.tsx'
import styles from './datasets-page.module.css'
import { NoDatasets } from './no-datasets.tsx'

/** All datasets of the workspace. */
export function DatasetsPage(): ReactNode {
  const datasets = useCall('datasets.list', {})
  const jobs = useCall('jobs.list', {}).data ?? []
  const { show } = useDialogs()
  const importButton = (
    <Tip label="Import folder" shortcut="importFolder">
      <Button leftSection={<IconFolderPlus size={15} stroke={1.8} />} onClick={() => show({ kind: 'import', folder: null })}>Import folder</Button>
    </Tip>
  )
  const generateButton = (
    <Tip label="Draw streets with a hidden truth">
      <Button variant="default" leftSection={<IconBuildingCommunity size={15} stroke={1.8} />} onClick={() => show({ kind: 'generate' })}>Generate streets</Button>
    </Tip>
  )
  const some = datasets.data !== undefined && datasets.data.length > 0
  return (
    <Page title="Datasets" actions={some ? <>{generateButton}{importButton}</> : undefined}>
      {datasets.isPending && <SkeletonRows rows={5} height={52} />}
      {datasets.isError && <Failed error={datasets.error} onRetry={() => void datasets.refetch()} />}
      {datasets.isSuccess && !some && <NoDatasets importButton={importButton} generateButton={generateButton} />}
      {datasets.isSuccess && some && (
        <table className={table.table}>
          <thead>
            <tr>
              <th className={table.shrink} aria-label="Preview" />
              <th>Name</th>
              <th className={table.number}>Panoramas</th>
              <th className={table.number}>With truth</th>
              <th className={table.number}>Refused</th>
              <th>Imported</th>
              <th className={table.shrink} aria-label="Actions" />
            </tr>
          </thead>
          <tbody>
            {datasets.data.map((dataset) => (
              <DatasetRow key={dataset.id} dataset={dataset} job={importJob(jobs, dataset.id)} />
            ))}
          </tbody>
        </table>
      )}
    </Page>
  )
}

type FillingJob = Job & { readonly kind: 'import' | 'generate' }

/** The import (or the drawing) that fills a dataset right now, if any. */
export function importJob(jobs: readonly Job[], datasetId: string): FillingJob | undefined {
  return jobs.find((job): job is FillingJob => (job.kind === 'import' || job.kind === 'generate') && job.subjectId === datasetId && ['queued', 'running', 'paused'].includes(job.state))
}

const FILLING = {
  import: { noun: 'Import', doing: 'importing' }, generate: { noun: 'Drawing', doing: 'drawing' },
} as const

function DatasetRow({ dataset, job }: { readonly dataset: Dataset; readonly job: FillingJob | undefined }): ReactNode {
  const [, navigate] = useLocation()
  const now = useNow()
  const href = `/datasets/${dataset.id}`
  const first = useCall('panoramas.list', { dataset: dataset.id, offset: 0, limit: 1 }, { enabled: dataset.panoramas > 0 }).data?.panoramas[0]
  return (
    <tr className={table.clickable} onClick={() => navigate(href)}>
      <td className={table.shrink}>
        <div className={styles.preview}>{first !== undefined && <Thumbnail image={first.image} alt="" aspect={2.2} />}</div>
      </td>
      <td>
        <Link href={href} className={table.name} onClick={(event) => event.stopPropagation()}>{dataset.name}</Link>
        <div className={`${table.sub} mono`} title={dataset.folder}>{dataset.folder}</div>
        {job !== undefined && (
          <div className={styles.importing}>
            <Progress value={job.progress * 100} aria-label={`${FILLING[job.kind].noun} of ${dataset.name}`} />
            <span>{job.state === 'running' ? `${FILLING[job.kind].doing}, ${job.done} of ${job.total}` : job.state === 'queued' ? 'waits for its turn' : 'paused'}</span>
          </div>
        )}
      </td>
      <td className={table.number}>{formatCount(dataset.panoramas)}</td>
      <td className={table.number}>{dataset.withTruth === 0 ? <span className="faint">none</span> : formatCount(dataset.withTruth)}</td>
      <td className={table.number}>{dataset.refused === 0 ? <span className="faint">none</span> : <span className={styles.refused}>{formatCount(dataset.refused)}</span>}</td>
      <td className={table.shrink}>{formatWhen(dataset.createdAt, now)}</td>
      <td className={table.shrink} onClick={(event) => event.stopPropagation()}><DatasetMenu dataset={dataset} /></td>
    </tr>
  )
}

/** Rename and remove; `onRemoved` where the page itself goes with it. */
export function DatasetMenu({ dataset, onRemoved }: { readonly dataset: Dataset; readonly onRemoved?: () => void }): ReactNode {
  const rename = useAction('datasets.rename', { inline: true })
  const remove = useAction('datasets.remove', { inline: true })
  return (
    <RecordMenu
      noun="dataset" name={dataset.name} rename={rename} renameTo={(name) => ({ dataset: dataset.id, name })}
      remove={remove} removeIt={{ dataset: dataset.id }} onRemoved={onRemoved}
    >
      {plural(dataset.panoramas, 'panorama')} and all labelling runs over them leave this workspace. The folder they came from is not touched.
    </RecordMenu>
  )
}
