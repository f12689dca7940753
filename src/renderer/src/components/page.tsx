import type { ReactNode } from 'react'
import { Link } from 'wouter'
import styles from './page.module.css'

interface PageProps {
  readonly title: ReactNode
  /** the page above, for the way back */
  readonly parent?: { readonly href: string; readonly label: string }
  readonly subtitle?: ReactNode
  readonly actions?: ReactNode
  /** false: the content brings its own padding and scrolling */
  readonly padded?: boolean
  readonly children: ReactNode
}

/** A page: a fixed bar with its name and its actions, content that scrolls. */
export function Page({ title, parent, subtitle, actions, padded = true, children }: PageProps): ReactNode {
  return (
    <div className={styles.page}>
      <title>{typeof title === 'string' && title.trim() !== '' ? `${title} · GoodSAM Studio` : 'GoodSAM Studio'}</title>
      <header className={styles.bar}>
        <div className={styles.titles}>
          {parent !== undefined && (
            <>
              <Link href={parent.href} className={styles.parent}>{parent.label}</Link>
              <span className={styles.slash} aria-hidden>/</span>
            </>
          )}
          <h1 className={styles.title}>{title}</h1>
          {subtitle !== undefined && <div className={styles.subtitle}>{subtitle}</div>}
        </div>
        <div className={styles.actions}>{actions}</div>
      </header>
      <main className={padded ? styles.content : styles.bare}>{children}</main>
    </div>
  )
}

/** A named part of a page or panel. */
export function Section({ title, aside, children }: { readonly title: string; readonly aside?: ReactNode; readonly children: ReactNode }): ReactNode {
  return (
    <section className={styles.section} aria-label={title}>
      <div className={styles.sectionBar}>
        <h2 className={styles.sectionTitle}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

/** One line of a property list. */
export function Fact({ label, children, mono = false }: { readonly label: string; readonly children: ReactNode; readonly mono?: boolean }): ReactNode {
  return (
    <div className={styles.fact}>
      <div className={styles.factLabel}>{label}</div>
      <div className={mono ? `${styles.factValue} mono` : styles.factValue}>{children}</div>
    </div>
  )
}
