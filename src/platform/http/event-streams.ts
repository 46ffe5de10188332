/** Server-sent events: heartbeats keep quiet streams open, and shutdown ends them. */
export type Send = (data: unknown, event?: string) => void

export type Streams = ReturnType<typeof openStreams>

const versionCheckInterval = 500 // ms
const accessCheckInterval = 1_000 // ms between two checks that the client may still listen
const heartbeatInterval = 15_000 // ms: shorter than the idle timeout of any proxy

const maxUnread = 500 // messages kept for a client that does not read

/** Wraps what a timer calls: an error ends the stream, not the process. The client reconnects and gets the error as its answer. */
export const endingStreamOnError = (end: () => void, check: () => void) => () => {
  try {
    check()
  } catch {
    end()
  }
}

/** Calls `send` for each event, and `end` at the last. Returns what stops it. */
type Begin = (send: Send, end: () => void) => () => void

/** `stillAllowed` returns a check whether the same request would still be let in. */
export function openStreams(stillAllowed: (request: Request) => () => boolean) {
  /** What ends each of the open streams. */
  const open = new Set<() => void>()

  /** Writes to one client until its stream ends. Returns what ends it. */
  function serveClient(
    client: ReadableStreamDefaultController<Uint8Array>,
    request: Request,
    begin: Begin,
  ): () => void {
    const encoder = new TextEncoder()
    let isOver = false
    let stop = () => {}
    function finish() {
      if (isOver) return
      isOver = true
      clearInterval(heartbeat)
      clearInterval(accessTimer)
      open.delete(finish)
      stop()
      try {
        client.close()
      } catch {
        // The client closed it first.
      }
    }
    function write(text: string) {
      if (isOver) return
      if ((client.desiredSize ?? 0) < -maxUnread) return finish() // it can reconnect and read on
      client.enqueue(encoder.encode(text))
    }
    const send: Send = (data, event) => write(`${event ? `event: ${event}\n` : ''}data: ${JSON.stringify(data)}\n\n`)
    const isAllowed = stillAllowed(request)
    const endUnlessAllowed = () => {
      if (!isAllowed()) finish()
    }
    const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatInterval)
    const accessTimer = setInterval(endingStreamOnError(finish, endUnlessAllowed), accessCheckInterval)
    open.add(finish)
    write('retry: 2000\n\n')
    try {
      stop = begin(send, finish)
    } catch (error) {
      finish() // a refusal is the answer, and no timer goes on
      throw error
    }
    if (isOver) stop()
    return finish
  }

  const streams = {
    size: () => open.size,
    /** Sends the version of something at the start and at each change; the client then fetches what changed. */
    versions(request: Request, versionOf: () => string): Response {
      return streams.response(request, (send, end) => {
        let sent = ''
        const sendIfChanged = () => {
          const version = versionOf()
          if (version !== sent) send({ version }, 'changed')
          sent = version
        }
        sendIfChanged() // throws a refusal where there is nothing to show
        const timer = setInterval(endingStreamOnError(end, sendIfChanged), versionCheckInterval)
        return () => clearInterval(timer)
      })
    },
    /**
     * Calls `begin` once, and the function it returns when the client has gone or the stream is closed. The first bytes go
     * out at once, so that the client knows it is connected. The stream ends with its session or key.
     */
    response(request: Request, begin: Begin): Response {
      let finish = () => {}
      const stream = new ReadableStream<Uint8Array>({
        start(client) {
          finish = serveClient(client, request, begin)
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
