import type { ActionError } from '../../contract/errors.ts';
import type { OperationOutput, OutputValues } from '../../contract/outputs.ts';
import type { RunFacts } from '../../github/facts.ts';
import { code, details, fence, link, plain, prose, quote, table } from '../../report/markdown.ts';
import { acus, acusCell, count, duration } from '../../report/units.ts';
import { errorPart } from '../failure.ts';
import type { Report } from '../operation.ts';
import { type Session, type SessionOutcome, sentenceOf, type Verdict } from './outcome.ts';
import { type PromptFacts, shortHash } from './request.ts';

/** Outputs that describe one session. */
export const SESSION_OUTPUTS = [
  'session_id',
  'session_url',
  'session_status',
  'session_status_detail',
  'session_outcome',
  'pull_request_url',
  'pull_requests',
  'structured_output',
  'last_message',
  'acus_consumed',
] as const satisfies readonly OperationOutput[];

type SessionOutput = (typeof SESSION_OUTPUTS)[number];

/** Everything that a report on one session says. */
export interface SessionStory {
  readonly session: Session;
  readonly verdict: Verdict;
  /** From the step's start to now, in milliseconds. */
  readonly durationMs: number;
  readonly lastMessage: string;
  readonly facts: RunFacts;
  readonly prompt?: PromptFacts | undefined;
  readonly maxAcus?: number | undefined;
  /** True where a schema was given and the structured output fits it. */
  readonly outputFits?: boolean;
  readonly requests: { readonly count: number; readonly retries: number };
  /** Devin goes on after this: figures that would soon be wrong are left out. */
  readonly underway?: boolean;
  /** What became of a session whose step stopped waiting for it. */
  readonly ending?: string | undefined;
  readonly error?: ActionError | undefined;
}

/** The outputs of a session, as texts. */
export function sessionOutputs(
  session: Session,
  outcome: SessionOutcome,
  lastMessage: string,
): OutputValues<SessionOutput> {
  const structured = session.structured_output;
  return {
    session_id: session.session_id,
    session_url: session.url,
    session_status: session.status,
    session_status_detail: session.status_detail ?? '',
    session_outcome: outcome,
    pull_request_url: session.pull_requests[0]?.pr_url ?? '',
    pull_requests: JSON.stringify(session.pull_requests),
    structured_output: structured === undefined || structured === null ? '' : JSON.stringify(structured),
    last_message: lastMessage,
    acus_consumed: session.acus_consumed === null ? '' : String(session.acus_consumed),
  };
}

/** The same as values. */
export function sessionData(session: Session, outcome: SessionOutcome, lastMessage: string): Record<string, unknown> {
  return {
    session_id: session.session_id,
    session_url: session.url,
    session_status: session.status,
    session_status_detail: session.status_detail ?? null,
    session_outcome: outcome,
    org_id: session.org_id,
    title: session.title ?? null,
    tags: session.tags,
    pull_requests: session.pull_requests,
    structured_output: session.structured_output ?? null,
    last_message: lastMessage,
    acus_consumed: session.acus_consumed,
  };
}

const MARKS: Readonly<Record<SessionOutcome, string>> = {
  running: '▸',
  finished: '✓',
  waiting: '?',
  blocked: '✗',
  failed: '✗',
  timed_out: '✗',
  terminated: '✗',
};

/** `acme/api#482` out of the address of a pull request; the address itself if it has another form. */
export function pullRequestName(url: string): string {
  const [, name, number] =
    /^https?:\/\/[^/]+\/(.+?)\/(?:-\/)?(?:pull|pulls|merge_requests|pullrequest|pull-requests)\/(\d+)/.exec(url) ?? [];
  return name === undefined ? url : `${name}#${number}`;
}

const pullRequests = (session: Session) =>
  session.pull_requests
    .map(({ pr_url: url, pr_state: state }) => `${link(pullRequestName(url), url)}${state ? ` ${plain(state)}` : ''}`)
    .join(', ');

function askedBy({ actor, event, thread, runUrl }: RunFacts): string {
  if (actor === undefined) return '';
  const by = event === undefined ? plain(`@${actor}`) : `${plain(`@${actor}`)} by ${plain(event)}`;
  const name = thread === undefined ? by : `${by} on ${link(thread.name, thread.url)}`;
  return runUrl === undefined ? name : `${name} in ${link('this run', runUrl)}`;
}

function overview({ session, verdict, durationMs, maxAcus, facts, underway = false }: SessionStory): string {
  const cells: ReadonlyArray<readonly [string, string]> = [
    ['Outcome', plain(verdict.outcome.replaceAll('_', ' '))],
    ['ACUs', underway ? '' : acusCell(session.acus_consumed, maxAcus)],
    ['Duration', underway ? '' : duration(durationMs)],
    ['Pull requests', pullRequests(session) || 'none'],
    ['Asked by', askedBy(facts)],
  ];
  const shown = cells.filter(([, cell]) => cell !== '');
  return table(
    shown.map(([head]) => head),
    [shown.map(([, cell]) => cell)],
  );
}

function facts({ session, prompt, requests, underway = false }: SessionStory): string {
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['Session', code(session.session_id)],
    ['Organization', code(session.org_id ?? '')],
    ['Status', code([session.status, session.status_detail].filter(Boolean).join(' · '))],
    [
      'Prompt',
      prompt === undefined
        ? ''
        : `${plain(prompt.beginning)} (sha256 ${code(shortHash(prompt))}, ${count(prompt.bytes, 'byte')})`,
    ],
    ['Tags', session.tags.map(code).join(' ')],
    ['Playbook', code(session.playbook_id ?? '')],
    ['Mode', code(session.devin_mode ?? '')],
    ['Requests', underway ? '' : `${requests.count}, of which ${count(requests.retries, 'retry', 'retries')}`],
  ];
  return table(
    ['', ''],
    rows.filter(([, cell]) => cell !== '').map((row) => [...row]),
  );
}

/** The job summary of one session. */
export function sessionSummary(story: SessionStory): string {
  const { session, verdict, lastMessage, error, ending, outputFits } = story;
  const links = [
    link('session', session.url),
    ...session.pull_requests.map(({ pr_url: url }) => link(pullRequestName(url), url)),
  ];
  const asks = verdict.outcome === 'waiting' && lastMessage !== '';
  const structured = session.structured_output;
  // The error of an outcome repeats the headline; only its code and its advice are news.
  const saysTheSame = error?.message === sentenceOf(verdict);
  const advice =
    error !== undefined && saysTheSame ? `${code(error.code)} · ${prose(error.fix)}` : prose(verdict.advice);
  const fits = outputFits === undefined ? '' : outputFits ? ' (valid)' : ' (not valid)';
  const parts = [
    `### ${error === undefined || verdict.outcome !== 'finished' ? MARKS[verdict.outcome] : '✗'} Devin ${plain(verdict.headline)} · ${links.join(' · ')}`,
    asks ? quote(lastMessage) : '',
    [advice, plain(ending ?? '')].filter((part) => part !== '').join(' '),
    overview(story),
    error === undefined || saysTheSame ? '' : errorPart(error),
    structured === undefined || structured === null
      ? ''
      : details(`Structured output${fits}`, fence(JSON.stringify(structured, null, 2), 'json')),
    lastMessage === '' || asks ? '' : details('Last message', quote(lastMessage)),
    details('Details', facts(story)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The last line of the log: `Finished in 6 min 3 s · 2.4 of 10 ACUs · 1 pull request`. */
export function closingLine({ session, verdict, durationMs, maxAcus }: SessionStory): string {
  const headline = verdict.outcome === 'finished' ? 'Finished' : `Devin ${verdict.headline}`;
  const requests = session.pull_requests.length;
  return [
    `${headline} ${verdict.outcome === 'finished' ? 'in' : 'after'} ${duration(durationMs)}`,
    ...(session.acus_consumed === null ? [] : [acus(session.acus_consumed, maxAcus)]),
    ...(requests === 0 ? [] : [count(requests, 'pull request')]),
  ].join(' · ');
}

/** One report of a session out of its story. */
export function sessionReport(
  story: SessionStory,
  started?: { readonly created: boolean; readonly reused: boolean },
): Report<SessionOutput | 'created' | 'reused'> {
  const { session, verdict, lastMessage, error } = story;
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    outputs: {
      ...sessionOutputs(session, verdict.outcome, lastMessage),
      ...(started === undefined ? {} : { created: String(started.created), reused: String(started.reused) }),
    },
    data: {
      ...sessionData(session, verdict.outcome, lastMessage),
      ...(started === undefined ? {} : { created: started.created, reused: started.reused }),
    },
    summary: sessionSummary(story),
  };
}
