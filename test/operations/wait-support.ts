import { COMMON_INPUTS, type InputName, isInputName } from '../../src/contract/inputs.ts';
import { parseInputs } from '../../src/contract/parse.ts';
import { Devin } from '../../src/devin/client.ts';
import { NO_CHECK } from '../../src/operations/head-check.ts';
import type { Session } from '../../src/operations/sessions/outcome/outcome.ts';
import type { SessionStory } from '../../src/operations/sessions/outcome/summary.ts';
import type { Sent } from '../../src/operations/sessions/wait/messages.ts';
import { WAIT_INPUTS, type Waited, waitForSession } from '../../src/operations/sessions/wait/wait.ts';
import { NO_COMMENT } from '../../src/operations/thread-comment.ts';
import { Log } from '../../src/runner/log.ts';
import { Redactor } from '../../src/runner/redact.ts';
import { type Handle, open, type Reply, type Seen, START, serve, TestClock } from '../devin/support.ts';
import { session } from './support.ts';

type State = Partial<Session>;

/** A session's life: what it shows from a time on (milliseconds since its creation), and what is said in it. */
export interface Life {
  readonly states: readonly (readonly [at: number, state: State])[];
  readonly messages?: readonly (readonly [at: number, source: 'devin' | 'user', text: string])[];
  /** What happens to a request instead, at a time; undefined for the usual response, and `hang` for none. */
  readonly fault?: ((at: number, request: Seen) => Reply | 'hang' | undefined) | undefined;
  readonly pageSize?: number;
}

export const WORKING: State = { status: 'running', status_detail: 'working' };
export const WAITING: State = { status: 'running', status_detail: 'waiting_for_user' };
export const ASLEEP: State = { status: 'suspended', status_detail: 'inactivity' };
export const FINISHED: State = { status: 'running', status_detail: 'finished' };
export const EXIT: State = { status: 'exit', status_detail: null };
export const REPORTS: State = { tags: ['devin-action:report'] };
export const DONE: State = { ...REPORTS, structured_output: { outcome: 'done', summary: 'The parser is fixed.' } };
export const QUESTION: State = { ...REPORTS, structured_output: { outcome: 'question', summary: 'Which branch?' } };

/** A wait that a test carries out. */
export interface Wait {
  readonly with?: Readonly<Record<string, string>>;
  readonly goal?: Waited['goal'];
  readonly waited?: Partial<Omit<Waited, 'started'>>;
  /** The step created the session; false for one that another step did. */
  readonly created?: boolean;
  readonly onTimeout?: 'leave' | 'terminate';
  readonly sent?: Sent;
  /** The session as the response to its creation shows it. */
  readonly session?: State;
}

/** What a test looks at afterwards. */
export interface Watched {
  readonly story: SessionStory;
  readonly seen: readonly Seen[];
  /** From the start to the end of the wait, in milliseconds. */
  readonly ms: number;
  readonly lines: readonly string[];
  /** How often the session and its messages were requested. */
  readonly polls: number;
  readonly pages: number;
}

const names: readonly InputName[] = [
  ...(Object.keys(COMMON_INPUTS) as readonly string[]).filter(isInputName),
  ...WAIT_INPUTS,
];

function pageOf({ messages = [], pageSize = 200 }: Life, at: number, url: string): Reply {
  const shown = messages.filter(([from]) => from <= at);
  const query = new URL(url, 'http://x').searchParams;
  const from = Number(query.get('after') ?? 0);
  const items = shown.slice(from, from + pageSize).map(([when, source, message], index) => ({
    event_id: `e${from + index}`,
    source,
    message,
    created_at: Math.floor((START + when) / 1_000),
  }));
  const more = from + pageSize < shown.length;
  return { body: { items, has_next_page: more, end_cursor: more ? String(from + pageSize) : null } };
}

/** An API whose session lives at the pace of a clock. */
function living(life: Life, clock: TestClock): Handle {
  return (request, response) => {
    const at = clock.ms - START;
    const fault = life.fault?.(at, request);
    if (fault === 'hang') {
      // Nobody waits for real: the clock moves on, and the connection ends.
      clock.ms += 60_000;
      response.destroy();
      return undefined;
    }
    if (fault !== undefined) return fault;
    if (request.url.includes('/messages')) return pageOf(life, at, request.url);
    if (request.method !== 'GET') return { body: session({ ...EXIT }) };
    const past = life.states.filter(([from]) => from <= at).flatMap(([, state]) => Object.entries(state));
    return { body: session(Object.fromEntries(past)) };
  };
}

const isPoll = ({ method, url }: Seen) => method === 'GET' && !url.includes('/messages');

/** Waits for a session as a step does, at the time of an own clock. */
export async function waitFor(life: Life, wait: Wait = {}): Promise<Watched> {
  const clock = new TestClock();
  const { origin, seen } = await serve(living(life, clock));
  const { transport } = await open(origin, { maxRetries: 0, clock });
  const { values, problems } = parseInputs(names, (name) => ({ poll_interval: '10s', ...wait.with })[name], {});
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  let written = '';
  const log = new Log(
    (text) => {
      written += text;
    },
    new Redactor(),
    clock,
  );
  const context = {
    // No problem means that every input was parsed.
    inputs: values as Parameters<typeof waitForSession>[0]['inputs'],
    devin: new Devin(transport, '', 'v3'),
    log,
    clock,
    signal: new AbortController().signal,
    facts: {},
    startedAt: START,
    journal: transport.journal,
    comment: NO_COMMENT,
    check: NO_CHECK,
  };
  const { created = true, sent, onTimeout = 'leave' } = wait;
  const story = await waitForSession(context, {
    goal: wait.goal ?? 'finished',
    orgId: 'org-1',
    sessionId: 'devin-4f2a',
    ...(created || sent !== undefined
      ? {
          started: {
            session: session({ status: 'new', ...wait.session }),
            created,
            sent,
            onTimeout,
            onCancel: 'leave' as const,
          },
        }
      : {}),
    ...wait.waited,
  });
  return {
    story,
    seen,
    ms: clock.ms - START,
    lines: written.split('\n').slice(0, -1),
    polls: seen.filter(isPoll).length,
    pages: seen.filter(({ url }) => url.includes('/messages')).length,
  };
}
