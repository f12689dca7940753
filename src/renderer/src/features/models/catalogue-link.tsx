import type { ReactNode } from 'react'
import { Link } from 'wouter'
import styles from './catalogue-link.module.css'
import { CATALOGUE_HREF, CATALOGUE_ID } from './model-words.ts'

interface CatalogueLinkProps {
  /** a dialog that it stands in closes */
  readonly onFollow?: () => void
  readonly children: ReactNode
}

/** To the models for real streets, wherever they are shown. */
export function CatalogueLink({ onFollow, children }: CatalogueLinkProps): ReactNode {
  const follow = (): void => {
    onFollow?.()
    // on the empty page it may be there already, out of view
    document.getElementById(CATALOGUE_ID)?.scrollIntoView({ behavior: 'smooth' })
  }
  return <Link href={CATALOGUE_HREF} className={styles.link} onClick={follow}>{children}</Link>
}
