import type { ActionError } from '../../../contract/errors.ts';
import type { RunFacts } from '../../../github/event/facts.ts';
import { code, details, link, plain, prose, quote, table } from '../../../report/markdown.ts';
import { acus, count, duration, instant, shortHash } from '../../../report/units.ts';
import { resultPart } from '../../../report/values.ts';
import { errorPart } from '../../failure.ts';
import type { PromptFacts } from '../request/request.ts';
import { readable } from './message-text.ts';
import { type Session, type SessionOutcome, stateOf, type Verdict } from './outcome.ts';
import type { CompletionReport } from './report.ts';

/** Everything that a report on one session says. */
export interface SessionStory {
  readonly session: Session;
  /** The organization in which the session was requested, whatever the response says. */
  readonly orgId: string;
  readonly verdict: Verdict;
  /** From the step's start to now, in milliseconds. */
  readonly durationMs: number;
  /** Devin's last message as it came; empty if none was read. */
  readonly lastMessage: string;
  /** What Devin says of its work in this turn. */
  readonly report?: CompletionReport | undefined;
  /** Structured output by the user's own schema; null if there is none. */
  readonly output?: unknown;
  /** A schema was given, and the output matches it. */
  readonly outputFits?: boolean;
  /** What is wrong with the output. */
  readonly misfits?: readonly string[];
  readonly facts: RunFacts;
  readonly prompt?: PromptFacts | undefined;
  readonly maxAcus?: number | undefined;
  readonly requests: { readonly count: number; readonly retries: number };
  /** Devin works on after this: figures that would soon be wrong are left out. */
  readonly underway?: boolean;
  /** How people reply in the thread of the event, such as `/devin`. */
  readonly replyPhrase?: string | undefined;
  /** The result is one from before this step: when, in Unix seconds; null if the API does not say. */
  readonly resultAt?: number | null | undefined;
  /** What happened to a session whose step stopped waiting for it. */
  readonly ending?: string | undefined;
  readonly error?: ActionError | undefined;
  /** `collect-sessions` follows the session from now on. */
  readonly isFollowed?: boolean;
  /** Whether the step did to the session just what it was for, whatever the session is now; it is about the session, not Devin. */
  readonly isDone?: boolean;
  /** The error says what the verdict says, so that it is not said again. */
  readonly isVerdict?: boolean;
}

const ICONS: Readonly<Record<SessionOutcome, string>> = {
  running: '⏳',
  finished: '✅',
  waiting: '✋',
  blocked: '❌',
  failed: '❌',
  timed_out: '❌',
  terminated: '❌',
};

/** A step that succeeds shows no failure, even if the session that it is about failed. */
function iconOf({ verdict, error, isVerdict = false, isDone = false }: SessionStory): string {
  if (isDone) return ICONS.finished;
  const icon = ICONS[verdict.outcome];
  if (error === undefined) return icon === '❌' ? '⚠️' : icon;
  return isVerdict && verdict.outcome === 'waiting' ? icon : '❌';
}

/** `acme/api#482` out of the address of a pull request; the address itself if it has another form. */
export function pullRequestName(url: string): string {
  const [, name, number] =
    /^https?:\/\/[^/]+\/(.+?)\/(?:-\/)?(?:pull|pulls|merge_requests|pullrequest|pull-requests)\/(\d+)/.exec(url) ?? [];
  return name === undefined ? url : `${name}#${number}`;
}

/** A link to a session by its title; one without a title is told from others by the beginning of its ID. */
export function sessionLink({ session_id: id, title, url }: Pick<Session, 'session_id' | 'title' | 'url'>): string {
  return link(title || `untitled ${id.replace(/^devin-/, '').slice(0, 6)}`, url);
}

const pullRequestsOf = ({ pull_requests: requests }: Session): string =>
  requests
    .map(({ pr_url: url, pr_state: state }) => `${link(pullRequestName(url), url)}${state ? ` (${plain(state)})` : ''}`)
    .join(', ');

/** What happened, and what exists now. */
export function firstLine(story: SessionStory): string {
  const { session, verdict } = story;
  const requests = pullRequestsOf(session);
  const page = link('session', session.url);
  const said = `### ${iconOf(story)} ${story.isDone === undefined ? 'Devin' : 'Session'} ${plain(verdict.headline)}`;
  if (requests === '') return `${said} · ${page}`;
  return verdict.outcome === 'finished' && story.isDone !== true
    ? `${said}: ${requests} · ${page}`
    : `${said} · ${requests} · ${page}`;
}

/** The texts of Devin that a reader wants at once: the report, and the question that it may only hint at. */
export function quotesOf({ report, lastMessage, verdict }: SessionStory): readonly string[] {
  const [said, last] = [report?.summary ?? '', readable(lastMessage)];
  if (said === '') return last === '' || verdict.outcome === 'running' ? [] : [last];
  const isNews = verdict.outcome === 'waiting' && last !== '' && !said.includes(last) && !last.includes(said);
  return isNews ? [said, last] : [verdict.outcome === 'waiting' && last.includes(said) ? last : said];
}

/** A person without an `@`, which would mention them in each comment. An app has no such page. */
function person(actor: string, { runUrl }: RunFacts): string {
  const server = runUrl?.replace(/\/[^/]+\/[^/]+\/actions\/runs\/\d+$/, '');
  return server === undefined || actor.endsWith('[bot]') ? plain(actor) : link(actor, `${server}/${actor}`);
}

function requestedBy(facts: RunFacts): string[] {
  const { actor, thread, runUrl } = facts;
  const place = thread === undefined ? '' : ` in ${link(thread.name, thread.url)}`;
  return [
    ...(actor === undefined ? [] : [`requested by ${person(actor, facts)}${place}`]),
    ...(runUrl === undefined ? [] : [link('run', runUrl)]),
  ];
}

/** Says that the work was done before, and is not done again. */
const earlier = (at: number | null) => (at === null ? 'earlier result' : `result of ${instant(at * 1_000)}`);

/** What it took, and who requested it. */
export function figures({ session, durationMs, maxAcus, facts, resultAt, underway = false }: SessionStory): string {
  const took = resultAt === undefined ? duration(durationMs) : earlier(resultAt);
  const numbers = underway ? [] : [acus(session.acus_consumed, maxAcus), took];
  return [...numbers, ...requestedBy(facts)].join(' · ');
}

/** What to do, and by which code a workflow knows it. */
function advice({ verdict, error, isVerdict = false, replyPhrase, facts, ending }: SessionStory): string {
  const reply =
    replyPhrase === undefined || facts.thread === undefined
      ? ''
      : `Reply in ${link(facts.thread.name, facts.thread.url)} with ${code(`${replyPhrase} …`)}, or in the session.`;
  const said =
    verdict.outcome === 'waiting' && reply !== '' ? reply : prose(isVerdict && error ? error.fix : verdict.advice);
  const name = isVerdict && error !== undefined ? code(error.code) : '';
  return [[said, name].filter((part) => part !== '').join(' · '), plain(ending ?? '')]
    .filter((part) => part !== '')
    .join(' ');
}

/** Structured output: a small one as a table, any other as JSON that is folded away. */
export function outputPart({ output = null, outputFits = false, misfits = [] }: SessionStory): string {
  if (output === null) return '';
  const checked = outputFits ? ' (matches its schema)' : misfits.length > 0 ? ' (does not match its schema)' : '';
  return resultPart('Structured output', output, checked);
}

function detailsPart({ session, orgId, prompt, requests, underway = false }: SessionStory): string {
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['Session', code(session.session_id)],
    ['Organization', code(orgId)],
    ['Status', code(stateOf(session))],
    [
      'Prompt',
      prompt === undefined
        ? ''
        : `${plain(prompt.beginning)} (sha256 ${code(shortHash(prompt.sha256))}, ${count(prompt.bytes, 'byte')})`,
    ],
    ['Tags', session.tags.map(code).join(' ')],
    ['Playbook', code(session.playbook_id ?? '')],
    ['Mode', code(session.devin_mode ?? '')],
    ['Requests', underway ? '' : `${requests.count}, of which ${count(requests.retries, 'retry', 'retries')}`],
  ];
  return details(
    'Details',
    table(
      ['Detail', 'Value'],
      rows.filter(([, cell]) => cell !== '').map((row) => [...row]),
    ),
  );
}

/** The job summary of one session. */
export function sessionSummary(story: SessionStory): string {
  const { lastMessage, error, isVerdict = false } = story;
  const quotes = quotesOf(story);
  const last = readable(lastMessage);
  const parts = [
    firstLine(story),
    quotes.map(quote).join('\n>\n'),
    advice(story),
    error === undefined || isVerdict ? '' : errorPart(error),
    figures(story),
    outputPart(story),
    last === '' || quotes.includes(last) ? '' : details('Last message', quote(last)),
    detailsPart(story),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The last line of the log: `Finished in 6 min 3 s · 2.4 of 10 ACUs · 1 pull request`. */
export function closingLine({ session, verdict, durationMs, maxAcus }: SessionStory): string {
  const isFinished = verdict.outcome === 'finished';
  const requests = session.pull_requests.length;
  return [
    `${isFinished ? 'Finished in' : `Devin ${verdict.headline} after`} ${duration(durationMs)}`,
    acus(session.acus_consumed, maxAcus),
    ...(requests === 0 ? [] : [count(requests, 'pull request')]),
  ].join(' · ');
}
