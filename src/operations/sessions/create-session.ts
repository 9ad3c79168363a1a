import type { CommonInput, InputName, InputValues } from '../../contract/inputs.ts';
import { type Checks, type Context, operation, type Preparation, ready } from '../operation.ts';
import { isSeveral, singleOf } from '../organization.ts';
import { entryOf } from './entries.ts';
import { START_INPUTS } from './once/started.ts';
import { carrySession, forRepositories, RUN_INPUTS, type RunRequest } from './one.ts';
import { SESSION_OUTPUTS, sessionReport } from './outcome/outputs.ts';
import { type PreparedSession, prepareSession, REQUEST_INPUTS } from './request/request.ts';
import { type Admitted, gateSettings, prepareTrigger, TRIGGER_INPUTS } from './request/trigger.ts';

const INPUTS = [
  ...new Set([...REQUEST_INPUTS, ...TRIGGER_INPUTS, ...START_INPUTS, ...RUN_INPUTS]),
] as const satisfies readonly InputName[];

type CreateInput = (typeof INPUTS)[number];

/** A request, and the event that asks for it, if it is one that does. */
interface Prepared {
  readonly session: PreparedSession;
  readonly trigger: Admitted | undefined;
}

async function prepare(
  inputs: Partial<InputValues<CreateInput | CommonInput>>,
  checks: Checks,
): Promise<Preparation<Prepared>> {
  const { download_attachments: folder, wait, context } = inputs;
  const reason = folder === undefined ? undefined : await checks.workspace.whyNoFolder(folder);
  if (reason !== undefined) checks.problem('download_attachments', `names ${JSON.stringify(folder)}, which ${reason}`);
  if (folder !== undefined && wait !== undefined && wait !== 'finished') {
    checks.problem('download_attachments', 'needs wait: finished, because Devin attaches files while it works');
  }
  if (wait === 'later') checkLater(inputs, checks);
  const trigger = await prepareTrigger(inputs, checks);
  const closed = trigger !== undefined && 'closed' in trigger ? trigger.closed : undefined;
  const admitted = trigger !== undefined && 'event' in trigger ? trigger : undefined;
  const hasParts = (admitted?.event.parts.length ?? 0) > 0;
  const says = hasParts || admitted?.asked !== undefined || admitted?.named !== undefined;
  const session = await prepareSession(inputs, checks, context === 'event' && (says || closed !== undefined));
  return closed === undefined ? ready({ session, trigger: admitted }) : { skipped: closed };
}

function checkLater({ comment_key: key, check }: Partial<InputValues<CommonInput>>, { facts, problem }: Checks): void {
  if (facts.repository === undefined)
    problem('wait', 'is later, which needs a repository; the step runs outside of a workflow');
  const isLong = Buffer.byteLength(key ?? facts.job ?? '') > 20;
  if (check === true && isLong)
    problem('comment_key', 'needs at most 20 bytes (or a shorter job ID) with check and wait: later');
}

/** The request with what `collect-sessions` needs to follow its session; the check stays in progress until then. */
async function followed(context: Context<CreateInput>, request: RunRequest): Promise<RunRequest> {
  const { inputs, facts, check } = context;
  if (inputs.wait !== 'later') return request;
  const [{ laterTags }, { requestIn }, read] = await Promise.all([
    import('./later/tags.ts'),
    import('../../github/comment/reaction.ts'),
    context.event(),
  ]);
  const key = inputs.comment_key ?? `${facts.job ?? ''} create-session`;
  check.leave();
  const number = request.thread?.number;
  const isRequest = inputs.comment && read.ok && number !== undefined;
  const isOf = {
    comment: inputs.comment,
    check: inputs.check,
    key,
    request: isRequest ? requestIn(read.event, number) : undefined,
  };
  return { ...request, later: laterTags(facts, request.thread, isOf) };
}

/** Lets the event in if its sender may write, and puts it into the prompt if it is to be there. */
async function requestOf(
  context: Context<CreateInput>,
  { session, trigger }: Prepared,
): Promise<{ readonly request: RunRequest; readonly context: Context<CreateInput> }> {
  if (trigger === undefined) return { request: session, context };
  const { admit, withNamed } = await import('./request/admit.ts');
  await admit(context, trigger);
  const isContext = context.inputs.context === 'event';
  const admitted = await withNamed(context, trigger, gateSettings(context.inputs), isContext);
  const { thread } = admitted.event;
  const withEvent = isContext ? await import('./request/compose.ts') : undefined;
  const request = withEvent === undefined ? session : await withEvent.composed(context, session, admitted);
  const isOfPullRequest = context.inputs.reuse === 'pull_request';
  const { ownPullRequest } = isOfPullRequest ? await import('./request/pull-request.ts') : {};
  const pullRequest = await ownPullRequest?.(context, thread);
  const facts = {
    ...context.facts,
    ...(thread === undefined ? {} : { thread: { name: `#${thread.number}`, url: thread.url } }),
  };
  const replyPhrase = context.inputs.trigger_phrase;
  return {
    request: { ...request, thread, pullRequest, fresh: admitted.asked?.fresh, replyPhrase },
    context: { ...context, facts },
  };
}

/** Starts a session, and waits for it as `wait` says; with several organizations, one in each. */
export const createSessionOperation = operation({
  name: 'create-session',
  summary: 'Starts a session, waits for it if requested, and passes its results to the next steps.',
  inputs: INPUTS,
  required: [],
  outputs: [...SESSION_OUTPUTS, 'created', 'reused', 'attachments', 'sessions', 'count'],
  permissions: [
    { all: ['UseDevinSessions'] },
    { all: ['ViewOrgSessions'], for: ['wait', 'reuse', 'rerun'] },
    { all: ['ManageOrgSessions'], for: ['on_cancel', 'reuse'] },
  ],
  severalOrganizations: true,
  versions: ['v3'],
  prepare,
  async run(given, prepared) {
    const { request: asked, context } = await requestOf(given, prepared);
    const request = await followed(context, asked);
    const { log, facts, inputs } = context;
    void context.comment.seen();
    if (isSeveral(inputs.org_id)) {
      const { createAcross } = await import('./across.ts');
      return await createAcross(context, inputs.org_id, request);
    }
    const org = singleOf(inputs.org_id);
    const about = facts.thread === undefined ? '' : ` · ${facts.thread.name}`;
    log.info(`Devin session${org === undefined ? '' : ` in ${org}`}${forRepositories(request)}${about}`);
    const orgId = await context.organization();
    const { started, story, downloaded } = await carrySession(context, orgId, request);
    const entry = entryOf(
      orgId,
      { ...story.session, structured_output: story.output ?? null },
      story.verdict.outcome,
      started,
      story.error,
    );
    const { created, reused } = started;
    const report = sessionReport(story);
    return {
      ...report,
      data: { ...report.data, created, reused, attachments: downloaded, sessions: [entry], count: 1 },
    };
  },
});
