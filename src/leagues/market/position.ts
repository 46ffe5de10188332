/** The position in one symbol, and how trades change it. Whole shares, whole cents; below 0 it is a short position. */
export type Position = {
  quantity: number
  /** The cost of what is held; for a short position what it was sold for, as a number below 0. */
  cost: number
  /** Gain of closed positions, before fees. */
  realised: number
}

export const noPosition: Position = { quantity: 0, cost: 0, realised: 0 }

/**
 * The position after buying (`quantity` above 0) or selling (below 0). The closed part takes its share of the cost with it, rounded
 * down to a cent; anything beyond that opens a position the other way.
 */
export function applyTrade(before: Position, quantity: number, price: number): Position {
  const closed = closedBy(before.quantity, quantity)
  const released = closed === 0 ? 0 : shareOf(before.cost, Math.abs(closed), Math.abs(before.quantity))
  const opened = quantity + closed
  return {
    quantity: before.quantity + quantity,
    cost: before.cost - released + opened * price,
    realised: before.realised + closed * price - released,
  }
}

/** A ledger line other than a trade: an undone trade, a split, a dividend. */
export type Correction = { quantity: number; cash: number; fee: number; realised: number }

/** The line does not store the cost, which follows from: cash = realised − cost − fees. */
export const applyCorrection = (before: Position, { quantity, cash, fee, realised }: Correction): Position => ({
  quantity: before.quantity + quantity,
  cost: before.cost + realised - cash - fee,
  realised: before.realised + realised,
})

/** `{ to: 3, from: 2 }` turns 10 shares into 15. */
export type SplitRatio = { to: number; from: number }

/** Fractions of a share are paid out at the `price` before the split, rounded down to a cent, and take their part of the cost with them. */
export function splitOf({ quantity, cost }: Position, { to, from }: SplitRatio, price: number): Correction {
  const parts = Math.abs(quantity) * to
  const left = parts % from
  const sign = Math.sign(quantity)
  const cash = sign * Math.floor((left * price) / to)
  const released = left === 0 ? 0 : shareOf(cost, left, parts)
  return { quantity: (sign * (parts - left)) / from - quantity, cash: cash + 0, fee: 0, realised: cash - released }
}

/**
 * Today's change of a holding after a line of the ledger that changed it by `quantity`. A split by `ratio` (1: no split) turns the
 * shares that the day began with into new ones, with fractions, whatever became of them.
 */
export const movedAfter = (moved: number, after: number, quantity: number, ratio: number): number =>
  after - (after - quantity - moved) * ratio

/** How much of the holding an opposite trade closes, with the sign of the holding. */
const closedBy = (held: number, quantity: number): number =>
  Math.sign(held) === -Math.sign(quantity) ? Math.sign(held) * Math.min(Math.abs(held), Math.abs(quantity)) : 0

/** `cost × part ÷ whole` to the cent: the product may be larger than a double holds exactly. */
const shareOf = (cost: number, part: number, whole: number): number =>
  part === whole ? cost : Number((BigInt(cost) * BigInt(part)) / BigInt(whole))
