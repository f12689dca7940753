import { openStore } from '../../src/main/store/open-store.ts'

/** Opens the workspace named on the command line, says so or why not, and holds it until it is told to let go. */
try {
  const store = openStore(process.argv[2]!, { create: false })
  process.stdout.write('open\n')
  process.stdin.once('data', () => {
    store.close()
    process.exit(0)
  })
} catch (error) {
  process.stdout.write(`${JSON.stringify({ code: (error as { code?: unknown }).code, message: String(error) })}\n`)
  process.exit(1)
}
