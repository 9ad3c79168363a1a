import { STATUS_DETAILS } from '../devin/endpoints/sessions.ts';

/** How a session's work ends, or where it stays. `suspended:` is followed by the documented reason. */
export type Ending = 'finish' | 'waiting' | 'approval' | 'error' | 'slow' | 'exit' | `suspended:${string}`;

/** The structured output that a finished session has. */
export type Output = 'none' | 'fits' | 'misfits';

/** What a session will do, settled when it is created. */
export interface Life {
  readonly ending: Ending;
  /** Milliseconds from creation to the end of the work. */
  readonly finishAfter: number;
  readonly pullRequest: boolean;
  readonly output: Output;
  /** Milliseconds after a message in which the session is still shown as it was before. */
  readonly lag?: number;
}

/** One thing that happens to a session, at a time in milliseconds. Fields that are left out stay as they were. */
export interface Step {
  readonly at: number;
  readonly status?: string;
  readonly detail?: string | null;
  readonly message?: { readonly source: 'devin' | 'user'; readonly text: string };
  readonly pullRequest?: true;
  readonly output?: Output;
  /** URLs of files that come with a user's message. */
  readonly attachments?: readonly string[];
}

/** What a session says, and what was said to it. */
export interface Lines {
  readonly prompt: string;
  readonly greeting: string;
  readonly where: string;
}

const FINISH_AFTER = 4000;
const SUSPENSIONS = new Set(STATUS_DETAILS.slice(STATUS_DETAILS.indexOf('inactivity')).map(String));

/** The tags that choose a life, for an error message. */
export const LIFE_TAGS = [
  ...['waiting', 'approval', 'error', 'out-of-credits', 'slow', 'pr', 'structured', 'bad-structured', 'exit'],
  ...['suspended-<reason>', 'finish-after=<seconds>', 'lag=<seconds>'],
].map((name) => `sandbox:${name}`);

function endingOf(name: string): Ending | undefined {
  if (name === 'waiting' || name === 'approval' || name === 'error' || name === 'slow' || name === 'exit') return name;
  if (name === 'out-of-credits') return 'suspended:out_of_credits';
  const reason = name.startsWith('suspended-') ? name.slice('suspended-'.length).replaceAll('-', '_') : '';
  return SUSPENSIONS.has(reason) ? `suspended:${reason}` : undefined;
}

/** The life that tags ask for, or the first `sandbox:` tag that names none. */
export function lifeOf(tags: readonly string[], hasSchema: boolean): Life | { readonly unknownTag: string } {
  let ending: Ending = 'finish';
  let finishAfter = FINISH_AFTER;
  let pullRequest = false;
  let output: Output = hasSchema ? 'fits' : 'none';
  let lag = 0;
  for (const tag of tags) {
    if (!tag.startsWith('sandbox:')) continue;
    const name = tag.slice('sandbox:'.length);
    const [, timed, seconds] = /^(finish-after|lag)=(\d+(?:\.\d+)?)$/.exec(name) ?? [];
    const special = endingOf(name);
    if (special) ending = special;
    else if (timed === 'lag') lag = Number(seconds) * 1000;
    else if (timed !== undefined) finishAfter = Number(seconds) * 1000;
    else if (name === 'pr') pullRequest = true;
    else if (name === 'structured') output = 'fits';
    else if (name === 'bad-structured') output = 'misfits';
    else return { unknownTag: tag };
  }
  return { ending, finishAfter, pullRequest, output, lag };
}

function say(text: string): { source: 'devin'; text: string } {
  return { source: 'devin', text };
}

/** The last steps of the work: it is done. */
function finish(life: Life, at: number, text: string): Step {
  return { at, status: 'running', detail: 'finished', output: life.output, message: say(text) };
}

function ending(life: Life, at: (share: number) => number, lines: Lines): Step[] {
  switch (life.ending) {
    case 'slow':
      return [];
    case 'waiting':
      return [
        {
          at: at(0.375),
          detail: 'waiting_for_user',
          message: say('Which of the two ways do you prefer? I wait for your answer.'),
        },
      ];
    case 'approval':
      return [
        {
          at: at(0.375),
          detail: 'waiting_for_approval',
          message: say('I would like to run a command that needs your approval.'),
        },
      ];
    case 'error':
      return [
        {
          at: at(0.5),
          status: 'error',
          detail: null,
          message: say('Something went wrong on my machine; I cannot go on.'),
        },
      ];
    case 'exit':
      return [{ at: at(1), status: 'exit', detail: null, message: say('I end here without having finished.') }];
    case 'finish':
      return [finish(life, at(1), `Done. I finished the work in ${lines.where}.`)];
    default:
      return [{ at: at(0.5), status: 'suspended', detail: life.ending.slice('suspended:'.length) }];
  }
}

/** Everything that will happen to a session that is created at `created`, if nobody steps in. */
export function begin(life: Life, created: number, lines: Lines): Step[] {
  const at = (share: number) => created + Math.round(life.finishAfter * share);
  const soon = (ms: number, share: number) => created + Math.min(ms, Math.round(life.finishAfter * share));
  const running = soon(600, 0.15);
  const steps: Step[] = [
    { at: created, status: 'new', detail: null, message: { source: 'user', text: lines.prompt } },
    { at: soon(300, 0.075), status: 'claimed', detail: null },
    { at: running, status: 'running', detail: 'working', message: say(lines.greeting) },
    { at: Math.max(running, at(0.3)), message: say(`I am reading the code in ${lines.where}.`) },
    ...(life.pullRequest ? [pullRequest(at(0.625))] : []),
    ...ending(life, at, lines),
  ];
  const stops =
    life.ending === 'finish' || life.ending === 'slow' || life.ending === 'exit'
      ? Number.POSITIVE_INFINITY
      : (steps.at(-1)?.at ?? 0);
  return steps.filter((step) => step.at <= stops);
}

function pullRequest(at: number): Step {
  return { at, pullRequest: true, message: say('I opened a pull request.') };
}

/** What a session's steps come to at a time. */
export interface Moment {
  readonly status: string;
  readonly detail: string | null;
  readonly updatedAt: number;
  readonly output: Output;
  readonly pullRequest: boolean;
  /** Milliseconds spent at work. */
  readonly worked: number;
}

/** Where a session stands at `now` (milliseconds). */
export function momentOf(steps: readonly Step[], now: number): Moment {
  let status = 'new';
  let detail: string | null = null;
  let updatedAt = 0;
  let output: Output = 'none';
  let opened = false;
  let worked = 0;
  for (const step of steps) {
    if (step.at > now) break;
    if (status === 'running' && detail === 'working') worked += step.at - updatedAt;
    status = step.status ?? status;
    if (step.detail !== undefined) detail = step.detail;
    output = step.output ?? output;
    opened ||= step.pullRequest === true;
    updatedAt = step.at;
  }
  if (status === 'running' && detail === 'working') worked += now - updatedAt;
  return { status, detail, updatedAt, output, pullRequest: opened, worked };
}

/** The steps that are shown at `now`: those from a message on are late by the session's lag. */
export function shownSteps(steps: readonly Step[], { lag = 0 }: Life, now: number): readonly Step[] {
  const late = steps.findIndex(({ at, attachments }) => attachments !== undefined && at <= now && now < at + lag);
  return late === -1 ? steps : steps.slice(0, late);
}

/** Whether a session has ended for good, so that no message reaches it. */
export function hasEnded(moment: Moment): boolean {
  return moment.status === 'exit' || moment.status === 'error';
}

/** The steps from a user's message on: a session that rests works again and finishes, one at work goes on. */
export function withMessage(
  steps: readonly Step[],
  life: Life,
  now: number,
  message: { text: string; attachments: readonly string[] },
): Step[] {
  const past = steps.filter((step) => step.at <= now);
  const future = steps.filter((step) => step.at > now);
  const moment = momentOf(steps, now);
  const heard: Step = { at: now, message: { source: 'user', text: message.text }, attachments: message.attachments };
  const busy = moment.status !== 'suspended' && (moment.status !== 'running' || moment.detail === 'working');
  if (busy) {
    const noted: Step = { at: now + 400, message: say('Noted, I take that into account.') };
    return [...past, heard, ...[...future, noted].sort((a, b) => a.at - b.at)];
  }
  const again: Step[] =
    moment.status === 'suspended'
      ? [
          { ...heard, status: 'resuming', detail: null },
          { at: now + 500, status: 'running', detail: 'working' },
        ]
      : [{ ...heard, status: 'running', detail: 'working' }];
  const opens = life.pullRequest && !moment.pullRequest ? [pullRequest(now + 1500)] : [];
  const rest: Step[] = [
    { at: now + 900, message: say('Thank you, I go on with that.') },
    ...opens,
    finish(life, now + 2500, 'Done. I finished the work after your message.'),
  ];
  return [...past, ...again, ...rest];
}

/** The steps of a session that something stops at `now`: what was still to come does not. */
export function stopped(steps: readonly Step[], now: number, status: string, detail: string | null): Step[] {
  return [...steps.filter((step) => step.at <= now), { at: now, status, detail }];
}

/** The steps of a session that is touched at `now` without a change of its course. */
export function touched(steps: readonly Step[], now: number): Step[] {
  return [...steps.filter((step) => step.at <= now), { at: now }, ...steps.filter((step) => step.at > now)];
}
