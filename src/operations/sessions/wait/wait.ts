import { ActionError, asActionError } from '../../../contract/errors.ts';
import type { InputName } from '../../../contract/inputs.ts';
import { sessionFromId } from '../../../devin/endpoints/sessions.ts';
import { shortened } from '../../../report/shorten.ts';
import type { Context } from '../../operation.ts';
import { questionOf, sessionComment } from '../outcome/comment.ts';
import { type Asked, FIRST_TURN, type Judged, judge } from '../outcome/judge.ts';
import { type Session, sentenceOf, type Verdict } from '../outcome/outcome.ts';
import { closingLine, type SessionStory, sessionSummary } from '../outcome/summary.ts';
import type { PromptFacts } from '../request/request.ts';
import { type Ended, type Ending, endSession, LEFT } from './end.ts';
import type { Sent } from './messages.ts';
import type { Looked } from './turn.ts';
import { Watch } from './watch.ts';

/** Inputs of every wait. */
export const WAIT_INPUTS = ['wait', 'poll_interval', 'follow', 'on_waiting'] as const satisfies readonly InputName[];

/** A session to wait for, and what is known of it. */
export interface Waited {
  /** `none` is for a session that this step started or messaged, and does not wait for. */
  readonly goal: 'none' | 'started' | 'finished';
  readonly orgId: string;
  readonly sessionId: string;
  /** The session, if this step started, found or messaged it, and what happens to it if the wait is cut short. */
  readonly started?: {
    readonly session: Session;
    /** The step has just created it. */
    readonly created: boolean;
    /** The message that it got, if it existed already. */
    readonly sent?: Sent | undefined;
    readonly onTimeout: Ending;
    readonly onCancel: Ending;
  };
  readonly asked?: Asked;
  /** Whether a session that has a schema must come with structured output. */
  readonly outputRequired?: boolean;
  readonly prompt?: PromptFacts | undefined;
  readonly maxAcus?: number | undefined;
  /** How people reply in the thread: the trigger phrase, if there is a thread. */
  readonly replyPhrase?: string | undefined;
  /** How many organizations the step polls. */
  readonly organizations?: number | undefined;
}

type WaitContext = Pick<
  Context<(typeof WAIT_INPUTS)[number]>,
  'inputs' | 'devin' | 'log' | 'clock' | 'signal' | 'facts' | 'startedAt' | 'journal' | 'comment' | 'check'
>;

/** Requests and retries so far. */
export const requestCounts = (context: Pick<Context, 'journal'>) => ({
  count: context.journal.length,
  retries: context.journal.filter((entry) => entry.try > 1).length,
});

/** Longest question that an error quotes, in characters; the summary has all of it. */
const MAX_QUOTE = 2_000;

/** The error that an outcome stands for; undefined for one that the inputs request. */
function errorOf(
  { verdict, misfits }: Looked,
  { goal }: Waited,
  onWaiting: string,
  words: string,
): ActionError | undefined {
  const { outcome, advice } = verdict;
  if (outcome === 'finished' || outcome === 'running') return undefined;
  if (outcome === 'waiting' && (goal !== 'finished' || onWaiting === 'succeed')) return undefined;
  const code = outcome === 'waiting' || outcome === 'blocked' ? 'session_blocked' : 'session_failed';
  const said = shortened(words, MAX_QUOTE);
  const quotes = said !== '' && (outcome === 'waiting' || outcome === 'blocked');
  return new ActionError(code, quotes ? `Devin ${verdict.headline}: ${said}` : sentenceOf(verdict), {
    title: `Devin ${verdict.headline}`,
    // Output that does not match may be why the session does not count as finished.
    list: misfits.map((misfit) => `structured output: ${misfit}`),
    ...(advice === '' ? {} : { fix: advice }),
  });
}

/** What is wrong with the output of a session that finished, or that asks and may do so. */
function outputError({ verdict, output, misfits }: Judged, waited: Waited): ActionError | undefined {
  const { outputRequired = true } = waited;
  if (waited.goal !== 'finished' || waited.asked?.schema === undefined) return undefined;
  if (misfits.length > 0) {
    return new ActionError('structured_output_invalid', 'The structured output does not match its schema.', {
      list: misfits,
    });
  }
  if (output !== null || verdict.outcome !== 'finished' || !outputRequired) return undefined;
  return new ActionError('structured_output_invalid', 'The session finished without structured output.');
}

type Base = Omit<SessionStory, 'session' | 'verdict' | 'report' | 'output' | 'outputFits' | 'misfits'>;

/**
 * Waits for a session and reports how it ended, even if the wait is cut short: the session is known by then, so its
 * outputs are worth having. Only a session that this run created is ever ended.
 */
export async function waitForSession(context: WaitContext, waited: Waited): Promise<SessionStory> {
  const { goal, started, asked = {}, orgId, sessionId, organizations } = waited;
  const { sent, session, created = false } = started ?? {};
  const watch = new Watch(context, { orgId, sessionId, asked, session, isNew: created, sent, organizations });
  const base = (): Base => ({
    durationMs: context.clock.now() - context.startedAt,
    lastMessage: watch.lastMessage,
    orgId,
    facts: context.facts,
    prompt: waited.prompt,
    maxAcus: waited.maxAcus,
    replyPhrase: waited.replyPhrase,
    requests: requestCounts(context),
  });
  try {
    context.signal.throwIfAborted();
    if (goal === 'none') {
      context.check.identify(session?.session_id ?? sessionId);
      if (started === undefined) throw new ActionError('internal', 'There is neither a session nor a wait for one.');
      return concluded(context, waited, await atOnce(context, waited, started.session), base());
    }
    beginCheck(context, waited, base);
    const looked = await watch.until(goal, commenting(context, base));
    const story = concluded(context, waited, looked, base());
    context.log.info(closingLine(story));
    return story;
  } catch (thrown) {
    const error = asActionError(thrown);
    // Even a session that was never seen is known by its id.
    const known = watch.last ?? (await atOnce(context, waited, session ?? sessionFromId(sessionId)));
    return await cutShort(context, waited, known, error, base());
  }
}

/** Shows in the check that Devin works. A GitHub that hangs must not keep the step from polling. */
function beginCheck(context: WaitContext, waited: Waited, base: () => Base): void {
  const { check } = context;
  const session = waited.started?.session ?? sessionFromId(waited.sessionId);
  check.identify(session.session_id);
  const verdict: Verdict = { outcome: 'running', headline: 'is working', advice: '' };
  void check.begin(sessionSummary({ ...base(), session, verdict, underway: true }));
}

/** What is known of a session without a wait. One that just got a message works, whatever it was before. */
async function atOnce({ inputs }: WaitContext, { asked = {}, started }: Waited, session: Session): Promise<Looked> {
  const judged = await judge(session, asked, FIRST_TURN, inputs.on_waiting);
  if (started?.sent?.before === undefined) return { ...judged, session };
  const verdict: Verdict = { outcome: 'running', headline: 'got the message', advice: '' };
  // Report and output are those from before the message.
  return { ...judged, session, verdict, report: undefined };
}

/** Keeps the comment up to date while Devin works: a change that matters to a person; the rest is left to the log. */
function commenting({ comment }: WaitContext, base: () => Base) {
  let said = '';
  let before = '';
  return async (looked: Looked): Promise<void> => {
    const { session, verdict } = looked;
    // A question may arrive after the state that shows it, and that state may last for a moment only.
    const isNew = verdict.outcome === 'waiting' && before !== 'waiting';
    before = verdict.outcome;
    if (isNew) return;
    // A question may arrive after the state that stands for it.
    const question = verdict.outcome === 'waiting' ? base().lastMessage : '';
    const news = JSON.stringify([verdict.outcome, session.pull_requests.map(({ pr_url: url }) => url), question]);
    if (news === said) return;
    said = news;
    // Devin is what the step waits for: a GitHub that hangs must not keep it from polling, or from ending the session.
    const story = { ...base(), ...looked, underway: true };
    void comment.update(sessionComment(story));
    const asks = questionOf(story);
    if (asks !== undefined) void comment.ask(asks);
  };
}

/** A wait that came to its end, or a session that is not waited for. */
function concluded(context: WaitContext, waited: Waited, looked: Looked, base: Base): SessionStory {
  const { verdict, report } = looked;
  // A reply counts as the summary of a turn whose report was left as it was.
  const isReply = verdict.outcome === 'finished' && looked.replied;
  const said = report ?? (isReply ? ({ outcome: 'done', summary: base.lastMessage } as const) : undefined);
  const words = report?.summary || base.lastMessage;
  const wrongOutput = ['finished', 'waiting'].includes(verdict.outcome) ? outputError(looked, waited) : undefined;
  const error = errorOf(looked, waited, context.inputs.on_waiting, words) ?? wrongOutput;
  return { ...base, ...looked, report: said, error, isVerdict: error !== undefined && error !== wrongOutput };
}

/** A wait that an error, the end of the time or a cancelled workflow cut short. */
async function cutShort(
  context: WaitContext,
  waited: Waited,
  known: Looked,
  error: ActionError,
  base: Base,
): Promise<SessionStory> {
  const { onTimeout, onCancel } = waited.started ?? {};
  const how = error.code === 'timeout' ? onTimeout : error.code === 'cancelled' ? onCancel : undefined;
  const { session } = known;
  const end = how === undefined ? undefined : await endSession(context, waited.orgId, session.session_id, how);
  if (end !== undefined) context.log.progress(end.sentence);
  const verdict = cutVerdict(error, known.verdict, end);
  const ending = end?.sentence ?? (error.code === 'timeout' ? LEFT : undefined);
  return { ...base, ...known, verdict, error: cutError(error, known, end), ending };
}

/** What to do after a timeout. More time does not help a session whose state nobody understands. */
function cutError(error: ActionError, { session, verdict }: Looked, end: Ended | undefined): ActionError {
  if (error.code !== 'timeout') return error;
  const { unknown, headline, advice } = verdict;
  if (unknown === true) {
    return new ActionError('timeout', `${error.message} Devin ${headline}.`, { fix: advice, cause: error });
  }
  if (end?.ended === true) return new ActionError('timeout', error.message, { fix: 'Raise `timeout`.', cause: error });
  const wait = `To continue to wait, run \`wait-for-session\` with \`session_id: ${session.session_id}\``;
  const fix = `${wait}; to end the session, run \`terminate-session\` with it. Next time, set a longer \`timeout\`.`;
  return new ActionError('timeout', error.message, { fix, cause: error });
}

/** A session that is out of sight is never reported as ended, whatever it was when it was seen last. */
function cutVerdict({ code }: ActionError, seen: Verdict, end: Ended | undefined): Verdict {
  if (code === 'timeout') {
    if (seen.outcome === 'finished') {
      const headline = 'seemed to be finished, but this could not be confirmed before the timeout';
      return { outcome: 'timed_out', headline, advice: '' };
    }
    const state = seen.outcome === 'running' && seen.unknown !== true ? '' : ` and ${seen.headline}`;
    return { outcome: 'timed_out', headline: `did not finish before the timeout${state}`, advice: '' };
  }
  if (code !== 'cancelled') return { outcome: 'running', headline: 'may still be running', advice: '' };
  return end?.terminated
    ? { outcome: 'terminated', headline: 'stopped: the session was terminated with the workflow', advice: '' }
    : { outcome: 'running', headline: 'was running when the workflow was canceled', advice: '' };
}
