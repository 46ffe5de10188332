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

/** Thrown inside an operation, which it undoes; the backend words it for the user. */
export class Refused extends Error {
  constructor(readonly code: Code) {
    super(`refused (${code})`)
  }
}

export interface Circumstance {
  command: string
  jobId?: string
  parentKey?: string
  state?: string
}

/** The error a user of BullMQ knows for that number: same text, same `code`. */
export function refusal(code: Code, circumstance: Circumstance): Error {
  const error = new Error(describe(code, circumstance))
  // A worker tells by this name that trying again is of no use.
  if (code === Code.jobHasFailedChildren) error.name = 'UnrecoverableError'
  return Object.assign(error, { code })
}

function describe(code: Code, { command, jobId, parentKey, state }: Circumstance): string {
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
      return `Lock mismatch for job ${jobId}. Cmd ${command} from ${state}`
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
