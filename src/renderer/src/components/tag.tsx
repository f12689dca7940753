import type { ReactNode } from 'react'
import styles from './tag.module.css'

export type Tone = 'plain' | 'accent' | 'good' | 'warn' | 'bad'

/** A word about a thing, beside its name: quiet, in the colour of what it means. */
export function Tag({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ReactNode }): ReactNode {
  return <span className={styles.tag} data-tone={tone}>{children}</span>
}
