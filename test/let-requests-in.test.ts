import { expect, test } from 'bun:test'
import { once } from 'node:events'
import { connect } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { letRequestsIn } from '../src/platform/process/let-requests-in.ts'

test('requests that have arrived are let in between two steps of what a thread has answered', async () => {
  let requests = 0
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response(String(++requests)) })
  const client = connect(Number(server.port), '127.0.0.1')
  const { port1, port2 } = new MessageChannel()
  try {
    await once(client, 'connect')
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(client, 'data') // the connection is accepted
    const answered = once(port1, 'message')
    port2.postMessage('done')
    await answered
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await letRequestsIn()
    expect(requests).toBe(2)
  } finally {
    client.destroy()
    port1.close()
    await server.stop(true)
  }
})
