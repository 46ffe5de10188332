/** What a fault is given: the service under test and those who use it. */
import type { Random } from '../random.ts'
import type { ReportFinding } from './audit.ts'
import type { Installation } from './installation.ts'
import type { World } from './world.ts'

export type Round = {
  installation: Installation
  world: World
  random: Random
  /** The longest pause before or after a fault; the shortest is a tenth of it. */
  seconds: number
  /** A port that accepts connections and never answers. */
  silentPort: number
  reportFinding: ReportFinding
  /** Lets all lanes act for this long. */
  act(ms: number): Promise<void>
}
