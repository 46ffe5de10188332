/**
 * The result of a promise as a function that returns or throws it, for `expect(…).toThrow`. Bun's `expect(promise).rejects` runs
 * the event loop inside itself, and waits for ever when the promise needs the rest of the turn that it interrupts.
 */
export const outcome = <T>(promise: PromiseLike<T>): Promise<() => T> =>
  Promise.resolve(promise).then(
    value => () => value,
    error => () => {
      throw error
    },
  )
