import { ActionError } from '../../contract/errors.ts';
import { getSession, listSessionMessages } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { hasStarted, type Session, type Verdict, verdictOf } from './outcome.ts';

/** A new session may take a moment until every part of the API knows it. */
const UNKNOWN_GRACE_MS = 15_000;

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
  #messagesAt = -1;
  /** Cursor behind the last full page of messages: what was read of a long session is not read again. */
  #messagesBehind: string | undefined;
  /** The session as it was seen last; absent before the first look. */
  session: Session | undefined;
  /** Devin's last message, where messages were read. */
  lastMessage = '';

  constructor(context: FollowContext, orgId: string, created?: Session) {
    this.#context = context;
    this.#orgId = orgId;
    this.#startedAt = context.clock.now();
    this.session = created;
  }

  /** Looks until the session has started or come to an end of some kind. Throws the signal's reason when that aborts. */
  async until(goal: 'started' | 'finished', sessionId: string): Promise<Followed> {
    const { inputs, clock, signal } = this.#context;
    // A start takes seconds, whatever the interval is for the hours that may follow.
    let pause = Math.min(1_000, inputs.poll_interval);
    for (;;) {
      const session = await this.look(sessionId);
      const verdict = session === undefined ? undefined : verdictOf(session, this.#finishedBefore);
      if (session !== undefined && verdict !== undefined && this.#isEnd(goal, session, verdict))
        return { session, verdict };
      await clock.sleep(pause, signal);
      pause = Math.min(inputs.poll_interval, pause * 2);
    }
  }

  /** Looks once, and prints what is new. Undefined while the API does not know a new session yet. */
  async look(sessionId: string): Promise<Session | undefined> {
    const { devin, inputs, log } = this.#context;
    const session = await this.#tolerant(
      devin.call(getSession, { params: { org_id: this.#orgId, devin_id: sessionId } }),
    );
    if (session === undefined) return undefined;
    this.session = session;
    const state = [session.status, session.status_detail].filter(Boolean).join(' · ').replaceAll('_', ' ');
    if (inputs.follow && session.updated_at !== this.#messagesAt) await this.readMessages(sessionId, true);
    this.#messagesAt = session.updated_at;
    for (const { pr_url: url } of session.pull_requests) {
      if (!this.#pullRequests.has(url)) log.progress(`pull request opened: ${url}`);
      this.#pullRequests.add(url);
    }
    if (state !== this.#said) log.progress(state);
    this.#said = state;
    this.#finishedBefore ||= verdictOf(session).outcome === 'finished';
    return session;
  }

  /** Reads the messages, keeps Devin's last one, and prints the new ones if `print` is set. */
  async readMessages(sessionId: string, print: boolean): Promise<void> {
    const { devin, log } = this.#context;
    const after = this.#messagesBehind === undefined ? {} : { after: this.#messagesBehind };
    const call = { params: { org_id: this.#orgId, devin_id: sessionId }, query: { first: 200, ...after } };
    for await (const { items, next } of devin.pages(listSessionMessages, call)) {
      for (const { event_id: event, source, message } of items) {
        if (source === 'devin') this.lastMessage = message;
        if (print && source === 'devin' && !this.#printed.has(event)) log.progress(`devin: ${message}`);
        this.#printed.add(event);
      }
      this.#messagesBehind = next ?? this.#messagesBehind;
    }
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
