import { Button, Modal, Radio, Select } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { Input } from '../../../../contract/procedures.ts'
import type { Dataset } from '../../../../contract/schemas.ts'
import { inferenceModeSchema, type EvaluationSubject, type InferenceMode } from '../../../../contract/training-schemas.ts'
import { notifyDone, useAction, useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { plural } from '../../app/format.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { FolderBrowser } from '../../components/folder-browser.tsx'
import { ActionFailure, Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import styles from './evaluate-dialog.module.css'
import { MODES } from './evaluation-words.ts'

interface EvaluateDialogProps {
  /** scored one after the other, all on the same dataset in the same way */
  readonly subjects: readonly EvaluationSubject[]
  /** the one to begin with; for a labelling run the only one that has its labels */
  readonly dataset: string | null
  readonly onClose: () => void
}

/** Score students, a TA or a labelling run against the truth of a dataset. */
export function EvaluateDialog({ subjects, dataset, onClose }: EvaluateDialogProps): ReactNode {
  const datasets = useCall('datasets.list', {})
  const { show } = useDialogs()
  const usable = datasets.data?.filter(({ panoramas }) => panoramas > 0)
  return (
    <Modal opened onClose={onClose} title={subjects.length === 1 ? `Evaluate ${subjects[0].name}` : `Evaluate ${subjects.map(({ name }) => name).join(', ')}`} size={600}>
      {datasets.isError && <Failed error={datasets.error} onRetry={() => void datasets.refetch()} />}
      {datasets.isPending && <SkeletonRows rows={4} />}
      {usable?.length === 0 && (
        <div className={styles.form}>
          <Notice tone="plain">There is no dataset with panoramas yet. Import a folder with its labels first.</Notice>
          <DialogActions><Button onClick={() => show({ kind: 'import', folder: null })}>Import folder</Button></DialogActions>
        </div>
      )}
      {usable !== undefined && usable.length > 0 && <Form subjects={subjects} datasets={usable} wanted={dataset} onClose={onClose} />}
    </Modal>
  )
}

interface FormProps {
  readonly subjects: readonly EvaluationSubject[]
  readonly datasets: readonly Dataset[]
  readonly wanted: string | null
  readonly onClose: () => void
}

function Form({ subjects, datasets, wanted, onClose }: FormProps): ReactNode {
  const [, navigate] = useLocation()
  const ofRun = subjects.some(({ kind }) => kind === 'run')
  const [datasetId, setDatasetId] = useState(() => (datasets.find(({ id }) => id === wanted) ?? datasets.find(({ withTruth }) => withTruth > 0) ?? datasets[0]).id)
  const dataset = datasets.find(({ id }) => id === datasetId)
  const generated = dataset !== undefined && dataset.generated !== null
  const imported = (dataset?.withTruth ?? 0) > 0 || generated
  const [wantsFolder, setWantsFolder] = useState(false)
  const [folder, setFolder] = useState<string | null>(null)
  const [mode, setMode] = useState<InferenceMode>('whole')
  const [busy, setBusy] = useState(false)
  const start = useAction('evaluations.start', { inline: true })
  const fromFolder = wantsFolder || !imported
  // what the browser shows when no folder was opened yet is the home folder
  const listing = useCall('files.list', { path: folder }, { enabled: fromFolder, keepPrevious: true })
  const truth = fromFolder ? (listing.isPlaceholderData ? folder : (listing.data?.path ?? folder)) : null

  const submit = async (): Promise<void> => {
    setBusy(true)
    let last: { evaluationId: string } | null = null
    for (const subject of subjects) {
      last = await start.run({ subject: referenceOf(subject), dataset: datasetId, truth, mode, provider: null })
      if (last === null) break
    }
    setBusy(false)
    if (last === null) return
    onClose()
    if (subjects.length > 1) notifyDone(`${plural(subjects.length, 'evaluation')} started. Compare them when they are done.`)
    navigate(subjects.length > 1 ? '/evaluations' : `/evaluations/${last.evaluationId}`)
  }

  return (
    <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void submit() }}>
      <Select
        label="Dataset" value={datasetId} disabled={ofRun} data={datasets.map(({ id, name }) => ({ value: id, label: name }))}
        description={ofRun ? 'A labelling run is scored on the dataset that it labelled.' : undefined}
        onChange={(value) => { setDatasetId(value ?? datasetId); start.reset() }}
      />
      <Radio.Group label="Truth" value={fromFolder ? 'folder' : 'imported'} onChange={(value) => { setWantsFolder(value === 'folder'); start.reset() }}>
        <div className={styles.choices}>
          <Radio value="imported" disabled={!imported} label={generated ? 'Drawn with the dataset' : 'Imported with the dataset'} description={dataset === undefined ? undefined : truthText(dataset)} />
          <Radio value="folder" label="A folder of label maps" description="In Cityscapes or DensePASS layout, or one PNG per panorama with its name." />
        </div>
      </Radio.Group>
      {fromFolder && <FolderBrowser choose="folder" path={folder} onPath={(path) => { setFolder(path); start.reset() }} />}
      {!ofRun && (
        <Radio.Group label="How it sees a panorama" value={mode} onChange={(value) => setMode(inferenceModeSchema.catch('whole').parse(value))}>
          <div className={styles.choices}>
            {inferenceModeSchema.options.map((one) => <Radio key={one} value={one} label={MODES[one].name} description={MODES[one].what} />)}
          </div>
        </Radio.Group>
      )}
      <ActionFailure error={start.error} />
      <DialogActions note="Runs as a job; predictions are kept, so that a second evaluation is quick.">
        <Button variant="default" onClick={onClose}>Cancel</Button>
        <Button type="submit" loading={busy} disabled={fromFolder && truth === null}>Evaluate</Button>
      </DialogActions>
    </form>
  )
}

function truthText({ panoramas, withTruth, generated }: Dataset): string {
  if (generated !== null && withTruth === 0) return 'Exact, and hidden from labelling and training.'
  if (withTruth === 0) return 'No truth was imported with it.'
  return withTruth === panoramas ? `${plural(panoramas, 'panorama')}, all with truth.` : `${plural(panoramas, 'panorama')}, ${withTruth} with truth.`
}

function referenceOf({ kind, id }: EvaluationSubject): Input<'evaluations.start'>['subject'] {
  switch (kind) {
    case 'student': return { student: id }
    case 'ta': return { ta: id }
    case 'run': return { run: id }
  }
}
