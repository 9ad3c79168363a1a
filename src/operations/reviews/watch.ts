import { type ActionError, asActionError } from '../../contract/errors.ts';
import type { Context } from '../operation.ts';
import { findReview, isEnd, type Requested, type Subject } from './request.ts';

/** The last poll starts this long before the end of the time, or at half of a shorter time, in milliseconds. */
const LAST_POLL_MS = 5_000;
/** A request without a clear response was not carried out if no review has appeared after this time, in milliseconds. */
const UNSURE_MS = 30_000;
/** After a new request, a failure that is still shown counts as that of the review before it for this long. */
const STALE_MS = 20_000;
/** Whether the head has moved is checked this often, in milliseconds. */
const HEAD_MS = 60_000;
/** Responses in a row that say that the review is out of reach, until that is believed. */
const MAX_DENIALS = 3;

type WatchContext = Pick<Context<'poll_interval'>, 'devin' | 'log' | 'clock' | 'signal' | 'inputs' | 'startedAt'>;

/** When the last poll starts, in milliseconds since 1970: what it sees has to be read from GitHub, and published. */
export function lastPollAt({ startedAt, inputs }: Pick<WatchContext, 'startedAt' | 'inputs'>): number {
  const { timeout } = inputs;
  return startedAt + (timeout < 2 * LAST_POLL_MS ? timeout / 2 : timeout - LAST_POLL_MS);
}

const kindOf = ({ code, status }: ActionError) => (status === undefined ? code.replaceAll('_', ' ') : `HTTP ${status}`);

/** Polls a review, and outlasts what is not final: each kind of failure is reported once. */
class Poller {
  readonly #context: WatchContext;
  readonly #told = new Set<string>();
  #denials = 0;

  constructor(context: WatchContext) {
    this.#context = context;
  }

  /** The status; undefined if no review of the commit is shown, or the poll failed. */
  async poll(subject: Subject): Promise<string | undefined> {
    const { clock, signal } = this.#context;
    try {
      // A single attempt: the wait is what repeats it.
      const found = await findReview(this.#context, subject, clock.now());
      this.#denials = 0;
      return found;
    } catch (thrown) {
      signal.throwIfAborted();
      this.#outlast(asActionError(thrown));
      return undefined;
    }
  }

  #outlast(error: ActionError): void {
    const isDenied = error.status === 401 || error.status === 403;
    this.#denials = isDenied ? this.#denials + 1 : 0;
    if (this.#denials >= MAX_DENIALS) throw error;
    const kind = kindOf(error);
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#context.log.progress(`polling failed (${kind}) and continues: ${error.message}`);
  }
}

/**
 * Waits until the review of the commit has ended, or the time of the step has. Gives the last status that was seen.
 *
 * @param onStatus is told of each new status
 * @param checkHead is called every minute; it throws if the review does not count any more
 */
export async function untilEnded(
  context: WatchContext,
  subject: Subject,
  requested: Requested,
  { onStatus, checkHead }: { readonly onStatus: (status: string) => void; readonly checkHead: () => Promise<void> },
): Promise<string> {
  const { clock, signal, inputs, log } = context;
  const { unsure, before } = requested;
  const [beganAt, lastAt] = [clock.now(), lastPollAt(context)];
  const poller = new Poller(context);
  let status = requested.status;
  let headAt = beganAt;
  let isShown = before === undefined && unsure === undefined;
  const isStale = (seen: string) =>
    !isShown && seen === before && (unsure !== undefined || clock.now() - beganAt < STALE_MS);
  for (;;) {
    if (isEnd(status)) return status;
    const left = lastAt - clock.now();
    if (left <= 0 && unsure !== undefined && !isShown) throw unsure;
    if (left <= 0) return status;
    await clock.sleep(Math.min(inputs.poll_interval, left), signal);
    if (clock.now() - headAt >= HEAD_MS) {
      headAt = clock.now();
      await checkHead();
    }
    const seen = await poller.poll(subject);
    if (seen === undefined || isStale(seen)) {
      if (unsure !== undefined && !isShown && clock.now() - beganAt >= UNSURE_MS) throw unsure;
      continue;
    }
    isShown = true;
    if (seen === status) continue;
    status = seen;
    log.progress(status);
    onStatus(status);
  }
}
