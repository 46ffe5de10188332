/** What a child process gets of our environment: where programs are, and how `scripts/test.ts` lets Bun run. */
const passedOn = /^(PATH|HOME|BUN_(JSC|GC)_.*|MIMALLOC_.*)$/
export const childEnv: Record<string, string> = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value = '']) => (passedOn.test(name) ? [[name, value]] : [])),
)
// Where it turns the optimising compilers off, children run without the DFG compiler too: most end soon after their start.
if (childEnv.BUN_JSC_useFTLJIT === '0') childEnv.BUN_JSC_useDFGJIT = '0'

/** The settings of a server that a trial, a bench or a test starts, on a free port. `token` makes its holder the operator. */
export const trialSettings = (dataDir: string, token: string) => ({
  PORT: '0',
  HOST: '127.0.0.1',
  DATA_DIR: dataDir,
  ADMIN_TOKEN: token,
  RATE_LIMIT: '0',
  ALLOW_PRIVATE_FEEDS: 'true',
})
