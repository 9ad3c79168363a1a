import { ActionError } from '../../contract/errors.ts';
import { getSession } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { isMarked, messagesOf, type Sent, type SessionMessage } from './messages.ts';
import { hasStarted, type Session, type Verdict, verdictOf } from './outcome.ts';

/** A new session may take a moment until every part of the API knows it. */
const UNKNOWN_GRACE_MS = 15_000;

/** So long, in milliseconds, a session may still show the state from before a message that it got. */
const LAG_MS = 30_000;

/** What a wait needs: the inputs `follow`, `poll_interval` and `on_waiting`. */
export type FollowContext = Pick<
  Context<'follow' | 'poll_interval' | 'on_waiting'>,
  'inputs' | 'devin' | 'log' | 'clock' | 'signal'
>;

/** How a wait ended. */
export interface Followed {
  readonly session: Session;
  readonly verdict: Verdict;
}

/** A session that is being watched: what was seen of it, and what was already said. */
export class Watch {
  readonly #context: FollowContext;
  readonly #orgId: string;
  readonly #printed = new Set<string>();
  readonly #pullRequests = new Set<string>();
  readonly #startedAt: number;
  #finishedBefore = false;
  #said = '';
  #messagesAt: number | null = -1;
  /** Cursor behind the last full page of messages: what was read of a long session is not read again. */
  #messagesBehind: string | undefined;
  readonly #sent: Sent | undefined;
  /** The messages from before the one that was sent; all of them until that comes up. */
  readonly #old = new Set<string>();
  #heard: boolean;
  #answered = false;
  /** The state from before the message, as long as it may still be shown. */
  #before: Session | undefined;
  /** The session as it was seen last; absent before the first look. */
  session: Session | undefined;
  /** Devin's last message, where messages were read; of a reused session the last one after ours. */
  lastMessage = '';

  /** `session` is one that the step has at hand, `sent` the message that it got. */
  constructor(context: FollowContext, orgId: string, session?: Session, sent?: Sent) {
    this.#context = context;
    this.#orgId = orgId;
    this.#startedAt = context.clock.now();
    this.session = session;
    this.#sent = sent;
    this.#heard = sent === undefined;
    // A state of work is no end, so that it does not matter whether it is the one from before.
    if (sent?.before !== undefined && verdictOf(sent.before).outcome !== 'running') this.#before = sent.before;
    for (const { pr_url: url } of sent?.before?.pull_requests ?? []) this.#pullRequests.add(url);
  }

  /**
   * Looks until the session has started or come to an end of some kind; `onLook` is told of every look before that.
   * Throws the signal's reason when that aborts.
   */
  async until(
    goal: 'started' | 'finished',
    sessionId: string,
    onLook: (now: Followed) => Promise<void> = async () => undefined,
  ): Promise<Followed> {
    const { inputs, clock, signal } = this.#context;
    // A start takes seconds, whatever the interval is for the hours that may follow.
    let pause = Math.min(1_000, inputs.poll_interval);
    for (;;) {
      const session = await this.look(sessionId);
      const verdict = session === undefined ? undefined : verdictOf(session, this.#finishedBefore);
      if (session !== undefined && verdict !== undefined) {
        if (this.#isEnd(goal, session, verdict)) return { session, verdict };
        await onLook({ session, verdict });
      }
      await clock.sleep(pause, signal);
      pause = Math.min(inputs.poll_interval, pause * 2);
    }
  }

  /**
   * Looks once, and prints what is new. Undefined while the API does not know a new session yet, or still shows an old
   * one as it was before the message.
   */
  async look(sessionId: string): Promise<Session | undefined> {
    const { devin, inputs, log } = this.#context;
    const session = await this.#tolerant(
      devin.call(getSession, { params: { org_id: this.#orgId, devin_id: sessionId } }),
    );
    if (session === undefined) return undefined;
    this.session = session;
    const state = [session.status, session.status_detail].filter(Boolean).join(' · ').replaceAll('_', ' ');
    const changed = session.updated_at === null || session.updated_at !== this.#messagesAt;
    if (inputs.follow && changed) await this.readMessages(sessionId, true);
    this.#messagesAt = session.updated_at;
    for (const { pr_url: url } of session.pull_requests) {
      if (!this.#pullRequests.has(url)) log.progress(`pull request opened: ${url}`);
      this.#pullRequests.add(url);
    }
    if (await this.#isBefore(session)) return undefined;
    if (state !== this.#said) log.progress(state);
    this.#said = state;
    this.#finishedBefore ||= verdictOf(session).outcome === 'finished';
    return session;
  }

  /** Reads the messages, keeps Devin's last one, and prints the new ones if `print` is set. */
  async readMessages(sessionId: string, print: boolean): Promise<void> {
    const { devin, log } = this.#context;
    for await (const { items, next } of messagesOf(devin, this.#orgId, sessionId, this.#messagesBehind)) {
      for (const item of items) {
        const { event_id: event, source, message } = item;
        if (this.#isOld(item) || source !== 'devin') continue;
        this.#answered = true;
        this.lastMessage = message;
        if (print && !this.#printed.has(event)) log.progress(`devin: ${message}`);
        this.#printed.add(event);
      }
      this.#messagesBehind = next ?? this.#messagesBehind;
    }
  }

  /** Whether a message is from before the one that was sent. */
  #isOld(message: SessionMessage): boolean {
    if (!this.#heard && this.#sent !== undefined && isMarked(message, this.#sent)) this.#heard = true;
    if (!this.#heard) this.#old.add(message.event_id);
    return this.#old.has(message.event_id);
  }

  /** Whether a session still shows the end that it had come to before the message. */
  async #isBefore(session: Session): Promise<boolean> {
    const before = this.#before;
    if (before === undefined) return false;
    const detail = before.status_detail ?? '';
    const same = session.status === before.status && (session.status_detail ?? '') === detail;
    const young = this.#context.clock.now() - this.#startedAt < LAG_MS;
    if (same && young) {
      if (session.updated_at !== null && session.updated_at === before.updated_at) return true;
      // The message itself may be what has changed since: only an answer tells that Devin took it up.
      await this.readMessages(session.session_id, this.#context.inputs.follow);
      if (!this.#answered) return true;
    }
    this.#before = undefined;
    return false;
  }

  #isEnd(goal: 'started' | 'finished', session: Session, verdict: Verdict): boolean {
    if (verdict.outcome === 'running') return goal === 'started' && hasStarted(session);
    if (verdict.outcome === 'waiting' && goal === 'finished') return this.#context.inputs.on_waiting !== 'keep-waiting';
    return true;
  }

  async #tolerant(answer: Promise<Session>): Promise<Session | undefined> {
    try {
      return await answer;
    } catch (thrown) {
      const young = this.#context.clock.now() - this.#startedAt < UNKNOWN_GRACE_MS;
      if (this.session !== undefined && young && thrown instanceof ActionError && thrown.code === 'not_found')
        return undefined;
      throw thrown;
    }
  }
}
