import { ActionError, asActionError } from '../../contract/errors.ts';
import type { InputName } from '../../contract/inputs.ts';
import type { Context } from '../operation.ts';
import { type Ended, type Ending, endSession } from './end.ts';
import { type Followed, Watch } from './follow.ts';
import type { Sent } from './messages.ts';
import { type Session, sentenceOf, type Verdict, verdictOf } from './outcome.ts';
import { closingLine, type SessionStory, sessionSummary } from './report.ts';
import type { PromptFacts } from './request.ts';
import type { OutputSchema } from './structured.ts';

/** Inputs of every wait. */
export const WAIT_INPUTS = ['wait', 'poll_interval', 'follow', 'on_waiting'] as const satisfies readonly InputName[];

/** A session to wait for, and what is known of it. */
export interface Waited {
  /** `none` is for a session that this step started and does not stay with. */
  readonly goal: 'none' | 'started' | 'finished';
  readonly orgId: string;
  readonly sessionId: string;
  /** The session, if this step started or found it, and what becomes of it when the wait is cut short. */
  readonly started?: {
    readonly session: Session;
    /** The message that it got, if it was there already. */
    readonly sent?: Sent | undefined;
    readonly onTimeout: Ending;
    readonly onCancel: Ending;
  };
  readonly schema?: OutputSchema | undefined;
  /** Whether a session that has a schema must come with structured output. */
  readonly outputRequired?: boolean;
  readonly prompt?: PromptFacts | undefined;
  readonly maxAcus?: number | undefined;
}

type WaitContext = Pick<
  Context<(typeof WAIT_INPUTS)[number]>,
  'inputs' | 'devin' | 'log' | 'clock' | 'signal' | 'facts' | 'startedAt' | 'journal' | 'comment'
>;

/** Requests and retries so far. */
export const requestCounts = (context: Pick<Context, 'journal'>) => ({
  count: context.journal.length,
  retries: context.journal.filter((entry) => entry.try > 1).length,
});

/** The error that an outcome stands for; undefined for one that the inputs ask for. */
function errorOf(verdict: Verdict, waited: Waited, onWaiting: string): ActionError | undefined {
  const { outcome, advice } = verdict;
  if (outcome === 'finished' || outcome === 'running') return undefined;
  if (outcome === 'waiting' && (waited.goal === 'started' || onWaiting === 'succeed')) return undefined;
  const code = outcome === 'waiting' || outcome === 'blocked' ? 'session_blocked' : 'session_failed';
  return new ActionError(code, sentenceOf(verdict), advice === '' ? {} : { fix: advice });
}

function outputError(session: Session, { schema, outputRequired = true }: Waited): ActionError | undefined {
  if (schema === undefined) return undefined;
  const value = session.structured_output;
  if (value === undefined || value === null) {
    return outputRequired
      ? new ActionError('structured_output_invalid', 'The session finished without structured output.')
      : undefined;
  }
  const list = schema.check(value);
  return list.length === 0
    ? undefined
    : new ActionError('structured_output_invalid', 'The structured output does not fit its schema.', { list });
}

type Base = Omit<SessionStory, 'session' | 'verdict'>;

/**
 * Waits for a session and says how it ended, also when the wait is cut short: the session is known by then, so its
 * outputs are worth having. Only a session that this run created is ever ended.
 */
export async function waitForSession(context: WaitContext, waited: Waited): Promise<SessionStory> {
  const watch = new Watch(context, waited.orgId, waited.started?.session, waited.started?.sent);
  const base = (): Base => ({
    durationMs: context.clock.now() - context.startedAt,
    lastMessage: watch.lastMessage,
    facts: context.facts,
    prompt: waited.prompt,
    maxAcus: waited.maxAcus,
    requests: requestCounts(context),
  });
  try {
    context.signal.throwIfAborted();
    const { goal, started } = waited;
    if (goal === 'none') {
      if (started === undefined) throw new ActionError('internal', 'There is neither a session nor a wait for one.');
      return { ...base(), session: started.session, verdict: firstVerdict(started) };
    }
    const { session, verdict } = await watch.until(goal, waited.sessionId, commenting(context, waited, watch, base));
    if (!context.inputs.follow && goal === 'finished') await watch.readMessages(waited.sessionId, false);
    return judged(context, waited, session, verdict, base());
  } catch (thrown) {
    const error = asActionError(thrown);
    if (watch.session === undefined) throw error;
    return await cutShort(context, waited, watch.session, error, base());
  }
}

/** Keeps the comment up to date while Devin works: what changes for a person is said, the rest is left to the log. */
function commenting({ comment, inputs }: WaitContext, { sessionId }: Waited, watch: Watch, base: () => Base) {
  let said = '';
  return async ({ session, verdict }: Followed): Promise<void> => {
    const news = JSON.stringify([verdict.outcome, session.pull_requests.map(({ pr_url: url }) => url)]);
    if (news === said) return;
    said = news;
    if (verdict.outcome === 'waiting' && !inputs.follow) await watch.readMessages(sessionId, false);
    // Devin is what the step waits for: a GitHub that hangs must not keep it from looking, or from ending the session.
    void comment.update(sessionSummary({ ...base(), session, verdict, underway: true }));
  };
}

/** What is known of a session that is not waited for. One that just got a message works, whatever it was before. */
function firstVerdict({ session, sent }: NonNullable<Waited['started']>): Verdict {
  const verdict = verdictOf(session);
  return sent?.before === undefined || verdict.outcome === 'running'
    ? verdict
    : { outcome: 'running', headline: 'got the message', advice: '' };
}

/** A wait that came to its end. */
function judged(context: WaitContext, waited: Waited, session: Session, verdict: Verdict, base: Base): SessionStory {
  const checked = waited.schema !== undefined && verdict.outcome === 'finished';
  const wrongOutput = checked ? outputError(session, waited) : undefined;
  const error = errorOf(verdict, waited, context.inputs.on_waiting) ?? wrongOutput;
  const story = { ...base, session, verdict, error, ...(checked ? { outputFits: wrongOutput === undefined } : {}) };
  context.log.info(closingLine(story));
  return story;
}

/** A wait that an error, the end of the time or a cancelled workflow cut short. */
async function cutShort(
  context: WaitContext,
  waited: Waited,
  session: Session,
  error: ActionError,
  base: Base,
): Promise<SessionStory> {
  const { onTimeout, onCancel } = waited.started ?? {};
  const how = error.code === 'timeout' ? onTimeout : error.code === 'cancelled' ? onCancel : undefined;
  const end = how === undefined ? undefined : await endSession(context, waited.orgId, session.session_id, how);
  if (end !== undefined) context.log.progress(end.sentence);
  return { ...base, session, verdict: cutVerdict(error, session, end), error, ending: end?.sentence };
}

function cutVerdict({ code }: ActionError, session: Session, end: Ended | undefined): Verdict {
  if (code === 'timeout') return { outcome: 'timed_out', headline: 'was not finished in time', advice: '' };
  if (code !== 'cancelled') return verdictOf(session);
  return end?.terminated
    ? { outcome: 'terminated', headline: 'was terminated with the workflow', advice: '' }
    : { outcome: 'running', headline: 'was running when the workflow was cancelled', advice: '' };
}
