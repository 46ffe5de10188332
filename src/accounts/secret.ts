/** Random secrets: handed out once, stored as their hash. */
import { timingSafeEqual } from 'node:crypto'

/** 256 random bits cannot be guessed, so a fast hash is enough. */
export const newSecret = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')

export const hashSecret = (secret: string) => Bun.SHA256.hash(secret, 'hex')

/** Takes the same time wherever they differ. */
export const isSameSecret = (a: string, b: string) => timingSafeEqual(Bun.SHA256.hash(a), Bun.SHA256.hash(b))
