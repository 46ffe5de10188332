/** Imported before anything else. */

/** Without it Elysia describes refused input at length, for developers. We write our own messages. */
process.env.NODE_ENV ??= 'production'

/** Our files hold people's addresses and hashes of their secrets: other users of the machine may not read them. */
process.umask(0o077)
