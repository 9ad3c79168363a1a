import { ActionError } from '../../contract/errors.ts';
import { jsonText } from '../../contract/json.ts';
import type { Context } from '../operation.ts';
import { type Asked, FIRST_TURN, type Judged, judge, type Turn } from './judge.ts';
import { MessageReader, outputDigest, type Sent } from './messages.ts';
import { hasStarted, type Session, stateOf } from './outcome.ts';
import { Poller } from './poll.ts';
import { CONFIRM_MS, confirmedIn, FIRST_PAUSE_MS, intervalOf, isOverdue, lastPollAt } from './schedule.ts';

/** A state from before a message counts after this long without a change, in milliseconds. */
const STALE_MS = 60_000;

/** What a wait needs. */
export type WatchContext = Pick<
  Context<'follow' | 'poll_interval' | 'on_waiting'>,
  'inputs' | 'devin' | 'log' | 'clock' | 'signal' | 'startedAt'
>;

/** A session to wait for. */
export interface Watched {
  readonly orgId: string;
  readonly sessionId: string;
  readonly asked: Asked;
  /** The session as it is known already. */
  readonly session?: Session | undefined;
  /** The step has just created it: it is in its first turn. */
  readonly isNew: boolean;
  /** The message that the step sent to it. */
  readonly sent?: Sent | undefined;
  /** How many organizations the step polls. */
  readonly organizations?: number | undefined;
}

/** A session as it was seen last, and what that means. */
export interface Looked extends Judged {
  readonly session: Session;
}

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

/** The state of a session, by which a change is known. Its time of change is no part of that: the message changes it. */
const stateKey = (session: Session) =>
  jsonText([
    session.status,
    session.status_detail ?? null,
    session.structured_output ?? null,
    session.pull_requests.map(({ pr_url: url }) => url),
  ]);

/** A session that is watched: what was seen of it, and what was already reported. */
export class Watch {
  readonly #context: WatchContext;
  readonly #watched: Watched;
  readonly #poller: Poller;
  readonly #pullRequests = new Set<string>();
  readonly #startedAt: number;
  readonly #endAt: number;
  readonly #lastPollAt: number;
  /** Aborts the poll that is in flight when the last one is due. */
  readonly #beforeLast: AbortSignal;
  readonly reader: MessageReader;
  #said = '';
  #before: Session | undefined;
  #hasChanged = false;
  #finishedBefore = false;
  #candidate: Candidate | undefined;
  /** The session as it was seen last, judged; undefined before the first poll that saw it. */
  last: Looked | undefined;

  constructor(context: WatchContext, watched: Watched) {
    const { clock, signal, startedAt, inputs } = context;
    this.#context = context;
    this.#watched = watched;
    this.#poller = new Poller(context, { ...watched, url: watched.session?.url });
    this.#startedAt = clock.now();
    this.#endAt = startedAt + inputs.timeout;
    this.#lastPollAt = lastPollAt(startedAt, inputs.timeout);
    const left = Math.max(0, this.#lastPollAt - clock.now());
    this.#beforeLast = AbortSignal.any([signal, clock.deadline(left)]);
    this.reader = new MessageReader(context, watched.orgId, watched.sessionId, watched.sent);
    this.#before = watched.sent?.before;
    for (const { pr_url: url } of this.#before?.pull_requests ?? []) this.#pullRequests.add(url);
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
        const seen = await this.#poller.poll(isLast ? this.#context.signal : this.#beforeLast, isLast);
        const looked = seen.session === undefined ? undefined : await this.#look(seen.session);
        if (looked !== undefined) {
          if (this.#isEnd(goal, looked, { pollAt, isFirst, isLast })) return this.#unmoved(looked);
          await onPoll(looked);
        }
        const usual =
          this.#candidate === undefined
            ? this.#jittered(pause)
            : confirmedIn(this.#candidate.seenAt, clock.now(), this.#endAt);
        const asked = seen.session === undefined ? seen.pauseMs : undefined;
        await this.#sleep(asked ?? usual);
        pause = Math.min(inputs.poll_interval, pause * 2);
      }
    } catch (thrown) {
      if (this.#candidate?.isFinal && this.last !== undefined && isOver(thrown)) return this.last;
      throw thrown;
    }
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

  /** Judges what a poll saw, and prints what is new. */
  async #look(session: Session): Promise<Looked> {
    const { inputs, log } = this.#context;
    if (inputs.follow) await this.reader.read(true);
    for (const { pr_url: url } of session.pull_requests) {
      if (!this.#pullRequests.has(url)) log.progress(`pull request opened: ${url}`);
      this.#pullRequests.add(url);
    }
    let looked = await this.#judged(session);
    const isStopped = looked.verdict.outcome !== 'running';
    // What counts as an end depends on the messages, and its last words may be all that is left to know.
    if (isStopped && (!inputs.follow || this.reader.isBehind)) {
      await this.reader.read(inputs.follow, true);
      looked = await this.#judged(session);
    }
    const state = `${stateOf(session)}${looked.verdict.unknown ? ' (unknown to this release)' : ''}`;
    if (state !== this.#said) log.progress(state);
    this.#said = state;
    this.last = looked;
    this.#finishedBefore = isStopped && (this.#finishedBefore || session.status_detail === 'finished');
    return looked;
  }

  async #judged(session: Session): Promise<Looked> {
    const { inputs } = this.#context;
    // A user's message that has no reply yet: all that there is may be from before it.
    if (!this.#watched.isNew && !this.#hasChanged && this.reader.unanswered) this.#before ??= session;
    const before = this.#before;
    if (before !== undefined && stateKey(session) !== stateKey(before)) this.#hasChanged = true;
    return { ...(await judge(session, this.#watched.asked, await this.#turn(session), inputs.on_waiting)), session };
  }

  async #turn(session: Session): Promise<Turn> {
    const before = this.#before;
    const { digest, replied } = this.reader;
    const output = session.structured_output ?? null;
    const isSame = before !== undefined && jsonText(output) === jsonText(before.structured_output ?? null);
    const isNoted = digest !== undefined && output !== null && digest === (await outputDigest(output));
    return {
      ...FIRST_TURN,
      isOutputOld: isSame || isNoted,
      pullRequestsBefore: new Set((before?.pull_requests ?? []).map(({ pr_url: url }) => url)),
      replied,
      finishedBefore: this.#finishedBefore,
    };
  }

  /** Whether a stopped session may still show the end that it had come to before the message. */
  #isStale({ status }: Session): boolean {
    const before = this.#before;
    if (before === undefined || status === 'exit' || status === 'error') return false;
    if (this.#hasChanged || this.reader.replied) return false;
    return this.#context.clock.now() - this.#startedAt < STALE_MS;
  }

  #isEnd(goal: 'started' | 'finished', looked: Looked, { pollAt, isFirst, isLast }: Poll): boolean {
    const { session, verdict } = looked;
    const { outcome } = verdict;
    if (this.#isStale(session)) return this.#noEnd();
    if (goal === 'started' && ['running', 'waiting', 'finished'].includes(outcome)) {
      return hasStarted(session) && verdict.unknown !== true;
    }
    if (outcome === 'running') return this.#noEnd();
    if (outcome === 'waiting' && this.#context.inputs.on_waiting === 'keep-waiting') return this.#noEnd();
    this.#candidate ??= { seenAt: pollAt, isFirst, isFinal: false };
    this.#candidate.isFinal ||= isLast;
    return this.#isConfirmed(this.#candidate, looked, pollAt);
  }

  /** A session that shows its old state to the end did not take up the message, whatever that state means. */
  #unmoved(looked: Looked): Looked {
    const hasMoved = this.#before === undefined || this.#hasChanged || this.reader.replied;
    if (hasMoved || looked.verdict.outcome !== 'waiting') return looked;
    const advice = 'Open the session to see whether it has the message, then send it again.';
    return { ...looked, verdict: { outcome: 'waiting', headline: 'did not react to the message', advice } };
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
    return isComplete && verdict.outcome !== 'waiting' && this.reader.last !== '' && !isOlder;
  }
}

const isOver = (thrown: unknown) => thrown instanceof ActionError && thrown.code === 'timeout';

const timedOut = (timeout: number) =>
  new ActionError('timeout', `The step took longer than its timeout of ${timeout / 1_000} s.`);
