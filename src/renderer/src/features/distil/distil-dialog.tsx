import { Button, Collapse, Modal, Select, SegmentedControl, TextInput, UnstyledButton } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import { providerSettingSchema, type LabellingRun, type ProviderSetting } from '../../../../contract/schemas.ts'
import { studentSizeSchema, type AskedConfig, type DistillationConfig, type Student } from '../../../../contract/training-schemas.ts'
import { LEARNING_RATES, TA_REFINEMENT } from '../../../../core/goodsam/distillation-config.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { useDialogs } from '../../app/dialogs.tsx'
import { plural } from '../../app/format.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { ActionFailure, Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import { AugmentationFields } from './augmentation-fields.tsx'
import styles from './distil-dialog.module.css'
import { KEEPING_FIELDS, SCHEDULE_FIELDS, emptyDraft, fieldErrors, readDraft, shownNumber, storedNumber, type Draft } from './distil-form.ts'
import { SCHEDULES, STUDENT_NAMES, STUDENT_SENTENCES, architectureName, scoreText } from './distil-words.ts'
import { DownloadedWeights } from './downloaded-weights.tsx'
import { EstimatePanel } from './estimate-panel.tsx'
import { FileField } from './file-field.tsx'
import { LossFields } from './loss-fields.tsx'
import { NumberField } from './number-field.tsx'
import { RefinementFields } from './refinement-fields.tsx'
import { SpecFields } from './spec-fields.tsx'
import { useEstimate } from './use-estimate.ts'

interface DistilDialogProps {
  /** the labelling run to begin with; null: the newest with labels */
  readonly run: string | null
  /** the student whose weights it goes on from; null: random weights */
  readonly student: string | null
  readonly onClose: () => void
}

/** Distil a student: sensible choices made, their cost said before the start, everything open to change. */
export function DistilDialog({ run, student, onClose }: DistilDialogProps): ReactNode {
  const runs = useCall('runs.list', {})
  const students = useCall('students.list', {})
  const defaults = useCall('distillations.defaults', { run: null })
  const failed = [runs, students, defaults].find((query) => query.isError)
  return (
    <Modal opened onClose={onClose} title="Distil a student" size={1000}>
      {failed !== undefined && <Failed error={failed.error} onRetry={() => void failed.refetch()} />}
      {failed === undefined && (runs.data === undefined || students.data === undefined || defaults.data === undefined) && <SkeletonRows rows={7} />}
      {runs.data !== undefined && students.data !== undefined && defaults.data !== undefined && (
        <Ready runs={runs.data.filter(({ done }) => done > 0)} students={students.data} defaults={defaults.data} run={run} student={student} onClose={onClose} />
      )}
    </Modal>
  )
}

interface ReadyProps extends DistilDialogProps {
  readonly runs: readonly LabellingRun[]
  readonly students: readonly Student[]
  readonly defaults: DistillationConfig
}

function Ready(props: ReadyProps): ReactNode {
  const { show } = useDialogs()
  if (props.runs.length > 0) return <Form {...props} />
  return (
    <div className={styles.missing}>
      <Notice tone="plain">There are no pseudo-labels yet to distil from. Label a dataset first; a student then learns from that run.</Notice>
      <DialogActions><Button onClick={() => show({ kind: 'label', dataset: null })}>Start labelling</Button></DialogActions>
    </div>
  )
}

const PROVIDERS: Readonly<Record<ProviderSetting, string>> = { auto: 'Automatic', cpu: 'CPU', webgpu: 'WebGPU', cuda: 'CUDA' }
const PERCENT = { percent: true } as const

function Form({ runs, students, defaults, run: wantedRun, student: wantedStudent, onClose }: ReadyProps): ReactNode {
  const [, navigate] = useLocation()
  const [draft, setDraft] = useState<Draft>(() => emptyDraft(runs.find(({ id }) => id === wantedRun)?.id ?? runs[0].id, wantedStudent))
  const change = (patch: Partial<Draft>): void => setDraft((before) => ({ ...before, ...patch }))
  const set = (patch: AskedConfig): void => setDraft((before) => ({ ...before, config: { ...before.config, ...patch } }))
  const start = useAction('distillations.start', { inline: true })
  const settings = useCall('settings.get', {}).data

  const errors = fieldErrors(draft.config)
  const reading = readDraft(draft)
  const request = reading.kind === 'request' && errors.size === 0 ? reading.request : null
  const live = useEstimate(request)
  const missing = reading.kind === 'missing' ? reading.what : errors.size > 0 ? 'Correct the marked values first.' : null
  // what the host would choose, under what a person chose
  const config = completed(live.estimate?.config ?? defaults, draft.config)
  const run = runs.find(({ id }) => id === draft.run)
  const onnx = draft.student === 'onnx'
  const changed = Object.keys(draft.config).length > 0

  const submit = async (): Promise<void> => {
    if (request === null) return
    const started = await start.run(request)
    if (started === null) return
    onClose()
    navigate(`/distil/${started.distillationId}`)
  }

  return (
    <form className={styles.form} onSubmit={(event) => { event.preventDefault(); void submit() }}>
      <div className={styles.columns}>
        <div className={styles.fields}>
          <div className={styles.pair}>
            <Select
              label="Labelling run" value={draft.run} onChange={(value) => change({ run: value })}
              data={runs.map((one) => ({ value: one.id, label: `${one.name} (${plural(one.done, 'panorama')})` }))}
            />
            <TextInput label="Name" placeholder="made from the labelling run and the size" value={draft.name} maxLength={100} onChange={(event) => change({ name: event.currentTarget.value })} />
          </div>
          <div>
            <div className={styles.label}>Student</div>
            <SegmentedControl
              aria-label="Student" fullWidth value={draft.student}
              onChange={(value) => change({ student: value === 'onnx' ? 'onnx' : studentSizeSchema.parse(value) })}
              data={[...studentSizeSchema.options.map((value) => ({ value, label: STUDENT_NAMES[value] })), { value: 'onnx', label: 'ONNX file' }]}
            />
            <div className={styles.what}>{draft.student === 'onnx' ? 'Any semantic network whose operators have gradients; it is trained as it is.' : STUDENT_SENTENCES[draft.student]}</div>
            {onnx && <div className={styles.below}><FileField choose="models" file={draft.onnx} onFile={(file) => change({ onnx: file })} /></div>}
          </div>
          <div>
            <div className={styles.label}>Begin with</div>
            <SegmentedControl
              aria-label="Begin with" fullWidth value={draft.init}
              onChange={(value) => change({ init: value === 'builtin' || value === 'file' || value === 'student' ? value : 'random' })}
              data={[
                { value: 'random', label: onnx ? 'The file’s own weights' : 'Random weights' },
                { value: 'builtin', label: 'Built in', disabled: draft.student !== 'mini' },
                { value: 'file', label: 'Safetensors file' },
                { value: 'student', label: 'Earlier student', disabled: students.length === 0 },
              ]}
            />
            <div className={styles.what}>{INIT_SENTENCES[onnx && draft.init === 'random' ? 'network' : draft.init]}</div>
            {draft.init === 'file' && (
              <div className={styles.below}>
                <DownloadedWeights file={draft.file} onFile={(file) => change({ file })} onLeave={onClose} />
                <FileField choose="weights" file={draft.file} onFile={(file) => change({ file })} />
              </div>
            )}
            {draft.init === 'student' && (
              <Select
                className={styles.below} aria-label="Student to begin with" placeholder="Choose a student" value={draft.from} onChange={(from) => change({ from })}
                data={students.map((one) => ({ value: one.id, label: `${one.name} (${architectureName(one.architecture)}, ${scoreText(one.score, one.scoreKind)})` }))}
              />
            )}
          </div>
          <div className={styles.numbers}>
            <NumberField label="Height" step={32} integer suffix=" px" value={config.height} error={errors.get('height')} onChange={(height) => set({ height })} />
            <NumberField label="Width" step={32} integer suffix=" px" value={config.width} error={errors.get('width')} onChange={(width) => set({ width })} />
            <NumberField label="Steps" step={500} integer value={config.steps} error={errors.get('steps')} onChange={(steps) => set({ steps })} />
            <NumberField label="Batch" step={1} integer value={config.batch} error={errors.get('batch')} onChange={(batch) => set({ batch })} />
            <NumberField label="Learning rate" step={0} value={config.learningRate} error={errors.get('learningRate')} onChange={(learningRate) => set({ learningRate })} />
          </div>
          <div>
            <div className={styles.label}>What the student follows</div>
            <LossFields losses={config.losses} withoutMasks={run?.samId === null} errors={errors} onChange={(losses) => set({ losses })} />
          </div>
          <Fold title="Augmentation and held-out panoramas" wrong={[...errors.keys()].some((path) => /^(augmentation|heldOut)/.test(path))}>
            <AugmentationFields value={config.augmentation} errors={errors} onChange={(augmentation) => set({ augmentation })} />
            <div className={styles.lines}>
              <div className={styles.line}>
                <label className={styles.lineLabel} htmlFor="distil-heldOut">Held out</label>
                <NumberField
                  bare id="distil-heldOut" label="Held out" step={5} suffix=" %" value={shownNumber(PERCENT, config.heldOut)} error={errors.get('heldOut')}
                  onChange={(shown) => set({ heldOut: storedNumber(PERCENT, shown) })}
                />
                <div className={styles.hint}>Share of the panoramas that the student does not learn from and is scored on: against truth where there is some, else against the pseudo-labels.</div>
              </div>
            </div>
          </Fold>
          <Fold title="Schedule, checkpoints and where it runs" wrong={[...SCHEDULE_FIELDS, ...KEEPING_FIELDS].some(({ key }) => errors.has(key)) || [...errors.keys()].some((path) => path.startsWith('taRefinement'))}>
            <div className={styles.pair}>
              <Select
                label="Schedule of the learning rate" value={config.schedule} onChange={(value) => set({ schedule: value === 'cosine' || value === 'constant' ? value : 'polynomial' })}
                data={Object.entries(SCHEDULES).map(([value, label]) => ({ value, label }))}
              />
              <Select
                label="Execution provider" value={draft.provider ?? 'workspace'}
                onChange={(value) => change({ provider: value === 'workspace' || value === null ? null : providerSettingSchema.parse(value) })}
                data={[
                  { value: 'workspace', label: `As in Settings${settings === undefined ? '' : ` (${PROVIDERS[settings.provider]})`}` },
                  ...providerSettingSchema.options.map((value) => ({ value, label: PROVIDERS[value] })),
                ]}
              />
            </div>
            <SpecFields specs={SCHEDULE_FIELDS} config={config} errors={errors} onChange={set} />
            <SpecFields specs={KEEPING_FIELDS} config={config} errors={errors} onChange={set} />
            <RefinementFields value={config.taRefinement} errors={errors} cost={live.estimate?.refinement ?? null} onChange={(taRefinement) => set({ taRefinement })} />
          </Fold>
        </div>
        <EstimatePanel live={live} missing={missing} />
      </div>
      <ActionFailure error={start.error} />
      <DialogActions
        note={changed
          ? <UnstyledButton className={styles.fold} onClick={() => change({ config: {} })}>Back to the defaults</UnstyledButton>
          : 'It runs in the background; you can pause it, change its learning rate, or close the program: it goes on from its last checkpoint.'}
      >
        <Button variant="default" onClick={onClose}>Cancel</Button>
        <Button type="submit" loading={start.busy} disabled={request === null}>Distil</Button>
      </DialogActions>
    </form>
  )
}

/** What the host chose, under what a person chose; steps of the refinement may be left to the host. */
function completed(chosen: DistillationConfig, { taRefinement, ...asked }: AskedConfig): DistillationConfig {
  const config: DistillationConfig = { ...chosen, ...(asked as Partial<DistillationConfig>) }
  if (taRefinement === undefined) return config
  return { ...config, taRefinement: taRefinement && { ...taRefinement, steps: taRefinement.steps ?? chosen.taRefinement?.steps ?? TA_REFINEMENT.steps } }
}

const INIT_SENTENCES = {
  random: `From nothing: learns everything from your pseudo-labels. Learning rate ${LEARNING_RATES.random}.`,
  network: 'The numbers in the file: the network goes on from what it knows.',
  builtin: `mit-b0 as it comes with the program: it knows generated streets, seen by street cameras. Learning rate ${LEARNING_RATES.pretrained}.`,
  file: `Pretrained weights, such as nvidia/mit-b0 or a SegFormer for Cityscapes: needs fewer steps. Learning rate ${LEARNING_RATES.pretrained}.`,
  student: 'Fine-tunes a student of this workspace, for other panoramas or better labels.',
} as const

function Fold({ title, wrong, children }: { readonly title: string; readonly wrong: boolean; readonly children: ReactNode }): ReactNode {
  const [open, setOpen] = useState(false)
  return (
    <div>
      <UnstyledButton className={styles.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconChevronRight size={14} data-open={open} /> {title}
        {wrong && !open && <span className={styles.wrong}>has a value that does not fit</span>}
      </UnstyledButton>
      <Collapse expanded={open}><div className={styles.folded}>{children}</div></Collapse>
    </div>
  )
}
