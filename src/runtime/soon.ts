/** What others may answer late or never (Redis above all) is not waited for longer than this. */
export const soon = <T>(answer: Promise<T>, patience = 700): Promise<T> =>
  Promise.race([
    answer,
    Bun.sleep(patience).then((): never => {
      throw new Error(`No answer within ${patience} ms`)
    }),
  ])
