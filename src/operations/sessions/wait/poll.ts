import { ActionError, asActionError } from '../../../contract/errors.ts';
import { getSession, sessionFromId } from '../../../devin/endpoints/sessions.ts';
import type { Context } from '../../operation.ts';
import type { Session } from '../outcome/outcome.ts';

/**
 * Responses that say that the session is out of reach. One may be a mistake, or come from a part of the API that does
 * not know a new session yet; three in a row are not.
 */
const OUT_OF_REACH = new Set([401, 403, 404, 410]);
/** How long to wait after the first and the second of them, in milliseconds. */
const DOUBTS_MS = [10_000, 30_000];

type PollContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'>;

/** The session that is polled. */
export interface Polled {
  readonly orgId: string;
  readonly sessionId: string;
  /** Its page, if it is known already. */
  readonly url?: string | undefined;
}

/** What a poll saw: the session, or nothing, and then how long to wait before the next one, if not as usual. */
export type Seen = { readonly session: Session } | { readonly session: undefined; readonly pauseMs?: number };

/** The session is out of reach: nothing says that it has ended. */
const lost = ({ code, message, title, fix, list, status }: ActionError, { sessionId, url }: Polled, cause: unknown) =>
  new ActionError(code, `${message} The session may still be running: ${url ?? sessionFromId(sessionId).url}`, {
    title,
    fix,
    list,
    cause,
    ...(status === undefined ? {} : { status }),
  });

const kindOf = ({ code, status }: ActionError) => (status === undefined ? code.replaceAll('_', ' ') : `HTTP ${status}`);

/** Polls a session, and outlasts whatever is not final. It reports each kind of failure once, and the recovery. */
export class Poller {
  readonly #context: PollContext;
  readonly #polled: Polled;
  readonly #told = new Set<string>();
  #isDown = false;
  #doubts = 0;
  /** Before this time, a further response of the kind says nothing new; milliseconds since 1970. */
  #doubtAt = 0;

  constructor(context: PollContext, polled: Polled) {
    this.#context = context;
    this.#polled = polled;
  }

  /**
   * Polls once, with a single attempt: the wait is what repeats it. An urgent poll does not wait for the end of a 429.
   * Throws the reason of the step's own signal, and the failure that shows for the third time in a row that the session
   * is out of reach.
   */
  async poll(signal: AbortSignal, urgent = false): Promise<Seen> {
    const { devin, clock } = this.#context;
    const { orgId, sessionId } = this.#polled;
    const call = { params: { org_id: orgId, devin_id: sessionId }, signal, deadlineAt: clock.now(), urgent };
    try {
      const session = await devin.call(getSession, call);
      this.#recover();
      return { session };
    } catch (thrown) {
      this.#context.signal.throwIfAborted();
      // The last poll is due: what this one would have said does not matter any more.
      if (signal.aborted) return { session: undefined, pauseMs: 0 };
      return this.#outlast(asActionError(thrown));
    }
  }

  #outlast(error: ActionError): Seen {
    const { log, clock } = this.#context;
    const kind = kindOf(error);
    if (!this.#told.has(kind)) {
      log.progress(`polling failed (${kind}) and continues: ${error.message}`);
      this.#told.add(kind);
      this.#isDown = true;
    }
    if (!OUT_OF_REACH.has(error.status ?? 0)) {
      this.#doubts = 0;
      return { session: undefined };
    }
    const now = clock.now();
    if (now < this.#doubtAt) return { session: undefined, pauseMs: this.#doubtAt - now };
    const pauseMs = DOUBTS_MS[this.#doubts];
    if (pauseMs === undefined) throw lost(error, this.#polled, error);
    this.#doubts += 1;
    this.#doubtAt = now + pauseMs;
    return { session: undefined, pauseMs };
  }

  #recover(): void {
    if (this.#isDown) this.#context.log.progress('polling works again');
    this.#isDown = false;
    this.#doubts = 0;
  }
}
