/** Imported before anything else. */

/** Elysia describes refused input at length, for developers, unless told not to. We say it ourselves. */
process.env.NODE_ENV ??= 'production'

/** What is kept holds addresses of people and hashes of their secrets: other users of the machine may not read it. */
process.umask(0o077)
