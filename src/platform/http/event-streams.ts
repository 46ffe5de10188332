/** Server-sent events that survive quiet minutes and end at shutdown. */
export type Send = (data: unknown, event?: string) => void

export type Streams = ReturnType<typeof openStreams>

const lookEvery = 500 // ms
const allowedEvery = 1_000 // ms between two looks whether the client may still listen
const heartbeatEvery = 15_000 // ms: shorter than any proxy's patience

const mostUnread = 500 // messages kept for a client that does not read

/** For looks that nobody waits for: where one fails the stream ends, and not the process. The client comes back and is told. */
export const orEndStream = (end: () => void, look: () => void) => () => {
  try {
    look()
  } catch {
    end()
  }
}

/** `stillAllowed` answers how to ask whether a request would be let in as it was. */
export function openStreams(stillAllowed: (request: Request) => () => boolean) {
  const open = new Set<() => void>()
  const streams = {
    size: () => open.size,
    /** Says the version of something at first and whenever it is another: what changed is fetched by who wants it. */
    versions(request: Request, versionOf: () => string): Response {
      return streams.response(request, (send, end) => {
        let sent = ''
        const look = () => {
          const version = versionOf()
          if (version !== sent) send({ version }, 'changed')
          sent = version
        }
        look() // refuses whom there is nothing to tell
        const timer = setInterval(orEndStream(end, look), lookEvery)
        return () => clearInterval(timer)
      })
    },
    /**
     * Calls `begin` once; what it answers is called when the client has gone or the stream is closed. The first bytes go
     * out at once, so that the client knows it is connected. It ends with the session or key it was asked for with.
     */
    response(request: Request, begin: (send: Send, end: () => void) => () => void): Response {
      let finish = () => {}
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          const encoder = new TextEncoder()
          let over = false
          const write = (text: string) => {
            if (over) return
            if ((controller.desiredSize ?? 0) < -mostUnread) return finish() // it can come back and read on
            controller.enqueue(encoder.encode(text))
          }
          const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatEvery)
          const isAllowed = stillAllowed(request)
          const endUnlessAllowed = () => {
            if (!isAllowed()) finish()
          }
          const guard = setInterval(
            orEndStream(() => finish(), endUnlessAllowed),
            allowedEvery,
          )
          write('retry: 2000\n\n')
          let stop = () => {}
          finish = () => {
            if (over) return
            over = true
            clearInterval(heartbeat)
            clearInterval(guard)
            open.delete(finish)
            stop()
            try {
              controller.close()
            } catch {
              // The client closed it first.
            }
          }
          open.add(finish)
          stop = begin(
            (data, event) => write(`${event ? `event: ${event}\n` : ''}data: ${JSON.stringify(data)}\n\n`),
            finish,
          )
          if (over) stop()
        },
        cancel: () => finish(),
      })
      return new Response(stream, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
    },
    close() {
      for (const finish of [...open]) finish()
    },
  }
  return streams
}
