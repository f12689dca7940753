import { Button } from '@mantine/core'
import { IconChartBar, IconFileExport, IconFlask2, IconStack2 } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { LabellingRun, Panorama, PanoramaResult } from '../../../../contract/schemas.ts'
import type { LabelSet } from '../../../../core/labels/label-set.ts'
import { useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { usePanoramas, useResults } from '../../app/lists.ts'
import { useShortcut, useShortcutScope } from '../../app/shortcuts.tsx'
import { Tip } from '../../components/keys.tsx'
import { Page } from '../../components/page.tsx'
import { Empty, Failed, SkeletonRows } from '../../components/states.tsx'
import { EvaluateDialog } from '../evaluations/evaluate-dialog.tsx'
import { JobButtons, useJobActions } from '../jobs/jobs-page.tsx'
import { ExportDialog } from './export-dialog.tsx'
import { RunMenu, RunProgress, modelNames } from './labelling-page.tsx'
import styles from './run-page.module.css'
import { runSummary } from './run-words.ts'
import { Workstation } from './workstation.tsx'

const PARENT = { href: '/labelling', label: 'Labelling' }

/** The workstation of one labelling run. */
export function RunPage({ id, panoramaId }: { readonly id: string; readonly panoramaId: string | null }): ReactNode {
  const [, navigate] = useLocation()
  const run = useCall('runs.get', { run: id })
  const results = useResults(id)
  const labelSets = useCall('labelSets.list', {})
  const datasets = useCall('datasets.list', {})
  const panoramas = usePanoramas(run.data?.datasetId ?? '', { enabled: run.data !== undefined })
  const dataset = datasets.data?.find((one) => one.id === run.data?.datasetId)
  const failed = [run, results, labelSets, datasets, panoramas].find((query) => query.isError)

  if (failed !== undefined) {
    return <Page title="Run" parent={PARENT}><Failed error={failed.error} onRetry={() => void failed.refetch()} /></Page>
  }
  if (run.data === undefined || results.data === undefined || labelSets.data === undefined || datasets.data === undefined || panoramas.data === undefined) {
    return (
      <Page title={run.data?.name ?? '\u00a0'} parent={PARENT} padded={false}>
        <div className={styles.loading}><SkeletonRows rows={6} height={92} /></div>
        <div className={styles.stage} />
      </Page>
    )
  }
  const labelSet = labelSets.data.find((one) => one.id === dataset?.labelSetId) ?? labelSets.data.at(0)
  if (labelSet === undefined || results.data.length === 0) {
    return (
      <Page title={run.data.name} parent={PARENT}>
        <Empty icon={<IconStack2 size={22} stroke={1.5} />} title="This run has no panoramas" action={<Button onClick={() => navigate('/labelling')}>All runs</Button>}>
          Its dataset is empty. Start a run over another dataset.
        </Empty>
      </Page>
    )
  }
  return (
    <Ready
      run={run.data} results={results.data} panoramas={panoramas.data} labelSet={labelSet} panoramaId={panoramaId}
    />
  )
}

interface ReadyProps {
  readonly run: LabellingRun
  readonly results: readonly PanoramaResult[]
  readonly panoramas: readonly Panorama[]
  readonly labelSet: LabelSet
  readonly panoramaId: string | null
}

function Ready({ run, results, panoramas, labelSet, panoramaId }: ReadyProps): ReactNode {
  const { show } = useDialogs()
  const [, navigate] = useLocation()
  const [dialog, setDialog] = useState<'export' | 'evaluate' | null>(null)
  const [previewTheta, setPreviewTheta] = useState<number | null>(null)
  const models = useCall('models.list', {}).data ?? []
  const job = useCall('jobs.list', {}).data?.find(({ id }) => id === run.jobId)
  const jobActions = useJobActions(job)
  const active = job !== undefined && (job.state === 'running' || job.state === 'queued' || job.state === 'paused')

  useShortcutScope('run')
  useShortcut('exportLabels', run.done > 0 ? () => setDialog('export') : null)
  useShortcut('evaluate', run.done > 0 ? () => setDialog('evaluate') : null)

  return (
    <Page
      title={run.name} parent={PARENT} padded={false}
      subtitle={`${run.datasetName} · ${runSummary(run)} · ${modelNames(run, models)}`}
      actions={
        <>
          {active && <div className={styles.job}><RunProgress run={run} job={job} /><JobButtons job={job} actions={{ ...jobActions, retry: null }} /></div>}
          {!active && jobActions.retry !== null && run.done < run.panoramas && (
            <Button variant="default" onClick={jobActions.retry}>Retry what is missing</Button>
          )}
          <Tip label="Compare with the truth" shortcut="evaluate">
            <Button variant="default" leftSection={<IconChartBar size={15} stroke={1.7} />} disabled={run.done === 0} onClick={() => setDialog('evaluate')}>Evaluate</Button>
          </Tip>
          <Tip label="Train a compact student from these pseudo-labels">
            <Button variant="default" leftSection={<IconFlask2 size={15} stroke={1.7} />} disabled={run.done === 0} onClick={() => show({ kind: 'distil', run: run.id, student: null })}>Distil</Button>
          </Tip>
          <Tip label="Write the pseudo-labels to a folder" shortcut="exportLabels">
            <Button leftSection={<IconFileExport size={15} stroke={1.8} />} disabled={run.done === 0} onClick={() => setDialog('export')}>Export</Button>
          </Tip>
          <RunMenu run={run} onRemoved={() => navigate('/labelling')} />
        </>
      }
    >
      <Workstation run={run} results={results} panoramas={panoramas} labelSet={labelSet} panoramaId={panoramaId} onPreview={setPreviewTheta} />
      {dialog === 'export' && <ExportDialog run={run} previewTheta={previewTheta} onClose={() => setDialog(null)} />}
      {dialog === 'evaluate' && <EvaluateDialog subjects={[{ kind: 'run', id: run.id, name: run.name }]} dataset={run.datasetId} onClose={() => setDialog(null)} />}
    </Page>
  )
}
