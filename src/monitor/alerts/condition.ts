import type { Alert } from '../../alerts.ts'
import type { App } from '../../context.ts'

/** Something that can be wrong for a while. It is looked at each minute; what holds no longer resolves itself. */
export type Condition = {
  /** The keys of its alerts begin with this. */
  readonly prefix: string
  /** What is wrong right now. One that throws knows nothing: its alerts stay as they are. */
  look(app: App): readonly Alert[] | Promise<readonly Alert[]>
}
