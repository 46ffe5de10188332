/** Refusals with BullMQ's codes and texts. */
const refusals = {
  jobNotExist: [-1, 'Missing key for job {jobId}. {command}'],
  jobLockNotExist: [-2, 'Missing lock for job {jobId}. {command}'],
  jobNotInState: [-3, 'Job {jobId} is not in the {state} state. {command}'],
  jobPendingChildren: [-4, 'Job {jobId} has pending dependencies. {command}'],
  parentNotExist: [-5, 'Missing key for parent job {parentKey}. {command}'],
  jobLockMismatch: [-6, 'Lock mismatch for job {jobId}. Cmd {command} from active'],
  parentCannotBeReplaced: [-7, 'The parent job {parentKey} cannot be replaced. {command}'],
  jobBelongsToScheduler: [-8, 'Job {jobId} belongs to a job scheduler and cannot be removed directly. {command}'],
  jobHasFailedChildren: [-9, 'Cannot complete job {jobId} because it has at least one failed child. {command}'],
  nextRunExists: [-10, 'Cannot create job scheduler iteration - job ID already exists. {command}'],
  slotsBusy: [-11, 'Cannot create job scheduler iteration - current and next time slots already have jobs. {command}'],
} as const

/** Thrown inside an operation, which is then rolled back. */
export class Refused extends Error {
  readonly why: keyof typeof refusals
  readonly code: number

  constructor(why: keyof typeof refusals, details: Record<string, string | undefined> = {}) {
    super(
      refusals[why][1].replace(/{(\w+)}/g, (placeholder, name) =>
        name === 'command' ? placeholder : String(details[name]),
      ),
    )
    this.why = why
    this.code = refusals[why][0]
  }

  /** The error as BullMQ throws it: same text, same `code`. */
  asBullMqError(command: string): Error {
    const error = new Error(this.message.replace('{command}', command))
    // By this name a worker knows that a retry is useless.
    if (this.why === 'jobHasFailedChildren') error.name = 'UnrecoverableError'
    return Object.assign(error, { code: this.code })
  }
}
