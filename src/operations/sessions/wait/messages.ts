import { asActionError } from '../../../contract/errors.ts';
import { canonicalJson } from '../../../contract/json.ts';
import type { ItemOf } from '../../../devin/endpoint.ts';
import { listSessionMessages } from '../../../devin/endpoints/sessions.ts';
import { LARGEST_PAGE } from '../../../devin/pagination.ts';
import type { Context } from '../../operation.ts';
import { isEnvironmentWarning, readable } from '../outcome/message-text.ts';
import type { Session } from '../outcome/outcome.ts';

/** Longest time for one page, in milliseconds: messages are worth having, not worth a poll. */
const PAGE_MS = 15_000;
/** Longest time in which a poll reads page after page, in milliseconds. */
const CATCH_UP_MS = 30_000;
/** After a failure, the next read waits this long, and twice as long after each further one. */
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;
/** Responses by which a cursor is rejected. */
const CURSOR_REJECTED = new Set([400, 404, 410, 422]);

/** A message of a session as the API reports it. */
export type SessionMessage = ItemOf<typeof listSessionMessages>;

/** A message that a step sent to a session that existed already. */
export interface Sent {
  /** By what it is known among the session's messages: a text in it. */
  readonly mark: string;
  /** No message from before this time is ours; Unix seconds. */
  readonly since: number;
  /** The session as it was before; absent if an earlier attempt sent the message. */
  readonly before?: Session | undefined;
}

/** The messages of a session page by page, oldest first. */
export function messagesOf(devin: Context['devin'], orgId: string, sessionId: string) {
  return devin.pages(listSessionMessages, {
    params: { org_id: orgId, devin_id: sessionId },
    query: { first: LARGEST_PAGE },
  });
}

const squeeze = (text: string) => text.replace(/\s+/g, ' ').trim();

/** Whether a message is the one that was sent. Spaces do not count, since they may be tidied up on the way. */
export const isMarked = ({ source, message, created_at: at }: SessionMessage, { mark, since }: Sent): boolean =>
  source === 'user' && (at === null || at >= since) && squeeze(message).includes(squeeze(mark));

/** The last words of a message: how it is known again, and what the output was before it. */
const NOTE = /\(request devin-action:[0-9a-f]+(?: after ([0-9a-f]{8}))?\)\s*$/;

/** What a step adds to its message. `digest` stands for the output from before, if there was any. */
export const noteOf = (reference: string, digest: string | undefined): string =>
  `(request ${reference}${digest === undefined ? '' : ` after ${digest}`})`;

/** A short hash of structured output, the same for the same JSON. */
export async function outputDigest(output: unknown): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(canonicalJson(output)).digest('hex').slice(0, 8);
}

type ReaderContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** Reads the messages of one session, each once, and remembers what they say about its turn. Never throws. */
export class MessageReader {
  readonly #context: ReaderContext;
  readonly #orgId: string;
  readonly #sessionId: string;
  readonly #sent: Sent | undefined;
  readonly #seen = new Set<string>();
  /** Cursor behind what was read: the pages before it are not read again. */
  #cursor: string | undefined;
  #heard: boolean;
  #failures = 0;
  #pausedUntil = 0;
  #warned = false;
  /** Devin's last message, and after a message of the step, the last one after that. Attachments are names and links. */
  last = '';
  /** Devin has said something since the last message of a user. */
  replied = false;
  /** The last message is one of a user, and not the prompt. */
  unanswered = false;
  /** The last message of a user is one that a step sent, and says what the output was before it. */
  isNoted = false;
  /** The digest of that output; undefined if there was none. */
  digest: string | undefined;

  /** `sent` is the message that the step sent to the session. */
  constructor(context: ReaderContext, orgId: string, sessionId: string, sent?: Sent) {
    this.#context = context;
    this.#orgId = orgId;
    this.#sessionId = sessionId;
    this.#sent = sent;
    this.#heard = sent === undefined;
  }

  /** The last read failed. */
  get isBehind(): boolean {
    return this.#failures > 0;
  }

  /**
   * Reads what is new, and prints it if `print` is set. `urgent`: it is read even after failures, since it is the end.
   * `signal` ends the read: messages are worth having, not worth a poll.
   */
  async read(print: boolean, urgent = false, signal = this.#context.signal): Promise<void> {
    const { clock } = this.#context;
    if (signal.aborted || (!urgent && clock.now() < this.#pausedUntil)) return;
    try {
      await this.#pages(print, signal).catch(async (thrown: unknown) => {
        const rejected = this.#cursor !== undefined && CURSOR_REJECTED.has(asActionError(thrown).status ?? 0);
        if (!rejected) throw thrown;
        this.#cursor = undefined;
        await this.#pages(print, signal);
      });
      this.#failures = 0;
    } catch (thrown) {
      if (!this.#context.signal.aborted) this.#fail(asActionError(thrown).message, urgent);
    }
  }

  #fail(message: string, urgent: boolean): void {
    const { clock, log } = this.#context;
    this.#failures += 1;
    this.#pausedUntil = clock.now() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    // One failure may be the moment before a new session is known.
    if (this.#warned || (this.#failures === 1 && !urgent)) return;
    this.#warned = true;
    log.annotate(
      'warning',
      'The messages of the session cannot be read',
      `The wait continues without them. The log and last_message may be incomplete. ${message}`,
    );
  }

  /** Reads what follows the last cursor, or everything without one; the rest of a long history at the next poll. */
  async #pages(print: boolean, signal: AbortSignal): Promise<void> {
    const { devin, clock } = this.#context;
    const params = { org_id: this.#orgId, devin_id: this.#sessionId };
    const until = clock.now() + CATCH_UP_MS;
    while (clock.now() <= until) {
      const limits = { signal: AbortSignal.any([signal, clock.deadline(PAGE_MS)]), deadlineAt: clock.now() };
      const query = { first: LARGEST_PAGE, ...(this.#cursor === undefined ? {} : { after: this.#cursor }) };
      const page = await devin.call(listSessionMessages, { params, query, ...limits });
      for (const item of page.items) this.#take(item, print);
      const more = page.has_next_page ?? page.items.length >= LARGEST_PAGE;
      const isNew = typeof page.end_cursor === 'string' && page.end_cursor !== '' && page.end_cursor !== this.#cursor;
      if (!isNew) return;
      this.#cursor = page.end_cursor ?? undefined;
      if (!more) return;
    }
  }

  #take(item: SessionMessage, print: boolean): void {
    const { event_id: event, source, message, created_at: at } = item;
    // An id may be missing, or stand for more than one message.
    const key = JSON.stringify([event ?? at, source, message]);
    if (this.#seen.has(key)) return;
    const isFirst = this.#seen.size === 0;
    this.#seen.add(key);
    const isOurs = !this.#heard && this.#sent !== undefined && isMarked(item, this.#sent);
    if (isOurs) this.#heard = true;
    if (source === 'user') {
      if (!isFirst) this.#hearUser(message);
      return;
    }
    if (source !== 'devin') return;
    if (print && this.#heard) this.#context.log.progress(`devin: ${readable(message)}`);
    if (isEnvironmentWarning(message)) return;
    if (this.#heard) this.last = message;
    this.replied = this.#heard;
    this.unanswered = false;
  }

  #hearUser(message: string): void {
    this.replied = false;
    this.unanswered = true;
    const note = NOTE.exec(message);
    this.isNoted = note !== null;
    this.digest = note?.[1];
  }
}
