import { useLocalStorage } from '@mantine/hooks'
import { useMemo, useState, type ReactNode } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import { StudioError } from '../../../contract/errors.ts'
import { ErrorBoundary } from '../components/error-boundary.tsx'
import { Failed } from '../components/states.tsx'
import { DatasetPage } from '../features/datasets/dataset-page.tsx'
import { DatasetsPage } from '../features/datasets/datasets-page.tsx'
import { GenerateDialog } from '../features/datasets/generate-dialog.tsx'
import { ImportDialog } from '../features/datasets/import-dialog.tsx'
import { DistilDialog } from '../features/distil/distil-dialog.tsx'
import { DistilPage } from '../features/distil/distil-page.tsx'
import { DistillationPage } from '../features/distil/distillation-page.tsx'
import { ComparePage } from '../features/evaluations/compare-page.tsx'
import { EvaluationPage } from '../features/evaluations/evaluation-page.tsx'
import { EvaluationsPage } from '../features/evaluations/evaluations-page.tsx'
import { JobsPage } from '../features/jobs/jobs-page.tsx'
import { LabellingPage } from '../features/labelling/labelling-page.tsx'
import { RunPage } from '../features/labelling/run-page.tsx'
import { StartDialog } from '../features/labelling/start-dialog.tsx'
import { AddModelDialog } from '../features/models/add-model-dialog.tsx'
import { ModelsPage } from '../features/models/models-page.tsx'
import { SettingsPage } from '../features/settings/settings-page.tsx'
import { ShortcutsDialog } from '../features/settings/shortcuts-dialog.tsx'
import { StudentPage } from '../features/students/student-page.tsx'
import { StudentsPage } from '../features/students/students-page.tsx'
import { TourPage } from '../features/tour/tour-page.tsx'
import { useCall } from './calls.ts'
import { DialogContext, useDialogs, type Dialogs, type OpenDialog } from './dialogs.tsx'
import { DropTarget } from './drop-target.tsx'
import { useLiveUpdates } from './live.ts'
import { Nav } from './nav.tsx'
import styles from './shell.module.css'
import { useShortcut } from './shortcuts.tsx'
import { StatusBar } from './status-bar.tsx'

const NO_SESSION = new StudioError('unauthorized', 'The one-time token of this page was used or has run out. Open the address that the program printed when it started, or start it again.')

/** The window: places on the left, the open page, the state of the machine below. */
export function Shell(): ReactNode {
  const connection = useLiveUpdates()
  const [open, setOpen] = useState<OpenDialog | null>(null)
  const dialogs = useMemo<Dialogs>(() => ({ open, show: setOpen, close: () => setOpen(null) }), [open])
  const [location] = useLocation()
  const inRun = /^\/labelling\/./.test(location)
  // the workstation wants the width, lists do not: each remembers its own choice
  const [collapsedInRun, setCollapsedInRun] = useLocalStorage({ key: 'goodsam.nav.run', defaultValue: true })
  const [collapsedElsewhere, setCollapsedElsewhere] = useLocalStorage({ key: 'goodsam.nav', defaultValue: false })
  const collapsed = inRun ? collapsedInRun : collapsedElsewhere
  const toggleNav = (): void => (inRun ? setCollapsedInRun : setCollapsedElsewhere)(!collapsed)
  const workspace = useCall('workspace.info', {})

  useShortcut('toggleNavigation', toggleNav)
  useShortcut('help', () => setOpen({ kind: 'shortcuts' }))
  useShortcut('importFolder', () => setOpen({ kind: 'import', folder: null }))
  useShortcut('addModel', () => setOpen({ kind: 'addModel', files: [] }))
  useShortcut('startLabelling', () => setOpen({ kind: 'label', dataset: /^\/datasets\/([^/]+)/.exec(location)?.[1] ?? null }))
  useShortcut('startDistilling', () => setOpen({ kind: 'distil', run: null, student: null }))

  if (connection === 'unauthorized') return <div className={styles.alone}><Failed error={NO_SESSION} /></div>
  if (workspace.isError) {
    return <div className={styles.alone}><Failed error={workspace.error} onRetry={() => void workspace.refetch()} /></div>
  }
  return (
    <DialogContext value={dialogs}>
      <div className={styles.shell}>
        <div className={styles.upper}>
          <Nav collapsed={collapsed} onToggle={toggleNav} />
          <div className={styles.stage}>
            <ErrorBoundary place={location}>
              <Switch>
                <Route path="/datasets"><DatasetsPage /></Route>
                <Route path="/datasets/:id">{({ id }) => <DatasetPage key={id} id={id} />}</Route>
                <Route path="/models/:id?">{({ id }) => <ModelsPage id={id ?? null} />}</Route>
                <Route path="/labelling"><LabellingPage /></Route>
                <Route path="/labelling/:id/:panorama?">{({ id, panorama }) => <RunPage key={id} id={id} panoramaId={panorama ?? null} />}</Route>
                <Route path="/distil"><DistilPage /></Route>
                <Route path="/distil/:id">{({ id }) => <DistillationPage key={id} id={id} />}</Route>
                <Route path="/students"><StudentsPage /></Route>
                <Route path="/students/:id">{({ id }) => <StudentPage key={id} id={id} />}</Route>
                <Route path="/evaluations"><EvaluationsPage /></Route>
                <Route path="/evaluations/:id">{({ id }) => <EvaluationPage key={id} id={id} />}</Route>
                <Route path="/compare/:ids">{({ ids }) => <ComparePage ids={decodeURIComponent(ids).split(',').filter((id) => id !== '')} />}</Route>
                <Route path="/jobs/:id?">{({ id }) => <JobsPage id={id ?? null} />}</Route>
                <Route path="/tour"><TourPage /></Route>
                <Route path="/settings"><SettingsPage /></Route>
                <Route><Redirect to="/datasets" replace /></Route>
              </Switch>
            </ErrorBoundary>
          </div>
        </div>
        <StatusBar connection={connection} />
      </div>
      <OpenDialogs />
      <DropTarget />
    </DialogContext>
  )
}

function OpenDialogs(): ReactNode {
  const { open, close } = useDialogs()
  switch (open?.kind) {
    case 'import': return <ImportDialog folder={open.folder} suggestedName={open.name} onClose={close} />
    case 'generate': return <GenerateDialog onClose={close} />
    case 'addModel': return <AddModelDialog files={open.files} onClose={close} />
    case 'label': return <StartDialog dataset={open.dataset} onClose={close} />
    case 'distil': return <DistilDialog run={open.run} student={open.student} onClose={close} />
    case 'shortcuts': return <ShortcutsDialog onClose={close} />
    case undefined: return null
  }
}
