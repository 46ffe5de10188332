/** Counts acts, kills and findings, and prints them as the tables of docs/trust.md. */
import { type ActName, actNames } from './acts.ts'
import { type HarmName, harmNames, harms } from './harms.ts'

type Count = { rounds: number; kills: number; acts: number; findings: Set<string> }

export function openTally() {
  const counts = new Map<HarmName, Count>()
  const acted = new Map<ActName, number>()
  const leftOut: string[] = []
  const notes: string[] = []
  let givenUp = 0
  function countOf(harm: HarmName): Count {
    const known = counts.get(harm) ?? { rounds: 0, kills: 0, acts: 0, findings: new Set() }
    counts.set(harm, known)
    return known
  }
  const findings = () => [...counts.values()].reduce((sum, count) => sum + count.findings.size, 0)
  return {
    findings,
    acted(harm: HarmName, act: ActName) {
      countOf(harm).acts++
      acted.set(act, (acted.get(act) ?? 0) + 1)
    },
    round(harm: HarmName, kills: number) {
      countOf(harm).rounds++
      countOf(harm).kills += kills
    },
    found(harm: HarmName, what: string) {
      const { findings } = countOf(harm)
      if (!findings.has(what)) console.log(`found, ${harm}: ${what}`)
      findings.add(what)
    },
    gaveUp(times: number) {
      givenUp += times
    },
    leaveOut: (what: string) => void leftOut.push(what),
    note: (what: string) => void notes.push(what),
    print(seed: number) {
      console.log(
        '\n| what | rounds | processes killed | acts acknowledged | findings |\n| --- | --- | --- | --- | --- |',
      )
      for (const harm of harmNames) {
        const count = counts.get(harm)
        if (!count) continue
        const { rounds, kills, acts, findings } = count
        console.log(`| ${harms[harm].says} | ${rounds} | ${kills} | ${acts} | ${findings.size || 'none'} |`)
      }
      const told = actNames.flatMap(name => (acted.get(name) ? `${acted.get(name)} × ${name}` : []))
      console.log(`\nAcknowledged: ${told.join(', ') || 'nothing'}`)
      if (givenUp) console.log(`Runs given up because their process was killed too often, and retried: ${givenUp}`)
      for (const what of leftOut) console.log(`Left out: ${what}`)
      for (const what of notes) console.log(what)
      console.log(`${findings()} findings, seed ${seed}`)
    },
  }
}
