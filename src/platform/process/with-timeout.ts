/** What others may answer late or never (Redis above all) is not waited for longer than this. */
export const withTimeout = <T>(answer: Promise<T>, patience = 700): Promise<T> =>
  Promise.race([
    answer,
    Bun.sleep(patience).then((): never => {
      throw new Error(`No answer within ${patience} ms`)
    }),
  ]).catch(error => {
    throw noConnection.test(String(error)) ? new Error('no connection to it', { cause: error }) : error
  })

/** As ioredis says it. */
const noConnection = /enableOfflineQueue|connection is closed|max retries per request|ECONNREFUSED/i
