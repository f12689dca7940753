import { CopyButton, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy, IconExternalLink } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useStudio } from '../app/studio.ts'
import styles from './external-link.module.css'

/** A page of the web. A browser opens it beside this one; the desktop window opens no pages and gives the address to copy. */
export function ExternalLink({ href, children }: { readonly href: string; readonly children: ReactNode }): ReactNode {
  const { hostKind } = useStudio()
  if (hostKind === 'server') {
    return (
      <Tooltip label={`Open ${href}`}>
        <a className={styles.link} href={href} target="_blank" rel="noreferrer">{children}<IconExternalLink size={13} stroke={1.7} aria-hidden /></a>
      </Tooltip>
    )
  }
  return (
    <CopyButton value={href}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : `Copy ${href}`}>
          <button type="button" className={styles.link} onClick={copy}>{children}{copied ? <IconCheck size={13} stroke={1.7} aria-hidden /> : <IconCopy size={13} stroke={1.7} aria-hidden />}</button>
        </Tooltip>
      )}
    </CopyButton>
  )
}
