import { parentPort, workerData } from 'node:worker_threads'
import { type News, run } from './run.ts'

/** A thread for one roster: it is ended from outside, in the middle of whatever it computes. */
await run(workerData, (news: News) => parentPort?.postMessage(news))
