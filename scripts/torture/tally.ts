/** Counts actions, kills and findings, and prints them as the tables of docs/trust.md. */
import { type ActionName, actionNames } from './actions.ts'
import { type FaultName, faultNames, tortureFaults } from './faults.ts'

type Count = { rounds: number; kills: number; actions: number; findings: Set<string> }

export function openTally() {
  const counts = new Map<FaultName, Count>()
  const actionCounts = new Map<ActionName, number>()
  const skipped: string[] = []
  const notes: string[] = []
  let givenUp = 0
  function countOf(fault: FaultName): Count {
    const count = counts.get(fault) ?? { rounds: 0, kills: 0, actions: 0, findings: new Set() }
    counts.set(fault, count)
    return count
  }
  const findings = () => [...counts.values()].reduce((sum, count) => sum + count.findings.size, 0)
  return {
    findings,
    countAction(fault: FaultName, action: ActionName) {
      countOf(fault).actions++
      actionCounts.set(action, (actionCounts.get(action) ?? 0) + 1)
    },
    countRound(fault: FaultName, kills: number) {
      countOf(fault).rounds++
      countOf(fault).kills += kills
    },
    addFinding(fault: FaultName, what: string) {
      const { findings } = countOf(fault)
      if (!findings.has(what)) console.log(`found, ${fault}: ${what}`)
      findings.add(what)
    },
    countGivenUp(times: number) {
      givenUp += times
    },
    skip: (what: string) => void skipped.push(what),
    note: (what: string) => void notes.push(what),
    print(seed: number) {
      console.log(
        '\n| what | rounds | processes killed | actions acknowledged | findings |\n| --- | --- | --- | --- | --- |',
      )
      for (const fault of faultNames) {
        const count = counts.get(fault)
        if (!count) continue
        const { rounds, kills, actions, findings } = count
        console.log(
          `| ${tortureFaults[fault].description} | ${rounds} | ${kills} | ${actions} | ${findings.size || 'none'} |`,
        )
      }
      const acknowledged = actionNames.flatMap(name =>
        actionCounts.get(name) ? `${actionCounts.get(name)} × ${name}` : [],
      )
      console.log(`\nAcknowledged: ${acknowledged.join(', ') || 'nothing'}`)
      if (givenUp) console.log(`Runs given up because their process was killed too often, and retried: ${givenUp}`)
      for (const what of skipped) console.log(`Left out: ${what}`)
      for (const what of notes) console.log(what)
      console.log(`${findings()} findings, seed ${seed}`)
    },
  }
}
