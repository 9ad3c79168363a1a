import { ActionError } from '../../../contract/errors.ts';
import { canonicalJson } from '../../../contract/json.ts';
import type { Context } from '../../operation.ts';
import { type Asked, FIRST_TURN, type Judged, judge, type Turn } from '../outcome/judge.ts';
import { hasStarted, type Session, stateOf } from '../outcome/outcome.ts';
import { readReport } from '../outcome/report.ts';
import { MessageReader, outputDigest, type Sent } from './messages.ts';
import { Poller, type Seen } from './poll.ts';
import { CONFIRM_MS, confirmedIn, FIRST_PAUSE_MS, intervalOf, isOverdue, LATE_MS, lastPollAt } from './schedule.ts';

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

/** The last poll and its messages get so long at most, so that a failure leaves time for another one, in milliseconds. */
const LAST_ATTEMPT_MS = 2_000;
/** The pause after a last poll that failed, in milliseconds. */
const LAST_PAUSE_MS = 1_000;

type PullRequest = Session['pull_requests'][number];

const urlsOf = (session: Session | undefined) => new Set(session?.pull_requests.map(({ pr_url: url }) => url));
const outputOf = (session: Session): unknown => session.structured_output ?? null;

/** Whether a session has moved on from an earlier state. Its time of change says nothing: the message changes it. */
function hasMoved(session: Session, before: Session): boolean {
  const known = urlsOf(before);
  return (
    session.status !== before.status ||
    (session.status_detail ?? null) !== (before.status_detail ?? null) ||
    canonicalJson(outputOf(session)) !== canonicalJson(outputOf(before)) ||
    session.pull_requests.some(({ pr_url: url }) => !known.has(url))
  );
}

/** A session that is watched: what was seen of it, and what was already reported. */
export class Watch {
  readonly #context: WatchContext;
  readonly #watched: Watched;
  readonly #poller: Poller;
  /** Pull requests from before the message of this turn. */
  readonly #known: ReadonlySet<string>;
  /** Those that were seen during the wait. */
  readonly #opened = new Map<string, PullRequest>();
  readonly #startedAt: number;
  readonly #endAt: number;
  readonly #lastPollAt: number;
  /** Aborts the poll that is in flight when the last one is due. */
  readonly #beforeLast: AbortSignal;
  readonly reader: MessageReader;
  #said = '';
  /** The session that the step sent its message to, as it was before. */
  readonly #sentTo: Session | undefined;
  /** The session as it was first seen, if it may show what was before the message of another person or step. */
  #firstSeen: Session | undefined;
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
    this.#sentTo = watched.sent?.before;
    this.#known = urlsOf(this.#sentTo);
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
        const limit = isLast ? this.#lastLimit() : this.#beforeLast;
        const seen = await this.#poller.poll(limit, isLast);
        const looked = seen.session === undefined ? undefined : await this.#look(seen.session, isLast);
        if (looked !== undefined) {
          if (this.#isEnd(goal, looked, { pollAt, isFirst, isLast })) return this.#unmoved(looked);
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

  #lastLimit(): AbortSignal {
    const { clock, signal } = this.#context;
    return AbortSignal.any([signal, clock.deadline(LAST_ATTEMPT_MS)]);
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
  async #look(polled: Session, isLast: boolean): Promise<Looked> {
    const { inputs, log } = this.#context;
    // Messages are worth having, not worth the last poll.
    const limit = isLast ? this.#lastLimit() : this.#beforeLast;
    if (inputs.follow) await this.reader.read(true, false, limit);
    const session = this.#withVanished(polled);
    let looked = await this.#judged(session);
    const isStopped = looked.verdict.outcome !== 'running';
    // What counts as an end depends on the messages, and its last words may be all that is left to know.
    if (isStopped && (!inputs.follow || this.reader.isBehind)) {
      await this.reader.read(inputs.follow, true, limit);
      looked = await this.#judged(session);
    }
    const state = `${stateOf(session)}${looked.verdict.unknown ? ' (unknown to this release)' : ''}`;
    if (state !== this.#said) log.progress(state);
    this.#said = state;
    this.last = looked;
    this.#finishedBefore = isStopped && (this.#finishedBefore || session.status_detail === 'finished');
    return looked;
  }

  /** The session with every pull request that was seen during the wait, and reports the new ones. */
  #withVanished(session: Session): Session {
    const now = urlsOf(session);
    const vanished = [...this.#opened.values()].filter(({ pr_url: url }) => !now.has(url));
    for (const pullRequest of session.pull_requests) {
      const { pr_url: url } = pullRequest;
      if (this.#known.has(url)) continue;
      if (!this.#opened.has(url)) this.#context.log.progress(`pull request opened: ${url}`);
      this.#opened.set(url, pullRequest);
    }
    return vanished.length === 0 ? session : { ...session, pull_requests: [...session.pull_requests, ...vanished] };
  }

  /** The session as it was before the message of this turn, or as it was first seen after a message of a user. */
  get #before(): Session | undefined {
    return this.#sentTo ?? this.#firstSeen;
  }

  async #judged(session: Session): Promise<Looked> {
    const { inputs } = this.#context;
    const { isNew, sent } = this.#watched;
    // A user's message that has no reply yet, or one that cannot be read: all that there is may be from before it.
    const mayBeOld = this.reader.unanswered || (sent === undefined && this.reader.isBehind);
    if (!isNew && !this.#hasChanged && mayBeOld) this.#firstSeen ??= session;
    const before = this.#before;
    if (before !== undefined && hasMoved(session, before)) this.#hasChanged = true;
    const turn = await this.#turn(session);
    return { ...(await judge(session, this.#watched.asked, turn, inputs.on_waiting)), session };
  }

  async #turn(session: Session): Promise<Turn> {
    const { digest, isNoted, replied } = this.reader;
    const output = outputOf(session);
    const isOld = await this.#isOld(output, digest);
    // What the note of a message says of the output proves a change, whenever the session was first seen.
    if (isNoted && digest !== undefined && output !== null && !isOld) this.#hasChanged = true;
    return {
      ...FIRST_TURN,
      isOutputOld: isOld,
      pullRequestsBefore: urlsOf(this.#before),
      replied,
      finishedBefore: this.#finishedBefore,
    };
  }

  /** Whether output is that from before the message of this turn: by the note of the message, or by the state before it. */
  async #isOld(output: unknown, digest: string | undefined): Promise<boolean> {
    if (digest !== undefined) return output !== null && digest === (await outputDigest(output));
    const before = this.#before;
    if (before === undefined || canonicalJson(output) !== canonicalJson(outputOf(before))) return false;
    // A state that was first seen after the message may be from before it or not: a question counts in any case.
    return this.#sentTo !== undefined || (readReport(output)?.outcome ?? 'done') === 'done';
  }

  /** Whether a stopped session may still show the end that it had come to before the message. */
  #isStale({ status }: Session): boolean {
    if (this.#before === undefined || status === 'exit' || status === 'error') return false;
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
    const hasMessage = this.#watched.sent !== undefined || this.reader.unanswered;
    const isMoved = this.#before === undefined || this.#hasChanged || this.reader.replied;
    if (!hasMessage || isMoved || looked.verdict.outcome !== 'waiting') return looked;
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
