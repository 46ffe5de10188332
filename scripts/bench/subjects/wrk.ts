/** Requests as fast as they are answered, sent by wrk. */
import { join } from 'node:path'
import { Missing } from '../comparison.ts'

export const withoutWrk = () => (Bun.which('wrk') ? undefined : new Missing('wrk is not installed'))

export type WrkLoad = {
  headers?: Record<string, string>
  connections?: number
  seconds?: number
  /** Answers other than 2xx are expected. */
  anyStatus?: boolean
  /** Lua that makes the requests, in a folder that is removed afterwards. */
  script?: { folder: string; lua: string }
}

/** Requests a second; any refusal is an error, unless `anyStatus` is set. */
export async function wrk(
  url: string,
  { headers = {}, connections = 32, seconds = 1, anyStatus, script }: WrkLoad = {},
) {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  if (script) {
    const path = join(script.folder, 'requests.lua')
    await Bun.write(path, script.lua)
    lines.push('-s', path)
  }
  const child = Bun.spawn(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, ...lines, url], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const text = await new Response(child.stdout).text()
  const requests = Number(/(\d+) requests in/.exec(text)?.[1])
  if ((/Non-2xx/.test(text) && !anyStatus) || !requests) throw new Error(`${url}: ${text}`)
  return { requests, rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]) }
}
