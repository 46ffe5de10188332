/** Random secrets: handed out once, stored as their hash. */
import { timingSafeEqual } from 'node:crypto'

/** 256 random bits cannot be guessed, so a fast hash is enough. */
export const newSecret = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')

const digest = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest()
export const hashSecret = (secret: string) => digest(secret).toString('hex')

/** Constant time, wherever they differ. */
export const isSameSecret = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))
