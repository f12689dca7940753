import { Progress, Tooltip } from '@mantine/core'
import { IconCpu, IconPlugConnected, IconPlugConnectedX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { EngineStatus, Job, Provider } from '../../../contract/schemas.ts'
import { useCall } from './calls.ts'
import { formatBytes, formatEta, formatRate } from './format.ts'
import type { Connection } from './live.ts'
import styles from './status-bar.module.css'

export const PROVIDER_NAMES: Readonly<Record<Provider, string>> = { cpu: 'CPU', webgpu: 'WebGPU', cuda: 'CUDA' }

export const ENGINE_STATES: Readonly<Record<EngineStatus['state'], string>> = {
  stopped: 'stopped', starting: 'starting', ready: 'ready', busy: 'busy', restarting: 'restarting', failed: 'failed',
}

/** What the machine is doing, at the foot of the window. */
export function StatusBar({ connection }: { readonly connection: Connection }): ReactNode {
  const engine = useCall('engine.status', {}).data
  const jobs = useCall('jobs.list', {}).data ?? []
  return (
    <footer className={styles.bar} aria-label="Status">
      <ConnectionState connection={connection} />
      {engine !== undefined && <EngineState engine={engine} />}
      <div className={styles.space} />
      <RunningJob jobs={jobs} />
    </footer>
  )
}

function ConnectionState({ connection }: { readonly connection: Connection }): ReactNode {
  if (connection === 'lost') {
    return (
      <div className={styles.item} data-tone="bad" role="status">
        <IconPlugConnectedX size={14} stroke={1.7} />
        <span>Connection lost, trying again</span>
      </div>
    )
  }
  return (
    <div className={styles.item} role="status">
      <IconPlugConnected size={14} stroke={1.7} />
      <span>{connection === 'open' ? 'Connected' : 'Connecting'}</span>
    </div>
  )
}

function EngineState({ engine }: { readonly engine: EngineStatus }): ReactNode {
  const provider = engine.provider === null ? null : PROVIDER_NAMES[engine.provider]
  const tone = engine.state === 'failed' ? 'bad' : engine.state === 'restarting' ? 'warn' : undefined
  return (
    <Tooltip label={<EngineDetail engine={engine} />} position="top-start" openDelay={120} maw={440}>
      <Link href="/settings" className={styles.item} data-tone={tone} aria-label={`Engine ${ENGINE_STATES[engine.state]}${provider === null ? '' : `, ${provider}`}`}>
        <IconCpu size={14} stroke={1.7} className={engine.state === 'busy' ? styles.busy : undefined} />
        <span>Engine {ENGINE_STATES[engine.state]}</span>
        {provider !== null && <span className={styles.provider}>{provider}</span>}
      </Link>
    </Tooltip>
  )
}

function EngineDetail({ engine }: { readonly engine: EngineStatus }): ReactNode {
  return (
    <div className={styles.detail}>
      {engine.message !== null && <div>{engine.message}</div>}
      {engine.providers.map((report) => (
        <div key={report.provider} className={styles.report}>
          <strong>{PROVIDER_NAMES[report.provider]}</strong>
          <span>{report.provider === engine.provider ? 'runs now. ' : report.available ? 'available. ' : 'not available. '}{report.detail}</span>
        </div>
      ))}
      <div className="faint">
        {[
          engine.onnxruntimeVersion === null ? null : `onnxruntime ${engine.onnxruntimeVersion}`,
          engine.rssBytes === null ? null : `${formatBytes(engine.rssBytes)} of memory`,
          engine.restarts > 0 ? `restarted ${engine.restarts} times` : null,
        ].filter((part) => part !== null).join(' · ')}
      </div>
    </div>
  )
}

function RunningJob({ jobs }: { readonly jobs: readonly Job[] }): ReactNode {
  const running = jobs.find(({ state }) => state === 'running')
  const waiting = jobs.filter(({ state }) => state === 'queued').length
  const paused = jobs.filter(({ state }) => state === 'paused').length
  if (running === undefined) {
    const parts = [waiting > 0 ? `${waiting} waiting` : null, paused > 0 ? `${paused} paused` : null].filter((part) => part !== null)
    return <Link href="/jobs" className={styles.item}>{parts.length > 0 ? `Jobs: ${parts.join(', ')}` : 'No job running'}</Link>
  }
  const rate = formatRate(running.itemsPerMinute)
  return (
    <Tooltip label={running.message} disabled={running.message === ''} position="top-end">
      <Link href="/jobs" className={styles.item} aria-label={`Job: ${running.title}`}>
        <span className="truncate">{running.title}</span>
        <Progress className={styles.progress} value={running.progress * 100} aria-label="Progress of the running job" />
        <span>{running.done} / {running.total}</span>
        {rate !== '' && <span className="faint">{rate}</span>}
        <span className="faint">{running.stopping === null ? formatEta(running.etaSeconds) : running.stopping === 'pause' ? 'pausing' : 'cancelling'}</span>
        {waiting > 0 && <span className="faint">+{waiting} waiting</span>}
      </Link>
    </Tooltip>
  )
}
