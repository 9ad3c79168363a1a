import { ActionError } from '../../contract/errors.ts';
import { count, duration } from '../../report/units.ts';
import type { Context } from '../operation.ts';
import type { Downloaded } from './downloads.ts';
import { promptFacts } from './request.ts';
import { type START_INPUTS, type Started, type StartRequest, startSession } from './start.ts';
import type { OutputSchema } from './structured.ts';
import type { SessionStory } from './summary.ts';
import { requestCounts, WAIT_INPUTS, waitForSession } from './wait.ts';

/** Inputs that say how a session is waited for and left. */
export const RUN_INPUTS = [...WAIT_INPUTS, 'on_timeout', 'on_cancel', 'download_attachments'] as const;

/** What it takes to carry a session through. */
export type RunContext = Context<
  (typeof RUN_INPUTS)[number] | (typeof START_INPUTS)[number] | 'max_acu_limit' | 'structured_output_required'
>;

/** Lets a task run when its turn has come. */
export type Turn = <T>(task: () => Promise<T>) => Promise<T>;

/** A session that was carried through as far as the inputs ask for. */
export interface Done {
  readonly started: Started;
  readonly story: SessionStory;
  /** The files that came with it; undefined where none were asked for. */
  readonly downloaded: readonly Downloaded[] | undefined;
}

/** What a session is carried through with. */
export interface RunRequest extends StartRequest {
  readonly schema: OutputSchema | undefined;
  /** What a reply in the thread of the event begins with. */
  readonly replyPhrase?: string | undefined;
}

/** How a session takes its place among others of the step. */
export interface Place {
  readonly turn?: Turn;
  /** How many organizations the step has sessions in. */
  readonly organizations?: number;
}

function tell({ log }: RunContext, { session, created, reused, follows }: Started, sent: string): void {
  if (reused) log.info(`  reused   ${session.url}, which received the prompt as a message (${sent})`);
  else if (created) log.info(`  created  ${session.url} (${sent})`);
  else log.info(`  found    ${session.url}, from an earlier attempt`);
  if (follows !== undefined) log.info(`  follows  ${follows.url}, which ${follows.why}`);
}

/** A re-run finds the session that failed. Its error has to say how to get a new one. */
const RERUN =
  'A re-run of this workflow run finds this session again. For a new session, start a new run or change `idempotency`.';

function withAdvice(story: SessionStory, { created, reused }: Started): SessionStory {
  const { error, verdict } = story;
  const over = ['failed', 'terminated', 'blocked'].includes(verdict.outcome);
  if (created || reused || error === undefined || error.code === 'cancelled' || !over) return story;
  const { code, message, list, title, fix } = error;
  return { ...story, error: new ActionError(code, message, { list, title, fix: `${fix} ${RERUN}`, cause: error }) };
}

const atOnce: Turn = (task) => task();

/** Starts a session in an organization, waits for it as `wait` says, and downloads its files. */
export async function carryOut(
  context: RunContext,
  orgId: string,
  prepared: RunRequest,
  { turn = atOnce, organizations = 1 }: Place = {},
): Promise<Done> {
  const { inputs, log, clock, signal } = context;
  const sentAt = clock.now();
  const started = await turn(() => startSession(context, orgId, prepared));
  const { session, own, sent, created, reports } = started;
  if (own && inputs.wait !== 'none') context.remains.open(orgId, session.session_id);
  else context.remains.settled(orgId);
  const took = duration(clock.now() - sentAt);
  const prompt = await promptFacts(prepared.body.prompt, context.redact);
  log.info(`  prompt   ${JSON.stringify(prompt.beginning)} (${count(prompt.bytes, 'byte')})`);
  tell(context, started, `${count(requestCounts(context).count, 'request')}, ${took}`);
  // A step that does not wait publishes in a moment anyway, unless other organizations hold it up.
  if (inputs.wait !== 'none' || organizations > 1) {
    await context.exists({ org_id: orgId, session_id: session.session_id, session_url: session.url });
  }
  const waited = await waitForSession(context, {
    goal: inputs.wait,
    orgId,
    sessionId: session.session_id,
    started: {
      session,
      created,
      sent,
      onTimeout: own ? inputs.on_timeout : 'leave',
      onCancel: own ? inputs.on_cancel : 'leave',
    },
    asked: { schema: prepared.schema, report: reports },
    outputRequired: inputs.structured_output_required ?? true,
    prompt,
    maxAcus: inputs.max_acu_limit,
    replyPhrase: prepared.replyPhrase,
    organizations,
  });
  // A session whose end failed in a cancelled workflow stays for the post step.
  if (waited.error?.code !== 'cancelled') context.remains.settled(orgId);
  const story = withAdvice(waited, started);
  const folder = inputs.download_attachments;
  if (folder === undefined) return { started, story, downloaded: undefined };
  if (signal.aborted) return { started, story, downloaded: [] };
  const { downloadAll } = await import('./downloads.ts');
  const { files, error } = await downloadAll(context, orgId, session.session_id, folder);
  const late = story.error ?? error;
  return { started, story: late === undefined ? story : { ...story, error: late }, downloaded: files };
}
