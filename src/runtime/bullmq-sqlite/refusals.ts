/** The numbers BullMQ gives to what its backends refuse. */
export const Code = {
  jobNotExist: -1,
  jobLockNotExist: -2,
  jobNotInState: -3,
  jobPendingChildren: -4,
  parentNotExist: -5,
  jobLockMismatch: -6,
  parentCannotBeReplaced: -7,
  jobBelongsToScheduler: -8,
  jobHasFailedChildren: -9,
  schedulerJobIdCollision: -10,
  schedulerSlotsBusy: -11,
} as const
export type Code = (typeof Code)[keyof typeof Code]

interface About {
  jobId?: string
  parentKey?: string
  state?: string
}

/** Thrown inside an operation, which it undoes. */
export class Refused extends Error {
  constructor(
    readonly code: Code,
    readonly about: About = {},
  ) {
    super(`refused (${code})`)
  }

  /** The error that users of BullMQ know: same text, same `code`. */
  inWordsOf(command: string): Error {
    const error = Object.assign(new Error(describe(this.code, this.about, command)), { code: this.code })
    // A worker tells by this name that trying again is of no use.
    if (this.code === Code.jobHasFailedChildren) error.name = 'UnrecoverableError'
    return error
  }
}

function describe(code: Code, { jobId, parentKey, state }: About, command: string): string {
  switch (code) {
    case Code.jobNotExist:
      return `Missing key for job ${jobId}. ${command}`
    case Code.jobLockNotExist:
      return `Missing lock for job ${jobId}. ${command}`
    case Code.jobNotInState:
      return `Job ${jobId} is not in the ${state} state. ${command}`
    case Code.jobPendingChildren:
      return `Job ${jobId} has pending dependencies. ${command}`
    case Code.parentNotExist:
      return `Missing key for parent job ${parentKey}. ${command}`
    case Code.jobLockMismatch:
      return `Lock mismatch for job ${jobId}. Cmd ${command} from active`
    case Code.parentCannotBeReplaced:
      return `The parent job ${parentKey} cannot be replaced. ${command}`
    case Code.jobBelongsToScheduler:
      return `Job ${jobId} belongs to a job scheduler and cannot be removed directly. ${command}`
    case Code.jobHasFailedChildren:
      return `Cannot complete job ${jobId} because it has at least one failed child. ${command}`
    case Code.schedulerJobIdCollision:
      return `Cannot create job scheduler iteration - job ID already exists. ${command}`
    case Code.schedulerSlotsBusy:
      return `Cannot create job scheduler iteration - current and next time slots already have jobs. ${command}`
  }
}
