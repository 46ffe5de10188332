/** Messages to a webhook of Discord, which shows `content`, or of Slack, which shows `text`. */
import { truncate } from '../truncate.ts'
import { type OutgoingOptions, postJson } from './outgoing.ts'

/** How a chat is written to. Names and errors are other people's text: nothing in it may mention somebody. Slack has no escape for `*` and `_`. */
export type ChatFormat = { plain(text: string): string; bold(text: string): string }

const forDiscord = (text: string) => text.replace(/[\\*_~`|<>@#:[\]()]/g, '\\$&')
const forSlack = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const discord: ChatFormat = { plain: forDiscord, bold: text => `**${forDiscord(text)}**` }
const slack: ChatFormat = { plain: forSlack, bold: text => `*${forSlack(text)}*` }
const [maxDiscordLength, maxSlackLength] = [1_990, 30_000] // characters

type Message = (format: ChatFormat) => string

/** What is longer is cut off. */
export const fitsOneMessage = (message: Message): boolean => message(discord).length <= maxDiscordLength

export const postMessage = (url: string, username: string, message: Message, options: OutgoingOptions) =>
  postJson(
    url,
    {
      username,
      content: truncate(message(discord), maxDiscordLength),
      text: truncate(message(slack), maxSlackLength),
      allowed_mentions: { parse: [] },
    },
    options,
  )
