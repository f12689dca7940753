import { Button, NumberInput, SegmentedControl, TextInput, useMantineColorScheme } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { providerSettingSchema, settingsSchema, type EngineStatus, type Settings } from '../../../../contract/schemas.ts'
import { notifyDone, useAction, useCall } from '../../app/calls.ts'
import { formatBytes, formatCount } from '../../app/format.ts'
import { ENGINE_STATES, PROVIDER_NAMES } from '../../app/status-bar.tsx'
import { Fact, Page, Section } from '../../components/page.tsx'
import { Failed, Notice, SkeletonRows } from '../../components/states.tsx'
import styles from './settings-page.module.css'
import { ShortcutsEditor } from './shortcuts-editor.tsx'

const PROVIDER_SETTINGS: Readonly<Record<Settings['provider'], string>> = { auto: 'Automatic', cpu: 'CPU', webgpu: 'WebGPU', cuda: 'CUDA' }

/** Settings are saved as they are made. */
export function SettingsPage(): ReactNode {
  const settings = useCall('settings.get', {})
  return (
    <Page title="Settings">
      <div className={styles.column}>
        {settings.isPending && <SkeletonRows rows={6} />}
        {settings.isError && <Failed error={settings.error} onRetry={() => void settings.refetch()} />}
        {settings.isSuccess && <Compute settings={settings.data} />}
        {settings.isSuccess && <Downloads settings={settings.data} />}
        <Engine />
        <Workspace />
        <Appearance />
        <ShortcutsEditor />
      </div>
    </Page>
  )
}

function Compute({ settings }: { readonly settings: Settings }): ReactNode {
  const save = useAction('settings.set')
  const set = (change: Partial<Settings>): void => void save.run(change)
  return (
    <Section title="Compute">
      <div className={styles.box}>
        <Setting label="Execution provider" hint="What models run on. Automatic takes the fastest that works; the engine below tells which one that is, and why not another.">
          <SegmentedControl
            aria-label="Execution provider" value={settings.provider}
            data={providerSettingSchema.options.map((value) => ({ value, label: PROVIDER_SETTINGS[value] }))}
            onChange={(value) => set({ provider: providerSettingSchema.parse(value) })}
          />
        </Setting>
        <Setting label="CPU threads" hint="0 uses every core.">
          <SavedNumber key={settings.cpuThreads} label="CPU threads" value={settings.cpuThreads} min={0} max={256} integer onSave={(cpuThreads) => set({ cpuThreads })} />
        </Setting>
        <Setting label="Embedding cache" hint="Disk kept for SAM embeddings, so that a panorama is encoded once. The oldest are dropped first.">
          <SavedNumber key={settings.embeddingCacheGiB} label="Embedding cache" value={settings.embeddingCacheGiB} min={0} max={100_000} suffix=" GiB" onSave={(embeddingCacheGiB) => set({ embeddingCacheGiB })} />
        </Setting>
        <Setting label="Engine memory" hint="Above this, the engine process is replaced when it is idle.">
          <SavedNumber key={settings.engineRecycleGiB} label="Engine memory" value={settings.engineRecycleGiB} min={0.5} max={1024} suffix=" GiB" onSave={(engineRecycleGiB) => set({ engineRecycleGiB })} />
        </Setting>
      </div>
    </Section>
  )
}

function Downloads({ settings: { hubUrl } }: { readonly settings: Settings }): ReactNode {
  const save = useAction('settings.set')
  return (
    <Section title="Downloads">
      <div className={styles.box}>
        <Setting
          label="Model hub"
          hint="Where models of the catalogue come from: the address of a mirror; empty for what HF_ENDPOINT says, else the Hugging Face hub. HTTPS_PROXY and NO_PROXY are heeded as the program was started with them."
        >
          <SavedAddress key={hubUrl} label="Model hub" placeholder="https://huggingface.co" value={hubUrl} onSave={(address) => void save.run({ hubUrl: address })} />
        </Setting>
      </div>
    </Section>
  )
}

function Setting({ label, hint, children }: { readonly label: string; readonly hint: string; readonly children: ReactNode }): ReactNode {
  return (
    <div className={styles.setting}>
      <div>
        <div className={styles.label}>{label}</div>
        <div className={styles.hint}>{hint}</div>
      </div>
      {children}
    </div>
  )
}

/** Saved when it is left or entered, not at each digit. */
function SavedNumber(props: {
  readonly label: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly integer?: boolean
  readonly suffix?: string
  readonly onSave: (value: number) => void
}): ReactNode {
  const [value, setValue] = useState<number | string>(props.value)
  const commit = (): void => {
    if (typeof value !== 'number') setValue(props.value)
    else if (value !== props.value) props.onSave(Math.min(props.max, Math.max(props.min, value)))
  }
  return (
    <NumberInput
      className={styles.number} aria-label={props.label} value={value} min={props.min} max={props.max} suffix={props.suffix}
      allowDecimal={props.integer !== true} allowNegative={false} onChange={setValue} onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
    />
  )
}

/** Saved when it is left or entered; what is no address is told and not saved. */
function SavedAddress(props: { readonly label: string; readonly placeholder: string; readonly value: string; readonly onSave: (value: string) => void }): ReactNode {
  const [value, setValue] = useState(props.value)
  const [wrong, setWrong] = useState(false)
  const commit = (): void => {
    const address = value.trim()
    const valid = settingsSchema.shape.hubUrl.safeParse(address).success
    setWrong(!valid)
    if (valid && address !== props.value) props.onSave(address)
  }
  return (
    <TextInput
      className={styles.address} aria-label={props.label} placeholder={props.placeholder} value={value} spellCheck={false} type="url"
      error={wrong ? 'An address that begins with http:// or https://' : undefined}
      onChange={(event) => { setValue(event.currentTarget.value); setWrong(false) }} onBlur={commit} onKeyDown={(event) => event.key === 'Enter' && commit()}
    />
  )
}

function Engine(): ReactNode {
  const engine = useCall('engine.status', {})
  const restart = useAction('engine.restart')
  return (
    <Section
      title="Engine"
      aside={<Button variant="default" size="compact-xs" loading={restart.busy} onClick={() => void restart.run({}).then((done) => done !== null && notifyDone('The engine was restarted.'))}>Restart engine</Button>}
    >
      {engine.isPending && <SkeletonRows rows={3} height={24} />}
      {engine.isError && <Failed error={engine.error} onRetry={() => void engine.refetch()} />}
      {engine.isSuccess && <EngineFacts engine={engine.data} />}
    </Section>
  )
}

function EngineFacts({ engine }: { readonly engine: EngineStatus }): ReactNode {
  return (
    <div className={`${styles.box} ${styles.facts}`}>
      {engine.message !== null && <Notice tone={engine.state === 'failed' ? 'bad' : 'plain'}>{engine.message}</Notice>}
      <Fact label="State">{ENGINE_STATES[engine.state]}{engine.restarts > 0 && `, restarted ${engine.restarts} times`}</Fact>
      <Fact label="Runs on">{engine.provider === null ? <span className="faint">not decided before the first model runs</span> : PROVIDER_NAMES[engine.provider]}</Fact>
      {engine.providers.map((report) => (
        <Fact key={report.provider} label={PROVIDER_NAMES[report.provider]}>
          <span className={styles.availability} data-available={report.available}>{report.available ? 'available' : 'not available'}</span> {report.detail}
        </Fact>
      ))}
      <Fact label="onnxruntime">{engine.onnxruntimeVersion ?? <span className="faint">not loaded</span>}</Fact>
      <Fact label="Memory">{engine.rssBytes === null ? <span className="faint">not running</span> : formatBytes(engine.rssBytes)}</Fact>
    </div>
  )
}

function Workspace(): ReactNode {
  const info = useCall('workspace.info', {}).data
  const collect = useAction('workspace.collectGarbage')
  const run = async (): Promise<void> => {
    const done = await collect.run({})
    if (done === null) return
    notifyDone(done.removed === 0 ? 'Nothing was left over.' : `${formatCount(done.removed)} files removed, ${formatBytes(done.bytes)} freed.`)
  }
  return (
    <Section
      title="Workspace"
      aside={<Button variant="default" size="compact-xs" loading={collect.busy} onClick={() => void run()}>Collect garbage</Button>}
    >
      <div className={`${styles.box} ${styles.facts}`}>
        {info === undefined ? <SkeletonRows rows={3} height={24} /> : (
          <>
            <Fact label="Folder" mono>{info.path}</Fact>
            <Fact label="Artifacts">{formatCount(info.artifacts)} files, {formatBytes(info.artifactBytes)}</Fact>
            <Fact label="Version">{info.version}, schema {info.schemaVersion}</Fact>
          </>
        )}
        <div className={styles.hint}>Collecting garbage removes results that no dataset and no run refers to any more. Nothing that is shown anywhere is lost.</div>
      </div>
    </Section>
  )
}

function Appearance(): ReactNode {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Section title="Appearance">
      <div className={styles.box}>
        <Setting label="Theme" hint="Automatic follows the system.">
          <SegmentedControl
            aria-label="Theme" value={colorScheme} onChange={(value) => setColorScheme(value === 'light' || value === 'auto' ? value : 'dark')}
            data={[{ value: 'dark', label: 'Dark' }, { value: 'light', label: 'Light' }, { value: 'auto', label: 'Automatic' }]}
          />
        </Setting>
      </div>
    </Section>
  )
}
