import type { ItemOf } from '../../devin/endpoint.ts';
import { listSessionMessages } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import type { Session } from './outcome.ts';

const LARGEST_PAGE = 200;

/** A message of a session as the API answers it. */
export type SessionMessage = ItemOf<typeof listSessionMessages>;

/** A message that a step sent to a session that was there already. */
export interface Sent {
  /** By what it is known among the session's messages: a text in it. */
  readonly mark: string;
  /** No message from before this time is ours; Unix seconds. */
  readonly since: number;
  /** The session as it was before; absent where an earlier attempt sent the message. */
  readonly before?: Session;
}

/** The messages of a session page by page, oldest first; `after` is the cursor of the last page that was read. */
export function messagesOf(devin: Context['devin'], orgId: string, sessionId: string, after?: string) {
  const query = { first: LARGEST_PAGE, ...(after === undefined ? {} : { after }) };
  return devin.pages(listSessionMessages, { params: { org_id: orgId, devin_id: sessionId }, query });
}

const squeeze = (text: string) => text.replace(/\s+/g, ' ').trim();

/** Whether a message is the one that was sent. Spaces do not count, since they may be tidied up on the way. */
export const isMarked = ({ source, message, created_at: at }: SessionMessage, { mark, since }: Sent): boolean =>
  source === 'user' && (at ?? since) >= since && squeeze(message).includes(squeeze(mark));
