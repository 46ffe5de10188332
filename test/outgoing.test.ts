import { afterEach, describe, expect, test } from 'bun:test'
import { createServer, type Server } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { outcome } from '../packages/bullmq-sqlite/test/outcome.ts'
import { checkUrl, getJson, OutgoingFailure, type OutgoingOptions, postJson } from '../src/platform/http/outgoing.ts'
import { isPublicAddress } from '../src/platform/http/public-address.ts'

const closers: Array<() => void> = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

type RecordedRequest = { path: string; method: string; headers: Headers; body: string }

/** A server on loopback that records its requests. */
function serve(answer: (request: Request) => Response | Promise<Response>) {
  const requests: RecordedRequest[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 60,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      requests.push({
        path: pathname + search,
        method: request.method,
        headers: request.headers,
        body: await request.text(),
      })
      return answer(request)
    },
  })
  closers.push(() => server.stop(true))
  return { requests, port: server.port ?? 0, url: `http://127.0.0.1:${server.port}/feed` }
}

/** A server that sends raw bytes, then closes the connection or leaves it open. */
async function serveBytes(bytes: string | Uint8Array, then: 'hang up' | 'stay silent' = 'hang up') {
  const server: Server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => (then === 'hang up' ? socket.end(bytes) : socket.write(bytes)))
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  closers.push(() => server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/feed`
}

const anywhere: OutgoingOptions = { allowPrivate: true, timeoutMs: 15_000 }
/** Treats 127.0.0.1 as a public address, and every other address as usual. */
const publicOnly: OutgoingOptions = {
  allowPrivate: false,
  timeoutMs: 15_000,
  isPublic: address => address === '127.0.0.1' || isPublicAddress(address),
}

async function failure(work: Promise<unknown>): Promise<OutgoingFailure> {
  const thrown = await work.then(
    () => null,
    error => error,
  )
  if (!(thrown instanceof OutgoingFailure)) throw thrown ?? new Error('It succeeded')
  return thrown
}

describe('addresses', () => {
  test.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '100.127.255.255',
    '198.18.0.1',
    '192.0.0.192',
    '192.0.2.1',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:0:1::1',
    '2001:db8::1',
    '100::1',
    'localhost',
    '',
  ])('%p is not public', address => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('%p is public', address => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('what may be reached', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://[::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://①②⑦.0.0.1/',
    'https://10.0.0.1/',
    'ftp://8.8.8.8/',
    'file:///etc/passwd',
    'data:application/json,{}',
    'javascript:1',
    'nonsense',
    '',
  ])('%p is refused as soon as it is entered', url => {
    expect(() => checkUrl(url, { allowPrivate: false })).toThrow(OutgoingFailure)
  })

  test('with private addresses allowed, only the scheme is checked', () => {
    expect(checkUrl('http://192.168.1.5:8080/feed', { allowPrivate: true }).host).toBe('192.168.1.5:8080')
    expect(() => checkUrl('file:///etc/passwd', { allowPrivate: true })).toThrow('Only http and https')
  })

  test('a name that resolves to loopback is refused before any connection', async () => {
    const { requests, port } = serve(() => Response.json({}))
    for (const host of ['localhost', 'localhost.', '127.0.0.1']) {
      expect((await failure(getJson(`http://${host}:${port}/feed`, { allowPrivate: false }))).code).toBe('refused')
    }
    expect(requests).toEqual([])
  })

  test('one private address among several is enough to refuse', async () => {
    const resolve = async () => ['127.0.0.1', '169.254.169.254']
    expect((await failure(getJson('http://feed.example/', { ...publicOnly, resolve }))).code).toBe('refused')
  })

  test('the connection is made to the address that was checked: the name is resolved once', async () => {
    const { requests, port } = serve(() => Response.json({ ok: true }))
    const answers = [['127.0.0.1'], ['10.0.0.1']]
    const resolve = async () => answers.shift() ?? []
    await getJson(`http://feed.invalid:${port}/feed?key=1`, { ...publicOnly, resolve })
    expect(requests.map(({ path, headers }) => [path, headers.get('host')])).toEqual([
      ['/feed?key=1', `feed.invalid:${port}`],
    ])
    expect(answers).toEqual([['10.0.0.1']])
  })

  test('a path that looks like another host stays a path', async () => {
    const { requests, port } = serve(() => Response.json(1))
    await getJson(`http://127.0.0.1:${port}//10.0.0.1:22/x?y=//z#w`, publicOnly)
    expect(requests.length).toBe(1)
    expect(requests[0]?.path).toEndWith('/10.0.0.1:22/x?y=//z')
  })

  test('an address that does not answer gives way to the next', async () => {
    const { port } = serve(() => Response.json([7]))
    const resolve = async () => ['127.0.0.9', '127.0.0.1']
    expect(await getJson(`http://feed.invalid:${port}/`, { ...anywhere, resolve })).toMatchObject({ json: [7] })
  })

  test('an unknown name is a network failure', async () => {
    const resolve = async () => []
    expect((await failure(getJson('http://feed.invalid/', { ...publicOnly, resolve }))).code).toBe('network')
    expect((await failure(getJson('http://feed.invalid/', publicOnly))).code).toBe('network')
  })
})

describe('redirects', () => {
  test('up to three are followed, a fourth is refused', async () => {
    const { url, requests } = serve(request => {
      const left = Number(new URL(request.url).searchParams.get('left') ?? 3)
      return left > 0 ? Response.redirect(`/feed?left=${left - 1}`, 302) : Response.json('there')
    })
    expect(await getJson(url, publicOnly)).toMatchObject({ json: 'there' })
    expect(requests.length).toBe(4)
    expect(await failure(getJson(`${url}?left=4`, publicOnly))).toMatchObject({ code: 'refused' })
  })

  test.each([
    'http://127.0.0.2/',
    'http://169.254.169.254/latest',
    'http://[::1]/',
    'file:///etc/passwd',
    'http://localhost.localdomain/',
    '//10.0.0.1/x',
    'http://',
  ])('one to %p is refused', async target => {
    const { url } = serve(() => new Response(null, { status: 307, headers: { location: target } }))
    const resolve = async () => ['10.9.8.7']
    expect((await failure(getJson(url, { ...publicOnly, resolve }))).code).toBe('refused')
  })

  test('one to a name is resolved and checked like the first', async () => {
    const { url, port } = serve(request =>
      request.url.endsWith('/feed') ? Response.redirect(`http://inside.example:${port}/x`) : Response.json(1),
    )
    const hosts: string[] = []
    const resolve = async (host: string) => {
      hosts.push(host)
      return ['192.168.0.10']
    }
    expect((await failure(getJson(url, { ...publicOnly, resolve }))).code).toBe('refused')
    expect(hosts).toEqual(['inside.example'])
  })

  test('credentials stay with the origin they were given for', async () => {
    const other = serve(() => Response.json('elsewhere'))
    const home = serve(({ url }) => (url.endsWith('/away') ? Response.redirect(other.url) : Response.redirect('/away')))
    const url = home.url.replace('http://', 'http://officer:p%40ss@')
    await getJson(url, { ...publicOnly, headers: { 'x-api-key': 'secret', cookie: 'session=1' } })

    const login = `Basic ${btoa('officer:p@ss')}`
    expect(home.requests.map(({ headers }) => headers.get('authorization'))).toEqual([login, login])
    expect(home.requests.map(({ headers }) => headers.get('x-api-key'))).toEqual(['secret', 'secret'])
    const [arrived] = other.requests
    for (const name of ['authorization', 'x-api-key', 'cookie', 'referer'])
      expect(arrived?.headers.get(name)).toBeNull()

    await getJson(home.url.replace('http://', 'http://officer:100%@'), publicOnly)
    expect(home.requests.at(-1)?.headers.get('authorization')).toBe(`Basic ${btoa('officer:100%')}`)
  })

  test('a POST is repeated by 307 and 308 and fails by the others', async () => {
    const { url, requests, port } = serve(request => {
      const status = Number(new URL(request.url).searchParams.get('by'))
      return status
        ? new Response(null, { status, headers: { location: '/landed' } })
        : new Response(null, { status: 204 })
    })
    expect(await postJson(`${url}?by=308`, { text: 'final' }, publicOnly)).toBe(204)
    expect(requests.at(-1)).toMatchObject({ path: '/landed', method: 'POST', body: '{"text":"final"}' })
    expect(requests.at(-1)?.headers.get('host')).toBe(`127.0.0.1:${port}`)
    expect(await failure(postJson(`${url}?by=302`, {}, publicOnly))).toMatchObject({ code: 'http_status', status: 302 })
  })
})

describe('limits', () => {
  test('an endless answer is cut off at the limit', async () => {
    let sent = 0
    const { url } = serve(
      () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              sent += 65_536
              controller.enqueue(new Uint8Array(65_536).fill(32))
            },
          }),
        ),
    )
    expect((await failure(getJson(url, { ...anywhere, maxBytes: 500_000 }))).code).toBe('too_large')
    expect(sent).toBeLessThan(100_000_000)
  })

  test('an answer may be as large as the limit and no larger', async () => {
    const json = `[${'1,'.repeat(999)}1]`
    const { url } = serve(() => new Response(json))
    expect(await getJson(url, { ...anywhere, maxBytes: json.length })).toMatchObject({ bytes: json.length })
    expect((await failure(getJson(url, { ...anywhere, maxBytes: json.length - 1 }))).code).toBe('too_large')
  })

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('a small answer that unpacks to a huge one (%s) is cut off too', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(50_000_000, 32))
    const { url } = serve(() => new Response(bomb, { headers: { 'content-encoding': encoding } }))
    expect((await failure(getJson(url, { ...anywhere, maxBytes: 1_000_000 }))).code).toBe('too_large')
  })

  test.each([
    ['silence', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\ncontent-'],
    ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":'],
  ])('%s ends in a timeout', async (_, bytes) => {
    const url = await serveBytes(bytes, 'stay silent')
    expect((await failure(getJson(url, { ...anywhere, timeoutMs: 300 }))).code).toBe('timeout')
  })

  test('a name server that never answers ends in a timeout', async () => {
    const resolve = () => new Promise<string[]>(() => {})
    expect((await failure(getJson('http://feed.example/', { ...publicOnly, resolve, timeoutMs: 200 }))).code).toBe(
      'timeout',
    )
  })

  test("the caller's own abort passes through as it is", async () => {
    const url = await serveBytes('', 'stay silent')
    const stop = new AbortController()
    const work = getJson(url, { ...anywhere, signal: stop.signal })
    stop.abort(new Error('shutting down'))
    expect(await outcome(work)).toThrow('shutting down')
  })
})

describe('answers', () => {
  test.each([
    ['cut short by length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":1', 'network'],
    ['cut short in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n', 'network'],
    ['that are not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', 'network'],
    ['that end in the middle', 'HTTP/1.1 200 OK\r\n\r\n{"a":[1,', 'not_json'],
    ['of HTML', 'HTTP/1.1 200 OK\r\n\r\n<!doctype html><h1>Maintenance</h1>', 'not_json'],
    ['of nothing', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 'not_json'],
    ['of Latin-1', Buffer.from('HTTP/1.1 200 OK\r\n\r\n["\xc5berg"]', 'latin1'), 'not_json'],
    ['packed badly', 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello', 'network'],
    ['packed strangely', 'HTTP/1.1 200 OK\r\ncontent-encoding: __proto__\r\ncontent-length: 2\r\n\r\n{}', 'network'],
    ['nested without end', `HTTP/1.1 200 OK\r\n\r\n${'['.repeat(1_000_000)}`, 'not_json'],
  ])('%s fail with the code of their cause', async (_, bytes, code) => {
    expect(await failure(getJson(await serveBytes(bytes), anywhere))).toMatchObject({ code })
  })

  test('no server is a network failure', async () => {
    const { url } = serve(() => Response.json(1))
    for (const close of closers.splice(0)) close()
    expect((await failure(getJson(url, anywhere))).code).toBe('network')
  })

  test('other statuses come with what the server asked for', async () => {
    const { url } = serve(() => new Response('slow down', { status: 429, headers: { 'retry-after': '7' } }))
    expect(await failure(getJson(url, anywhere))).toMatchObject({
      code: 'http_status',
      status: 429,
      retryAfterMs: 7000,
    })
  })

  test('JSON is read whatever its content type, its packing and its byte order mark', async () => {
    const json = '{"name":"Åberg, José"}'
    const { url } = serve(request => {
      if (request.url.endsWith('gzip')) return new Response(gzipSync(json), { headers: { 'content-encoding': 'gzip' } })
      if (request.url.endsWith('br'))
        return new Response(brotliCompressSync(json), { headers: { 'content-encoding': 'BR' } })
      return new Response(`\uFEFF${json}`, { headers: { 'content-type': 'text/plain' } })
    })
    for (const how of ['', '?gzip', '?br']) {
      expect(await getJson(url + how, anywhere)).toMatchObject({ json: { name: 'Åberg, José' } })
    }
  })

  test('ETag and Last-Modified are sent back, and 304 has no body', async () => {
    const { url, requests } = serve(({ headers }) => {
      if (headers.get('if-none-match') === '"v1"') return new Response(null, { status: 304 })
      return Response.json(1, { headers: { etag: '"v1"', 'last-modified': 'Thu, 14 May 2026 07:00:00 GMT' } })
    })
    const first = await getJson(url, anywhere)
    if (first.kind !== 'fresh') throw new Error('nothing was sent')
    expect(first.validators).toEqual({ etag: '"v1"', lastModified: 'Thu, 14 May 2026 07:00:00 GMT' })
    expect(await getJson(url, anywhere, first.validators)).toEqual({ kind: 'unchanged' })
    expect(requests[1]?.headers.get('if-modified-since')).toBe('Thu, 14 May 2026 07:00:00 GMT')
  })

  test('an unexpected 304 is a failure', async () => {
    const { url } = serve(() => new Response(null, { status: 304 }))
    expect(await failure(getJson(url, anywhere))).toMatchObject({ code: 'http_status', status: 304 })
  })

  test('an absurd ETag is not kept', async () => {
    const { url } = serve(() => Response.json(1, { headers: { etag: `"${'x'.repeat(5000)}"` } }))
    expect(await getJson(url, anywhere)).toMatchObject({ validators: { etag: null } })
  })
})

test('failures do not reveal paths, queries and logins', async () => {
  const { url } = serve(() => new Response(null, { status: 500 }))
  const secret = url.replace('http://', 'http://me:hunter2@').replace('/feed', '/webhooks/token?key=abc')
  const attempts = [
    () => getJson(secret, anywhere),
    () => postJson(secret, {}, anywhere),
    () => getJson(secret, { allowPrivate: false }),
  ]
  for (const attempt of attempts) {
    const { message } = await failure(attempt())
    for (const word of ['hunter2', 'token', 'abc']) expect(message).not.toContain(word)
  }
})

test('headers that a wrapped global fetch would add are not sent', async () => {
  const { url, requests } = serve(() => Response.json(1))
  const before = globalThis.fetch
  const wrapped = (...args: Parameters<typeof fetch>) =>
    before(args[0], { ...args[1], headers: { 'sentry-trace': '1', baggage: '1' } })
  globalThis.fetch = Object.assign(wrapped, { preconnect: before.preconnect })
  try {
    await getJson(url, anywhere)
  } finally {
    globalThis.fetch = before
  }
  const sent = [...(requests[0]?.headers.keys() ?? [])].sort()
  expect(sent).toEqual(['accept', 'accept-encoding', 'host', 'user-agent'])
})

describe('TLS to a checked address', () => {
  const fixture = (name: string) => Bun.file(`${import.meta.dir}/fixtures/tls/${name}`)

  async function serveTls() {
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      tls: { cert: await fixture('cert.pem').text(), key: await fixture('key.pem').text() },
      fetch: request =>
        request.url.endsWith('/down')
          ? Response.redirect('http://feed.example/')
          : Response.json(request.headers.get('host')),
    })
    closers.push(() => server.stop(true))
    return server.port ?? 0
  }

  /** In a separate process, because Bun reads additional certificate authorities only at its start. */
  async function getTrusting(url: string) {
    const script = `
      const { getJson } = await import('../src/platform/http/outgoing.ts')
      const resolve = async () => ['127.0.0.1']
      const answer = await getJson(process.argv.at(-1), { allowPrivate: true, resolve }).catch(error => ({ code: error.code, message: error.message }))
      console.log(JSON.stringify(answer))`
    const child = Bun.spawn([process.execPath, '-e', script, url], {
      cwd: import.meta.dir,
      env: { ...process.env, NODE_EXTRA_CA_CERTS: `${import.meta.dir}/fixtures/tls/cert.pem` },
      stdout: 'pipe',
    })
    return JSON.parse(await new Response(child.stdout).text())
  }

  test('is made with the name of the host, and its certificate has to be for that name', async () => {
    const port = await serveTls()
    expect(await getTrusting(`https://feed.example:${port}/`)).toMatchObject({ json: `feed.example:${port}` })
    expect(await getTrusting(`https://other.example:${port}/`)).toMatchObject({
      code: 'network',
      message: expect.stringContaining('ALTNAME'),
    })
  }, 20_000)

  test('does not let itself be redirected to plain http', async () => {
    const port = await serveTls()
    expect(await getTrusting(`https://feed.example:${port}/down`)).toMatchObject({ code: 'refused' })
  }, 20_000)

  test('fails on an untrusted certificate', async () => {
    const resolve = async () => ['127.0.0.1']
    const failed = await failure(getJson(`https://feed.example:${await serveTls()}/`, { ...anywhere, resolve }))
    expect(failed).toMatchObject({ code: 'network', message: expect.stringContaining('SELF_SIGNED') })
  })
})
