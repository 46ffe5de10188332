/** Passwords, hashed with argon2id off the HTTP thread. */
const costs = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const // KiB, passes: some 30 ms of one core

export const hashPassword = (password: string): Promise<string> => Bun.password.hash(password, costs)

let decoy: Promise<string> | undefined

/** Whether that is the password. Without an account (no hash) it takes as long and answers no. */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const nobodys = await (decoy ??= hashPassword(crypto.randomUUID())) // the first attempt waits for it, whoever is asked for
  const isRight = await Bun.password.verify(password, hash ?? nobodys)
  return isRight && hash !== undefined
}
