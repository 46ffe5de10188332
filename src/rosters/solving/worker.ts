import { type News, type Order, run } from './run.ts'

/** A thread for one roster: it is ended from outside, in the middle of whatever it computes. */
declare const self: Worker

self.onmessage = async ({ data: order }: MessageEvent<Order>) => {
  const tell = (news: News) => self.postMessage(news)
  await run(order, tell).catch(error =>
    tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
}
