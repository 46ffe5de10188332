/** What a child process gets of our environment: where programs are, and how `scripts/test.ts` lets Bun run. */
const passedOn = /^(PATH|HOME|BUN_(JSC|GC)_.*|MIMALLOC_.*)$/
export const childEnv: Record<string, string> = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value = '']) => (passedOn.test(name) ? [[name, value]] : [])),
)
// Where it turns the optimising compilers off, children run without the DFG compiler too: most end soon after their start.
if (childEnv.BUN_JSC_useFTLJIT === '0') childEnv.BUN_JSC_useDFGJIT = '0'
