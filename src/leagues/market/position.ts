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

/** How much of what is held a trade against it closes, with the sign of what is held. */
const closedBy = (held: number, quantity: number): number =>
  Math.sign(held) === -Math.sign(quantity) ? Math.sign(held) * Math.min(Math.abs(held), Math.abs(quantity)) : 0

/** `cost × part ÷ whole` to the cent: the product may be larger than a double holds exactly. */
const shareOf = (cost: number, part: number, whole: number): number =>
  part === whole ? cost : Number((BigInt(cost) * BigInt(part)) / BigInt(whole))
