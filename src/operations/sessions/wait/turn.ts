import { canonicalJson } from '../../../contract/json.ts';
import type { Context } from '../../operation.ts';
import { type Asked, FIRST_TURN, type Judged, judge, type Turn } from '../outcome/judge.ts';
import { type Session, stateOf } from '../outcome/outcome.ts';
import { readReport } from '../outcome/report.ts';
import { MessageReader, outputDigest, type Sent } from './messages.ts';

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

/** What was seen of a session in the turn that a step waits for, and what was already printed of it. */
export class TurnWatch {
  readonly #context: WatchContext;
  readonly #watched: Watched;
  /** Pull requests from before the message of this turn. */
  readonly #known: ReadonlySet<string>;
  /** Those that were seen during the wait. */
  readonly #opened = new Map<string, PullRequest>();
  readonly #startedAt: number;
  readonly reader: MessageReader;
  #said = '';
  /** The session that the step sent its message to, as it was before. */
  readonly #sentTo: Session | undefined;
  /** The session as it was first seen, if it may show what was before the message of another person or step. */
  #firstSeen: Session | undefined;
  #hasChanged = false;
  #finishedBefore = false;
  /** The session as it was seen last, judged; undefined before the first poll that saw it. */
  last: Looked | undefined;

  constructor(context: WatchContext, watched: Watched) {
    this.#context = context;
    this.#watched = watched;
    this.#startedAt = context.clock.now();
    this.reader = new MessageReader(context, watched.orgId, watched.sessionId, watched.sent);
    this.#sentTo = watched.sent?.before;
    this.#known = urlsOf(this.#sentTo);
  }

  /** Judges what a poll saw, and prints what is new. `limit` ends the reading of messages. */
  async look(polled: Session, limit: AbortSignal): Promise<Looked> {
    const { inputs, log } = this.#context;
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
  isStale({ status }: Session): boolean {
    if (this.#before === undefined || status === 'exit' || status === 'error') return false;
    if (this.#hasChanged || this.reader.replied) return false;
    return this.#context.clock.now() - this.#startedAt < STALE_MS;
  }

  /** A session that shows its old state to the end did not take up the message, whatever that state means. */
  unmoved(looked: Looked): Looked {
    const hasMessage = this.#watched.sent !== undefined || this.reader.unanswered;
    const isMoved = this.#before === undefined || this.#hasChanged || this.reader.replied;
    if (!hasMessage || isMoved || looked.verdict.outcome !== 'waiting') return looked;
    const advice = 'Open the session to see whether it has the message, then send it again.';
    return { ...looked, verdict: { outcome: 'waiting', headline: 'did not react to the message', advice } };
  }
}
