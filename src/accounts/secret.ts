/** Random secrets: given out once, kept as their hash. */
import { timingSafeEqual } from 'node:crypto'

/** 256 random bits: nobody guesses one, so a fast hash keeps it safe. */
export const newSecret = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')

const digest = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest()
export const hashSecret = (secret: string) => digest(secret).toString('hex')

/** Compared in the same time wherever they differ. */
export const isSameSecret = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))
