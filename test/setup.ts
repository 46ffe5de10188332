import { afterEach } from 'bun:test'
import { stopEverything } from './start.ts'

afterEach(stopEverything)
