import { ActionError } from '../../../contract/errors.ts';
import { duration } from '../../../report/units.ts';
import { hasStarted } from '../outcome/outcome.ts';
import { Poller, type Seen } from './poll.ts';
import { CONFIRM_MS, confirmedIn, FIRST_PAUSE_MS, intervalOf, isOverdue, LATE_MS, lastPollAt } from './schedule.ts';
import { type Looked, TurnWatch, type WatchContext, type Watched } from './turn.ts';

/** An end that was seen, and waits for its confirmation. */
interface Candidate {
  readonly seenAt: number;
  /** The first poll saw it already. */
  readonly isFirst: boolean;
  /** The last poll saw it: it counts even if the confirmation does not arrive. */
  isFinal: boolean;
}

/** A poll that saw the session: when it started, and its place among all of them. */
interface Poll {
  readonly pollAt: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** The last poll and its messages get so long at most, so that a failure leaves time for another one, in milliseconds. */
const LAST_ATTEMPT_MS = 2_000;
/** The pause after a last poll that failed, in milliseconds. */
const LAST_PAUSE_MS = 1_000;

/** Polls a session until it has started, or until its end is confirmed. */
export class Watch {
  readonly #context: WatchContext;
  readonly #watched: Watched;
  readonly #poller: Poller;
  readonly #endAt: number;
  readonly #lastPollAt: number;
  /** Aborts the poll that is in flight when the last one is due. */
  readonly #beforeLast: AbortSignal;
  readonly #turn: TurnWatch;
  #candidate: Candidate | undefined;

  constructor(context: WatchContext, watched: Watched) {
    const { clock, signal, startedAt, inputs } = context;
    this.#context = context;
    this.#watched = watched;
    this.#poller = new Poller(context, { ...watched, url: watched.session?.url });
    this.#endAt = startedAt + inputs.timeout;
    this.#lastPollAt = lastPollAt(startedAt, inputs.timeout);
    const left = Math.max(0, this.#lastPollAt - clock.now());
    this.#beforeLast = AbortSignal.any([signal, clock.deadline(left)]);
    this.#turn = new TurnWatch(context, watched);
  }

  /** The session as it was seen last, judged; undefined before the first poll that saw it. */
  get last(): Looked | undefined {
    return this.#turn.last;
  }

  /** Devin's last message. */
  get lastMessage(): string {
    return this.#turn.reader.last;
  }

  /**
   * Waits until the session has started, or has come to an end of some kind; `onPoll` is told of every poll before that.
   * Throws the reason of the step's signal, an error when the time is over, and one if the session is out of reach.
   */
  async until(goal: 'started' | 'finished', onPoll: (now: Looked) => Promise<void>): Promise<Looked> {
    const { inputs, clock } = this.#context;
    let pause = Math.min(FIRST_PAUSE_MS, inputs.poll_interval);
    try {
      for (;;) {
        const pollAt = clock.now();
        if (pollAt >= this.#endAt) throw timedOut(inputs.timeout);
        const isLast = pollAt >= this.#lastPollAt;
        const isFirst = this.last === undefined;
        const seen = await this.#poller.poll(this.#limit(isLast), isLast);
        const looked =
          seen.session === undefined ? undefined : await this.#turn.look(seen.session, this.#limit(isLast));
        if (looked !== undefined) {
          if (this.#isEnd(goal, looked, { pollAt, isFirst, isLast })) return this.#turn.unmoved(looked);
          await onPoll(looked);
        }
        await this.#sleep(this.#pauseAfter(seen, isLast, pause));
        pause = Math.min(inputs.poll_interval, pause * 2);
      }
    } catch (thrown) {
      if (this.#candidate?.isFinal && this.last !== undefined && isOver(thrown)) return this.last;
      throw thrown;
    }
  }

  /** How long to wait for the next poll, in milliseconds. */
  #pauseAfter(seen: Seen, isLast: boolean, pause: number): number {
    const now = this.#context.clock.now();
    const candidate = this.#candidate;
    if (seen.session === undefined) {
      if (isLast) return LAST_PAUSE_MS;
      if (seen.pauseMs !== undefined) return seen.pauseMs;
      // A confirmation that keeps failing is not worth more polls than a wait.
      if (candidate !== undefined && now - candidate.seenAt > LATE_MS) return this.#jittered(pause);
    }
    return candidate === undefined ? this.#jittered(pause) : confirmedIn(candidate.seenAt, now, this.#endAt);
  }

  /** What ends a poll and the reading of its messages. Messages are worth having, not worth the last poll. */
  #limit(isLast: boolean): AbortSignal {
    const { clock, signal } = this.#context;
    return isLast ? AbortSignal.any([signal, clock.deadline(LAST_ATTEMPT_MS)]) : this.#beforeLast;
  }

  #jittered(pause: number): number {
    return intervalOf(pause, this.#watched.organizations ?? 1, this.#context.clock.random());
  }

  async #sleep(ms: number): Promise<void> {
    const { clock, signal } = this.#context;
    const now = clock.now();
    const stop = now < this.#lastPollAt ? this.#lastPollAt : this.#endAt;
    await clock.sleep(Math.max(0, Math.min(ms, stop - now)), signal);
  }

  #isEnd(goal: 'started' | 'finished', looked: Looked, { pollAt, isFirst, isLast }: Poll): boolean {
    const { session, verdict } = looked;
    const { outcome } = verdict;
    if (this.#turn.isStale(session)) return this.#noEnd();
    if (goal === 'started' && ['running', 'waiting', 'finished'].includes(outcome)) {
      return hasStarted(session) && verdict.unknown !== true;
    }
    if (outcome === 'running') return this.#noEnd();
    if (outcome === 'waiting' && this.#context.inputs.on_waiting === 'keep-waiting') return this.#noEnd();
    // From the response on: a slow one may show a state that is younger than its request.
    this.#candidate ??= { seenAt: this.#context.clock.now(), isFirst, isFinal: false };
    this.#candidate.isFinal ||= isLast;
    return this.#isConfirmed(this.#candidate, looked, pollAt);
  }

  #noEnd(): false {
    this.#candidate = undefined;
    return false;
  }

  #isConfirmed({ seenAt, isFirst }: Candidate, { verdict, isComplete }: Looked, pollAt: number): boolean {
    if (pollAt <= seenAt) return false;
    if (isOverdue(seenAt, pollAt, this.#endAt)) return true;
    if (pollAt - seenAt < CONFIRM_MS) return false;
    if (verdict.outcome === 'failed') return true;
    // A session that had stopped before the wait may show the end of an earlier turn whose next message is not shown yet.
    const isOlder = !this.#watched.isNew && this.#watched.sent === undefined && isFirst;
    return isComplete && verdict.outcome !== 'waiting' && this.lastMessage !== '' && !isOlder;
  }
}

const isOver = (thrown: unknown) => thrown instanceof ActionError && thrown.code === 'timeout';

const timedOut = (timeout: number) =>
  new ActionError('timeout', `The step took longer than its timeout of ${duration(timeout)}.`);
