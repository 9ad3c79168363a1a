import { type ActionError, asActionError, endsStep } from '../../../contract/errors.ts';
import type { Github } from '../../../github/client/client.ts';
import { permissionsYaml } from '../../../github/client/problem.ts';
import type { ThreadWords } from '../../../github/comment/in-thread.ts';
import { CONTENTS_WRITE } from '../../../github/event/dispatch.ts';
import type { RunFacts } from '../../../github/event/facts.ts';
import { withoutComments } from '../../../report/comments.ts';
import { sections } from '../../../report/markdown.ts';
import { conclusionOf, titleOf } from '../../head-check.ts';
import { repositoryPage } from '../../named-thread.ts';
import type { Context } from '../../operation.ts';
import { keyOfCode, markOfCode, questionMarkOfCode } from '../later/tags.ts';
import { questionOf, sessionComment } from '../outcome/comment.ts';
import { readable } from '../outcome/message-text.ts';
import { type Session, spanMs } from '../outcome/outcome.ts';
import { firstPullRequest } from '../outcome/outputs.ts';
import { type SessionStory, sessionSummary } from '../outcome/summary.ts';
import type { Change } from './look.ts';

/** GitHub accepts 64 KB in an event; the rest of it is small. */
const MAX_PAYLOAD_BYTES = 60_000;
const MAX_SUMMARY = 8_000;

type AnnounceContext = Pick<Context<'dispatch_event'>, 'inputs' | 'github' | 'facts' | 'redact' | 'redactValue'>;

/** One session that changed, as outputs and events have it. */
export interface ChangedEntry {
  readonly session_id: string;
  readonly session_url: string;
  readonly org_id: string;
  readonly outcome: string;
  readonly pull_request_url: string | null;
  readonly summary: string | null;
  readonly structured_output: unknown;
  readonly issue_number: number | null;
  /** The key of its comment; null if that is too long to be known. */
  readonly key: string | null;
}

/** What the outputs and the event say of a session. */
export const entryOfChange = ({ session, later, judged, lastMessage }: Change, orgId: string): ChangedEntry => ({
  session_id: session.session_id,
  session_url: session.url,
  org_id: orgId,
  outcome: judged.verdict.outcome,
  pull_request_url: firstPullRequest(session) ?? null,
  summary: readable(judged.report?.summary || lastMessage) || null,
  structured_output: judged.output ?? null,
  issue_number: later.issue ?? null,
  key: keyOfCode(later.code) ?? null,
});

/** The payload of the event: at most 10 members, and at most 60,000 bytes. */
export function payloadOf(entry: ChangedEntry): Readonly<Record<string, unknown>> {
  const isLarge = (value: unknown) => Buffer.byteLength(JSON.stringify(value)) > MAX_PAYLOAD_BYTES;
  if (!isLarge(entry)) return { ...entry };
  const { structured_output: _output, ...rest } = entry;
  const short = { ...rest, summary: entry.summary?.slice(0, MAX_SUMMARY).toWellFormed() ?? null };
  return { ...(isLarge(rest) ? short : rest), truncated: true };
}

/** A part of an announcement that failed, and whether the next run may have more luck. */
export interface Unannounced {
  readonly title: string;
  readonly message: string;
  readonly isLasting: boolean;
}

/** What GitHub refuses stays refused until a person changes something; that is told by a warning, not again and again. */
const isLasting = ({ status = 0, code }: ActionError) =>
  code !== 'rate_limited' && status >= 400 && status < 500 && status !== 408;

function unannounced(thrown: unknown, title: string, help = ''): Unannounced {
  const error = asActionError(thrown);
  if (endsStep(error)) throw thrown;
  return { title, message: `${error.message} ${help || error.fix}`, isLasting: isLasting(error) };
}

/** What comment, question, and check are made of. */
function storyOf({ facts }: AnnounceContext, change: Change, orgId: string): SessionStory {
  const { session, judged, later, lastMessage, next } = change;
  const { issue } = later;
  const thread =
    issue === undefined ? {} : { thread: { name: `#${issue}`, url: `${repositoryPage(facts)}/issues/${issue}` } };
  const { runUrl } = facts;
  return {
    ...judged,
    session,
    orgId,
    lastMessage,
    durationMs: spanMs(session),
    facts: { ...thread, ...(runUrl === undefined ? {} : { runUrl }) },
    requests: { count: 0, retries: 0 },
    underway: next === 'open',
    isFollowed: next === 'open',
  };
}

/** What the thread is told: the status comment, a question as a comment of its own, and a reaction to the request. */
function wordsFor({ inputs, redact }: AnnounceContext, { later, next }: Change, story: SessionStory): ThreadWords {
  const { code, request } = later;
  const opening = withoutComments(inputs.comment_text ?? '').trim();
  const asks = questionOf(story);
  const content = story.verdict.outcome === 'finished' ? 'ROCKET' : 'CONFUSED';
  return {
    comment: { mark: markOfCode(code), markdown: redact(sections(opening, sessionComment(story).trimEnd())) },
    question: asks && {
      mark: questionMarkOfCode(code, asks.key),
      markdown: redact(asks.markdown),
      end: redact(asks.end),
    },
    reaction: request === undefined || next === 'open' ? undefined : { to: request, content },
  };
}

/** The number of the session's own pull request, if it is in the repository of the run. */
function ownPullRequest(facts: RunFacts, session: Session): number | undefined {
  const url = firstPullRequest(session) ?? '';
  const page = `${repositoryPage(facts)}/pull/`;
  const isHere = url.toLowerCase().startsWith(page.toLowerCase());
  const [, number] = (isHere ? /^(\d{1,9})(?:$|[/?#])/.exec(url.slice(page.length)) : null) ?? [];
  return number === undefined ? undefined : Number(number);
}

const WRITE_COMMENTS = { issues: 'write', 'pull-requests': 'write' } as const;

/** Updates the comments and the check of a session. At most three requests. */
async function show(
  github: Github,
  context: AnnounceContext,
  change: Change,
  story: SessionStory,
): Promise<Unannounced[]> {
  const { repository = '', commit } = context.facts;
  const { later, judged, session } = change;
  const failures: Unannounced[] = [];
  // Which of the two a comment takes is only known of a thread that may be read.
  const needs = later.comment ? WRITE_COMMENTS : ({ 'pull-requests': 'read' } as const);
  const { seeThread } = await import('../../../github/comment/in-thread.ts');
  const thread = later.comment ? later.issue : undefined;
  // What only the check needs is read as a pull request: an issue would take one more permission.
  const pulls = later.check ? [later.comment ? undefined : later.issue, ownPullRequest(context.facts, session)] : [];
  const numbers = { thread, pulls: pulls.filter((number) => number !== undefined) };
  const isSeen = thread !== undefined || numbers.pulls.length > 0;
  const seen = isSeen ? await seeThread(github, repository, numbers, needs) : undefined;
  if (thread !== undefined && seen !== undefined) {
    await seen
      .write(wordsFor(context, change, story))
      .catch((thrown: unknown) => failures.push(unannounced(thrown, 'A comment was not written')));
  }
  // The commit of this run says nothing of work in progress.
  const head = seen?.head ?? (change.next === 'open' ? undefined : commit);
  const key = keyOfCode(later.code);
  if (!later.check || head === undefined || key === undefined) return failures;
  const { checkRun } = await import('../../../github/check/check-run.ts');
  const check = checkRun({ github, repository, name: `Devin: ${key}`, head });
  const isGood = judged.verdict.outcome === 'finished';
  const conclusion = isGood
    ? 'success'
    : conclusionOf({ outcome: 'failure', data: { session_outcome: judged.verdict.outcome } });
  const markdown = context.redact(sessionSummary(story));
  const text = { title: titleOf(markdown), summary: markdown, externalId: session.session_id };
  await (change.next === 'open' ? check.begin(text) : check.conclude(conclusion, text)).catch((thrown: unknown) =>
    failures.push(unannounced(thrown, 'A check was not written')),
  );
  return failures;
}

/** Announces a change on GitHub by at most four requests, and gives what failed. */
export async function announce(context: AnnounceContext, change: Change, orgId: string): Promise<Unannounced[]> {
  const { inputs, facts } = context;
  const { later } = change;
  if (!change.isNews) return [];
  const isShown = later.issue === undefined ? later.check : later.comment || later.check;
  const type = change.next === 'open' ? undefined : inputs.dispatch_event;
  if (!isShown && type === undefined) return [];
  const github = await context.github();
  if (github === undefined) {
    const message = 'The input github_token is empty. Pass `github_token: ${{ github.token }}`.';
    return [{ title: 'Nothing was written to GitHub', message, isLasting: true }];
  }
  const failures: Unannounced[] = [];
  if (isShown) {
    const shown = show(github, context, change, storyOf(context, change, orgId));
    const unread = later.comment ? 'A comment was not written' : 'A check was not written';
    failures.push(...(await shown.catch((thrown: unknown) => [unannounced(thrown, unread)])));
  }
  if (type === undefined) return failures;
  const { sendDispatch } = await import('../../../github/event/dispatch.ts');
  const entry = entryOfChange(change, orgId);
  // What is cut may be in the middle of a secret, which then is none any more.
  const payload = payloadOf({ ...entry, summary: entry.summary && context.redact(entry.summary) });
  const clean = Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, context.redactValue(value)]));
  const help = `Add \`${permissionsYaml(CONTENTS_WRITE)}\` to the job. The outputs have the session anyway.`;
  await sendDispatch(github, facts.repository ?? '', type, clean).catch((thrown: unknown) => {
    const { status } = asActionError(thrown);
    failures.push(unannounced(thrown, 'The event was not sent', status === 403 || status === 404 ? help : ''));
  });
  return failures;
}
