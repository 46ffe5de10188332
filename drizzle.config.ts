import { defineConfig } from 'drizzle-kit'

/** `bun run migration NAME` writes the next file of db/migrations from db/schema.ts. */
export default defineConfig({ dialect: 'sqlite', schema: './db/schema.ts', out: './db/migrations' })
