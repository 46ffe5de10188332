/** What is held of one symbol, and what trading does to it. Whole shares, whole cents; below 0 it is owed (sold short). */
export type Position = {
  quantity: number
  /** What is held cost this much; what is owed was sold for it, as a number below 0. */
  cost: number
  /** Gained by closing, before fees. */
  realised: number
}

export const noPosition: Position = { quantity: 0, cost: 0, realised: 0 }

/**
 * The position after buying (`quantity` above 0) or selling (below). What is closed leaves with its share of the cost, rounded
 * down to a cent; what goes beyond opens a position the other way.
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

/** A line of the ledger that is no trade: a trade taken back, a split, a dividend. */
export type Correction = { quantity: number; cash: number; fee: number; realised: number }

/** What it cost is not written in the line: whatever happens, cash = realised − cost − fees. */
export const applyCorrection = (before: Position, { quantity, cash, fee, realised }: Correction): Position => ({
  quantity: before.quantity + quantity,
  cost: before.cost + realised - cash - fee,
  realised: before.realised + realised,
})

/** So many shares for so many: `{ to: 3, from: 2 }` makes 15 of 10. */
export type SplitRatio = { to: number; from: number }

/** What is left over of a share is paid out at the `price` before the split, rounded down to a cent, and leaves with its part of the cost. */
export function splitOf({ quantity, cost }: Position, { to, from }: SplitRatio, price: number): Correction {
  const parts = Math.abs(quantity) * to
  const left = parts % from
  const sign = Math.sign(quantity)
  const cash = sign * Math.floor((left * price) / to)
  const released = left === 0 ? 0 : shareOf(cost, left, parts)
  return { quantity: (sign * (parts - left)) / from - quantity, cash: cash + 0, fee: 0, realised: cash - released }
}

/** What a day has moved of a holding, in the shares after a split, parts of one too; `moved` counts those before it. */
export const movedInNewShares = (moved: number, after: number, split: number): number =>
  after - ((after - split - moved) * after) / (after - split)

/** How much of what is held a trade against it closes, with the sign of what is held. */
const closedBy = (held: number, quantity: number): number =>
  Math.sign(held) === -Math.sign(quantity) ? Math.sign(held) * Math.min(Math.abs(held), Math.abs(quantity)) : 0

/** `cost × part ÷ whole` to the cent: the product may be larger than a double holds exactly. */
const shareOf = (cost: number, part: number, whole: number): number =>
  part === whole ? cost : Number((BigInt(cost) * BigInt(part)) / BigInt(whole))
