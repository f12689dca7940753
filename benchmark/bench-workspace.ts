import { join } from 'node:path'
import type { Client } from '../src/contract/procedures.ts'
import { openArtifactStore, type ArtifactStore } from '../src/main/artifacts/artifact-store.ts'
import { composeStudio, type Studio } from '../src/main/compose.ts'
import { openStore, type Store } from '../src/main/store/open-store.ts'

/** A workspace of the product that the benchmark works in: the product's services, or its store while these rest. */
export interface BenchWorkspace {
  readonly folder: string
  client(): Promise<Client>
  /** Runs `work` on rows and files while no service does. */
  offline<T>(work: (store: Store, artifacts: ArtifactStore) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Makes the workspace where there is none. It opens when it is first used; throws then what composeStudio throws. */
export function openBenchWorkspace(folder: string): BenchWorkspace {
  let studio: Studio | null = null
  const close = async (): Promise<void> => {
    const open = studio
    studio = null
    await open?.close()
  }
  return {
    folder,
    async client() {
      studio ??= await composeStudio({ workspace: folder, create: true, queue: 'asked' })
      return studio.client
    },
    async offline(work) {
      await close()
      const store = openStore(folder, { create: true })
      try {
        return await work(store, openArtifactStore(join(folder, 'artifacts')))
      } finally {
        store.close()
      }
    },
    close,
  }
}
