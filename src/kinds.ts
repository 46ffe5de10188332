/** Where scores come from: every kind of league. */
import type { Kinds } from './leagues/kinds.ts'

export const kinds: Kinds = {}
