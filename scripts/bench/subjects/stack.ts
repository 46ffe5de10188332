/** FastAPI, Celery, Redis and pandas as Debian has them, each a process of its own: `peers/stack.py`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../trials/free-port.ts'
import { Missing } from '../comparison.ts'
import { uploadForm } from '../upload-form.ts'
import { memoryMb, peakMb, processorMs, waitFor } from './processes.ts'

const packages = 'python3-{fastapi,uvicorn,uvloop,httptools,multipart,celery,redis,hiredis,pandas,openpyxl}'
const modules = 'pandas, openpyxl, fastapi, celery, redis, hiredis, multipart, uvicorn, uvloop, httptools'
let pythonPath: string | undefined
const findPython = () =>
  (pythonPath ??= ['/usr/bin/python3', 'python3'].find(
    path => Bun.spawnSync([path, '-c', `import ${modules}`], { stderr: 'ignore' }).exitCode === 0,
  ))

export type Stack = Exclude<Awaited<ReturnType<typeof openStack>>, Missing>

export async function openStack(parent: string) {
  const python = findPython()
  if (!python) return new Missing(`no python3 here has it all (Debian: ${packages})`)
  if (!Bun.which('redis-server')) return new Missing('redis-server is not installed')
  const folder = await mkdtemp(join(parent, 'stack-'))
  const [port, redisPort] = [freePort(), freePort()]
  const url = `http://127.0.0.1:${port}`
  const env = {
    ...process.env,
    PEER_FOLDER: folder,
    PEER_REDIS: `redis://127.0.0.1:${redisPort}/0`,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONWARNINGS: 'ignore',
  }
  const run = (...command: string[]) =>
    Bun.spawn(command, { env, cwd: join(import.meta.dir, '../peers'), stdout: 'ignore', stderr: 'ignore' })
  const began = performance.now()
  const uvicornOptions = ['--loop', 'uvloop', '--http', 'httptools', '--no-access-log', '--log-level', 'warning']
  const celeryOptions = [
    'worker',
    '-P',
    'solo',
    '--without-gossip',
    '--without-mingle',
    '--without-heartbeat',
    '--loglevel',
    'warning',
  ]
  const redis = run('redis-server', '--port', String(redisPort), '--save', '', '--dir', folder)
  const uvicorn = run(python, '-m', 'uvicorn', 'stack:app', '--port', String(port), ...uvicornOptions)
  const celery = run(python, '-m', 'celery', '-A', 'stack:jobs', ...celeryOptions)
  const pids = [redis, uvicorn, celery].map(({ pid }) => pid)
  const stop = async () => {
    for (const child of [celery, uvicorn, redis]) {
      child.kill(9)
      await child.exited
    }
    await rm(folder, { recursive: true, force: true })
  }
  const post = async (path: string) => (await fetch(url + path, { method: 'POST' })).json()
  try {
    await waitFor(async () => (await fetch(`${url}/livez`)).ok, uvicorn)
    await post('/noops?count=1') // the worker is there
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    readyMs: performance.now() - began,
    processorMs: () => processorMs(pids),
    peakMb: () => peakMb(pids),
    memoryMb: () => memoryMb(pids),
    post,
    /** Somebody's key, as headers. */
    async reader(user: number) {
      const key = `key-${user}`
      const hash = new Bun.CryptoHasher('sha256').update(key).digest('hex')
      const client = new Bun.RedisClient(env.PEER_REDIS)
      await client.set(`key:${hash}`, String(user))
      client.close()
      return { authorization: `Bearer ${key}` }
    },
    async upload(file: string | Blob, kind: 'baseline' | 'current') {
      const form = typeof file === 'string' ? await uploadForm(file) : file
      const began = performance.now()
      const { job_id } = await (await fetch(`${url}/uploads?kind=${kind}`, { method: 'POST', body: form })).json()
      const posted = performance.now() - began
      for (;;) {
        const job = await (await fetch(`${url}/jobs/${job_id}`)).json()
        if (job.status === 'SUCCESS') return { posted }
        if (job.status === 'FAILURE') throw new Error(JSON.stringify(job))
        await Bun.sleep(2)
      }
    },
    stop,
  }
}
