import { Button, Modal, Skeleton } from '@mantine/core'
import { IconDownload, IconRefresh } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { CatalogueEntry } from '../../../../contract/catalogue-schemas.ts'
import { useAction, useCall } from '../../app/calls.ts'
import { describeError } from '../../app/errors.ts'
import { baseName, formatBytes } from '../../app/format.ts'
import { DialogActions } from '../../components/dialogs.tsx'
import { ExternalLink } from '../../components/external-link.tsx'
import { Fact } from '../../components/page.tsx'
import { ActionFailure, Notice } from '../../components/states.tsx'
import styles from './download-dialog.module.css'
import { CATALOGUE_HREF, downloadFolder } from './model-words.ts'

/** Before a download: its licence, what is fetched and how much that is. */
export function DownloadDialog({ entry, onClose }: { readonly entry: CatalogueEntry; readonly onClose: () => void }): ReactNode {
  const files = useCall('models.catalogueFiles', { repo: entry.repo }, { fresh: true })
  const [, navigate] = useLocation()
  const start = useAction('models.download', { inline: true })
  const download = async (): Promise<void> => {
    if ((await start.run({ repo: entry.repo })) === null) return
    onClose()
    // with the first model the page has a list, and another one at its side: the catalogue stays in view
    navigate(CATALOGUE_HREF)
  }
  const known = files.isFetching ? undefined : files.data
  return (
    <Modal opened onClose={onClose} title={`Download ${entry.repo}`} size={560}>
      <div className={styles.body}>
        <p className={styles.summary}>{entry.summary}</p>
        <div className={styles.facts}>
          <Fact label="Licence">{entry.licence}</Fact>
          <Fact label="Its page"><ExternalLink href={entry.page}>{entry.page.replace(/^https?:\/\//, '')}</ExternalLink></Fact>
        </div>
        {files.isError && !files.isFetching
          ? <NotAnswered entry={entry} error={files.error} onRetry={() => void files.refetch()} />
          : (
            <table className={styles.files} aria-label="Files">
              <tbody>
                {(known?.files ?? entry.files.map((name) => ({ name, bytes: null }))).map(({ name, bytes }) => (
                  <tr key={name}><td className="mono">{name}</td><td>{bytes === null ? <Size /> : formatBytes(bytes)}</td></tr>
                ))}
              </tbody>
              <tfoot>
                <tr><td>Together</td><td>{known === undefined ? <Size /> : formatBytes(known.bytes)}</td></tr>
              </tfoot>
            </table>
          )}
        <ActionFailure error={start.error} />
        <DialogActions note="It runs in the background and can be paused; interrupted, it goes on where it stopped.">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button leftSection={<IconDownload size={14} stroke={2} />} loading={start.busy} data-autofocus onClick={() => void download()}>
            Download{known !== undefined && ` ${formatBytes(known.bytes)}`}
          </Button>
        </DialogActions>
      </div>
    </Modal>
  )
}

function Size(): ReactNode {
  return <Skeleton className={styles.size} height={12} width={52} radius="sm" />
}

/** Without the hub there is another way: files put where the download looks first. */
function NotAnswered({ entry, error, onRetry }: { readonly entry: CatalogueEntry; readonly error: unknown; readonly onRetry: () => void }): ReactNode {
  const workspace = useCall('workspace.info', {}).data?.path
  const { code, title, message } = describeError(error)
  return (
    <>
      <Notice tone="bad" title={code === 'not-found' ? 'The hub does not have it' : title}>
        {message}
        <div className={styles.retry}><Button variant="default" size="compact-xs" leftSection={<IconRefresh size={13} />} onClick={onRetry}>Ask again</Button></div>
      </Notice>
      <div className={styles.byHand}>
        <p>Without the network: fetch {entry.files.length === 1 ? 'this file' : 'these files'} from the page elsewhere, put {entry.files.length === 1 ? 'it' : 'them'} into the folder below on the host’s machine, then press Download.</p>
        <ul className="mono">{entry.files.map((name) => <li key={name}>{baseName(name)}</li>)}</ul>
        {workspace !== undefined && <div className={`${styles.folder} mono`}>{downloadFolder(workspace, entry.repo)}</div>}
      </div>
    </>
  )
}
