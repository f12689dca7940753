import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openArtifactStore } from '../../src/main/artifacts/artifact-store.ts'
import { listJobLog } from '../../src/main/store/job-log.ts'
import { addJob, getJob } from '../../src/main/store/jobs.ts'
import { openStore } from '../../src/main/store/open-store.ts'
import { listResults } from '../../src/main/store/panorama-results.ts'
import { referencedArtifacts } from '../../src/main/store/referenced-artifacts.ts'
import { addTestRun } from '../../src/main/store/workspace.fixture.ts'

const NAMES = Array.from({ length: 12 }, (_, index) => `p${index}`)

let folder: string
let runId: string
let jobId: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobs-kill-'))
  const store = openStore(folder, { create: true })
  runId = store.transaction((db) => addTestRun(db, NAMES)).run.id
  jobId = store.transaction((db) => addJob(db, { kind: 'label', title: 'Label', subjectId: runId, payload: null })).id
  store.close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the labelling host; kills it (-9) when a line says so. Returns all it said. */
async function labelUntil(isTime: (line: string) => boolean, delayMs = 0): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'jobs-worker.ts'), folder, runId])
  child.stderr.on('data', (text) => process.stderr.write(text))
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line)
    if (isTime(line)) setTimeout(() => child.kill('SIGKILL'), delayMs)
  })
  await once(child, 'close')
  return lines
}

const computed = (lines: readonly string[]) => lines.filter((line) => line.startsWith('compute ')).map((line) => line.slice(8))

/** What is recorded now, read between two lives of the host. */
async function look(): Promise<{ done: string[]; job: ReturnType<typeof getJob> }> {
  const store = openStore(folder, { create: false })
  const artifacts = openArtifactStore(store.paths.artifacts)
  const { results } = listResults(store.read, runId, { sort: 'name', offset: 0, limit: 100 })
  const done = results.filter((result) => result.status === 'done')
  // a recorded result has a whole artifact, always: read() checks its SHA-256
  for (const { name, artifacts: stages } of done) {
    expect(Buffer.from(await artifacts.read(stages!.fusion)).equals(Buffer.alloc(1 << 20, name))).toBe(true)
  }
  const job = getJob(store.read, jobId)
  store.close()
  return { done: done.map(({ name }) => name), job }
}

test.each([
  ['while an item is computed', 'compute p4', 0],
  ['while its artifact is written', 'compute p4', 6],
  ['between artifact and row', 'wrote p4', 0],
  ['about when the row is written', 'wrote p4', 5],
  ['right after a row was written', 'compute p5', 0],
])('kill -9 of the host %s: the next start goes on and redoes nothing that was finished', async (_when, line, delayMs) => {
  const first = await labelUntil((said) => said === line, delayMs)
  expect(first.some((said) => said.startsWith('ended'))).toBe(false)
  const afterKill = await look()
  expect(afterKill.job).toMatchObject({ state: 'running', done: afterKill.done.length, attempts: 1 })
  expect(afterKill.done.length).toBeGreaterThanOrEqual(4)
  expect(afterKill.done.length).toBeLessThan(NAMES.length)

  const second = await labelUntil(() => false)
  expect(second.at(-1)).toBe('ended done')
  expect(computed(second)).toEqual(NAMES.filter((name) => !afterKill.done.includes(name)))

  const end = await look()
  expect(end.done).toEqual(NAMES)
  expect(end.job).toMatchObject({ state: 'done', done: NAMES.length, failed: 0, attempts: 2 })

  // nothing half-written is left, and what the dead process left without a row is an orphan that can be collected
  const store = openStore(folder, { create: false })
  const artifacts = openArtifactStore(store.paths.artifacts)
  expect(readdirSync(join(store.paths.artifacts, 'tmp'))).toEqual([])
  expect(listJobLog(store.read, jobId, 0).map(({ message }) => message)).toEqual(
    expect.arrayContaining(['The program ended while this job ran. It goes on with the next unfinished item.', 'Started again (attempt 2).', 'Done.']))
  // the test's panoramas name images that were never imported: only the labels are in the store
  await artifacts.collectOrphans(await referencedArtifacts(store.read), { graceMs: -1 })
  expect((await artifacts.usage()).artifacts).toBe(NAMES.length)
  store.close()
})

test('a host that is killed again and again still finishes, each item recorded once', async () => {
  const recordedBefore: string[][] = []
  for (let life = 0; life < 4; life++) {
    let items = 0
    const said = await labelUntil((line) => line.startsWith('wrote') && ++items === 2)
    expect(said.some((line) => line.startsWith('ended'))).toBe(false)
    const { done } = await look()
    for (const earlier of recordedBefore) expect(done).toEqual(expect.arrayContaining(earlier))
    expect(computed(said).some((name) => recordedBefore.at(-1)?.includes(name))).toBe(false)
    recordedBefore.push(done)
  }
  expect((await labelUntil(() => false)).at(-1)).toBe('ended done')
  expect((await look()).job).toMatchObject({ state: 'done', attempts: 5 })
})

test('a job under which the host dies three times at the same item waits for a person', async () => {
  for (let life = 0; life < 3; life++) await labelUntil((line) => line === 'compute p2')
  // nothing is left to run, so the host has nothing to wait for and ends by itself
  expect(computed(await labelUntil(() => false))).toEqual([])
  const { job } = await look()
  expect(job.state).toBe('paused')
})
