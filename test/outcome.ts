export { outcome } from '../packages/bullmq-sqlite/test/support.ts'
