import { afterAll, afterEach } from 'bun:test'
import { closeBrowser } from './browser.ts'
import { stopEverything } from './start.ts'

afterEach(stopEverything)
afterAll(closeBrowser)
