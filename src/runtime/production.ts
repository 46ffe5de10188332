/** Imported before anything else: Elysia describes refused input at length, for developers, unless told not to. We say it ourselves. */
process.env.NODE_ENV ??= 'production'
