import { endsStep } from '../../contract/errors.ts';
import { count, duration } from '../../report/units.ts';
import type { Context } from '../operation.ts';
import type { Downloaded } from './downloads.ts';
import { startSession } from './once/start.ts';
import type { Found, START_INPUTS, Started, StartRequest } from './once/started.ts';
import type { Session } from './outcome/outcome.ts';
import type { SessionStory } from './outcome/summary.ts';
import { type PromptFacts, promptFacts } from './request/request.ts';
import type { OutputSchema } from './request/structured.ts';
import { requestCounts, WAIT_INPUTS, waitForSession } from './wait/wait.ts';

/** Inputs that say how a session is waited for and left. */
export const RUN_INPUTS = [...WAIT_INPUTS, 'on_timeout', 'on_cancel', 'download_attachments'] as const;

/** What it takes to carry a session through. */
export type RunContext = Context<
  (typeof RUN_INPUTS)[number] | (typeof START_INPUTS)[number] | 'max_acu_limit' | 'structured_output_required'
>;

/** Lets a task run when its turn has come. */
type Turn = <T>(task: () => Promise<T>) => Promise<T>;

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
export interface Companions {
  readonly turn?: Turn;
  /** How many organizations the step has sessions in. */
  readonly organizations?: number;
}

/** The repositories of a session, as the end of a line of the log. */
export const forRepositories = ({ body: { repos } }: Pick<RunRequest, 'body'>): string =>
  repos === undefined || repos === null || repos.length === 0 ? '' : ` for ${repos.join(', ')}`;

/** The prompt in one line of the log; the prompt itself is not shown. */
export const promptLine = ({ beginning, bytes }: PromptFacts): string =>
  `  prompt   ${JSON.stringify(beginning)} (${count(bytes, 'byte')})`;

/** By what a session was found, as the end of a sentence. */
const FOUND: Readonly<Record<Found['how'], string>> = {
  attempt: 'from an earlier attempt',
  key: 'started by another step with the same key',
  lost: 'created by the request whose response was lost',
};

function tell({ log }: RunContext, { session, reused, found, follows }: Started, sent: string): void {
  if (reused) log.info(`  reused   ${session.url}, which got the prompt as a message (${sent})`);
  else if (found === undefined) log.info(`  created  ${session.url} (${sent})`);
  else log.info(`  found    ${session.url}, ${FOUND[found.how]}`);
  if (follows !== undefined) log.info(`  follows  ${follows.url}, which ${follows.why}`);
}

/** A tag that was dropped is not worth a request of its own, but a re-run would not find the session. */
function checkTag({ log }: RunContext, { session, created, tag }: Started, last: Session): void {
  if (!created || tag === undefined || [session, last].some(({ tags }) => tags.includes(tag))) return;
  log.annotate(
    'warning',
    'The API did not keep the tag of the session',
    `No response shows the tag ${tag}, so a re-run would not find ${session.url}, and would start another session.`,
  );
}

/** An earlier attempt may have ended a session that still seems to work for so long, in milliseconds. */
const ENDING_MS = 30_000;

/** Whether a session that was found at work came to nothing because the one who started it has ended it. */
function isEndedByOther({ found }: Started, { verdict, error }: SessionStory, sinceMs: number): boolean {
  const isCut = error !== undefined && endsStep(error);
  if (found?.standing !== 'live' || found.how === 'lost' || isCut || verdict.outcome !== 'terminated') return false;
  return found.scope === 'text' || sinceMs < ENDING_MS;
}

async function keepLater(context: RunContext, orgId: string, started: Started, tags: readonly string[]) {
  const { keepTags } = await import('./later/keep.ts');
  return await keepTags(context, orgId, started, tags);
}

const atOnce: Turn = (task) => task();

/** Starts a session in an organization, and waits for it as `wait` says. */
async function startAndWait(
  context: RunContext,
  orgId: string,
  prepared: RunRequest,
  { turn = atOnce, organizations = 1 }: Companions,
): Promise<{ readonly started: Started; readonly story: SessionStory }> {
  const { inputs, log, clock } = context;
  const sentAt = clock.now();
  const started = await turn(() => startSession(context, orgId, prepared));
  const { session, own, sent, created, found, reports } = started;
  if (own && inputs.wait !== 'none') await context.remains.open(orgId, session.session_id);
  else context.remains.settled(orgId);
  const took = duration(clock.now() - sentAt);
  const prompt = await promptFacts(prepared.body.prompt, context.redact);
  if (organizations === 1) log.info(promptLine(prompt));
  tell(context, started, `${count(requestCounts(context).count, 'request')}, ${took}`);
  // A step that does not wait publishes in a moment anyway, unless other organizations hold it up.
  if (inputs.wait !== 'none' || organizations > 1) {
    await context.exists({ org_id: orgId, session_id: session.session_id, session_url: session.url });
  }
  const waited = await waitForSession(context, {
    goal: inputs.wait === 'later' ? 'none' : inputs.wait,
    orgId,
    sessionId: session.session_id,
    started: {
      session,
      // A finished session is in no new turn either, even if its last message is one that woke it.
      created: created || found?.standing === 'finished',
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
  const unkept = prepared.later === undefined ? undefined : await keepLater(context, orgId, started, prepared.later);
  // A session whose end failed in a canceled workflow is left to the post step.
  if (waited.error?.code !== 'cancelled') context.remains.settled(orgId);
  checkTag(context, started, waited.session);
  await started.checkTwin?.();
  const isEarlier = found?.standing === 'finished' && found.how !== 'lost' && waited.verdict.outcome === 'finished';
  const isFollowed = prepared.later !== undefined && unkept === undefined;
  const failure = waited.error === undefined && unkept !== undefined ? { error: unkept } : {};
  const story = { ...waited, isFollowed, ...failure };
  return { started, story: isEarlier ? { ...story, resultAt: story.session.updated_at } : story };
}

/** Starts a session in an organization, waits for it as `wait` says, and downloads its files. */
export async function carrySession(
  context: RunContext,
  orgId: string,
  prepared: RunRequest,
  place: Companions = {},
): Promise<Done> {
  const { inputs, log, clock, signal } = context;
  const from = clock.now();
  let { started, story } = await startAndWait(context, orgId, prepared, place);
  if (!signal.aborted && isEndedByOther(started, story, clock.now() - from)) {
    log.progress('The step that started the session has ended it, so the lookup is repeated.');
    ({ started, story } = await startAndWait(context, orgId, prepared, place));
  }
  const folder = inputs.download_attachments;
  if (folder === undefined) return { started, story, downloaded: undefined };
  if (signal.aborted) return { started, story, downloaded: [] };
  const { downloadAll } = await import('./downloads.ts');
  const { files, error } = await downloadAll(context, orgId, story.session.session_id, folder);
  const late = story.error ?? error;
  return { started, story: late === undefined ? story : { ...story, error: late }, downloaded: files };
}
