/** Passwords, hashed with argon2id off the HTTP thread. */
export type PasswordCosts = { memoryCost: number; timeCost: number } // KiB, passes
export const passwordCosts: PasswordCosts = { memoryCost: 19_456, timeCost: 2 } // some 30 ms of one core

export type Passwords = ReturnType<typeof openPasswords>

export function openPasswords(costs = passwordCosts) {
  const hash = (password: string): Promise<string> => Bun.password.hash(password, { algorithm: 'argon2id', ...costs })
  let decoy: Promise<string> | undefined
  return {
    hash,
    /** Whether the password is right. Without an account (no hash) it takes as long and returns false. */
    async matches(password: string, expected: string | undefined): Promise<boolean> {
      const decoyHash = await (decoy ??= hash(crypto.randomUUID())) // the first attempt waits for it, with or without an account
      const isRight = await Bun.password.verify(password, expected ?? decoyHash)
      return isRight && expected !== undefined
    },
  }
}

declare module '../context.ts' {
  interface App {
    readonly passwords: Passwords
  }
}
