import { STATUS_DETAILS } from '../../devin/endpoints/sessions.ts';

/** How a session's work ends, or where it stays. `suspended:` is followed by the documented reason. */
export type Ending = 'finish' | 'waiting' | 'blocked' | 'approval' | 'error' | 'slow' | 'exit' | `suspended:${string}`;

/** The structured output that a finished session has. */
type OutputCourse = 'none' | 'fits' | 'misfits';

/** What a session will do, settled when it is created. */
export interface Life {
  readonly ending: Ending;
  /** Milliseconds from creation to the end of the work. */
  readonly finishAfter: number;
  /** 1 = as long as in the field; smaller is faster. */
  readonly pace: number;
  readonly pullRequest: boolean;
  readonly output: OutputCourse;
  /** Milliseconds after a message in which the session is still shown as it was before. */
  readonly lag?: number;
}

/** What Devin says at the end of a turn: the content of a completion report. */
export interface TurnResult {
  readonly outcome: 'done' | 'question' | 'blocked';
  readonly summary: string;
}

/** One thing that happens to a session, at a time in milliseconds. Fields that are left out stay as they were. */
export interface Step {
  readonly at: number;
  readonly status?: string;
  readonly detail?: string | null;
  readonly message?: { readonly source: 'devin' | 'user'; readonly text: string };
  readonly pullRequest?: true;
  /** Devin stops here. */
  readonly ends?: true;
  readonly result?: TurnResult;
  /** A request has ended the session: nothing that happens later changes that. */
  readonly isFinal?: true;
  /** URLs of files that come with a user's message. */
  readonly attachments?: readonly string[];
}

/** What a session says, and what was said to it. */
export interface Lines {
  readonly prompt: string;
  readonly greeting: string;
  readonly where: string;
}

/** When things happen in the field, in seconds after the creation. Issues and pull requests take longer. */
const FIELD = { claimed: 2, running: 17, greeting: 25, reading: 35, stop: 45, pullRequest: 55, done: 63 };
/** When things happen in the field after a message, in seconds. */
const FIELD_TURN = { noted: 8, working: 5, thanks: 10, pullRequest: 25, done: 40 };

const SUSPENSIONS = new Set(STATUS_DETAILS.slice(STATUS_DETAILS.indexOf('inactivity')).map(String));

/** The tags that choose a life, for an error message. */
export const LIFE_TAGS = [
  ...[
    'waiting',
    'blocked',
    'approval',
    'error',
    'out-of-credits',
    'slow',
    'pr',
    'structured',
    'bad-structured',
    'exit',
  ],
  ...['suspended-<reason>', 'finish-after=<seconds>', 'lag=<seconds>', 'habit:<name>=<value>'],
].map((name) => `sandbox:${name}`);

function endingOf(name: string): Ending | undefined {
  const plain = (['waiting', 'blocked', 'approval', 'error', 'slow', 'exit'] as const).find((one) => one === name);
  if (plain !== undefined) return plain;
  if (name === 'out-of-credits') return 'suspended:out_of_credits';
  const reason = name.startsWith('suspended-') ? name.slice('suspended-'.length).replaceAll('-', '_') : '';
  return SUSPENSIONS.has(reason) ? `suspended:${reason}` : undefined;
}

/** The life that tags ask for, or the first `sandbox:` tag that names none. Tags that name a habit are not looked at. */
export function lifeOf(
  tags: readonly string[],
  { hasSchema, pace }: { readonly hasSchema: boolean; readonly pace: number },
): Life | { readonly unknownTag: string } {
  let ending: Ending = 'finish';
  let finishAfter = FIELD.done * 1000 * pace;
  let pullRequest = false;
  let output: OutputCourse = hasSchema ? 'fits' : 'none';
  let lag = 0;
  for (const tag of tags) {
    if (!tag.startsWith('sandbox:') || tag.startsWith('sandbox:habit:')) continue;
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
  return { ending, finishAfter, pace, pullRequest, output, lag };
}

function say(text: string): { source: 'devin'; text: string } {
  return { source: 'devin', text };
}

/** The end of a turn at which Devin speaks: with a result, or without one. */
function turnEnd(at: number, detail: string, outcome: TurnResult['outcome'], summary: string): Step {
  return { at, status: 'running', detail, ends: true, result: { outcome, summary }, message: say(summary) };
}

const done = (at: number, text: string): Step => turnEnd(at, 'finished', 'done', text);

/** The last step of the first turn; undefined for a session that keeps working. */
function ending(life: Life, at: (seconds: number) => number, lines: Lines): Step | undefined {
  const stop = at(FIELD.stop);
  switch (life.ending) {
    case 'slow':
      return undefined;
    case 'waiting':
      return turnEnd(
        stop,
        'waiting_for_user',
        'question',
        'Which of the two ways do you prefer? I am waiting for your reply.',
      );
    case 'blocked':
      return turnEnd(stop, 'waiting_for_user', 'blocked', `I have no access to ${lines.where} and cannot continue.`);
    case 'approval':
      return {
        at: stop,
        detail: 'waiting_for_approval',
        ends: true,
        message: say('I would like to run a command that needs your approval.'),
      };
    case 'error':
      return {
        at: stop,
        status: 'error',
        detail: null,
        ends: true,
        message: say('Something went wrong on my machine; I cannot go on.'),
      };
    case 'exit':
      return {
        at: at(FIELD.done),
        status: 'exit',
        detail: null,
        ends: true,
        message: say('I end here without having finished.'),
      };
    case 'finish':
      return done(at(FIELD.done), `Done. I finished the work in ${lines.where}.`);
    default:
      return { at: stop, status: 'suspended', detail: life.ending.slice('suspended:'.length), ends: true };
  }
}

/** Everything that will happen to a session that is created at `created`, without a request that changes it. */
export function begin(life: Life, created: number, lines: Lines): Step[] {
  // A session that ends later than usual still starts as fast as usual.
  const early = (seconds: number) =>
    created + Math.round(Math.min(seconds * 1000 * life.pace, (life.finishAfter * seconds) / FIELD.done));
  const at = (seconds: number) => created + Math.round((life.finishAfter * seconds) / FIELD.done);
  const end = ending(life, at, lines);
  const steps: Step[] = [
    { at: created, status: 'new', detail: null, message: { source: 'user', text: lines.prompt } },
    { at: early(FIELD.claimed), status: 'claimed', detail: null },
    { at: early(FIELD.running), status: 'running', detail: 'working' },
    { at: early(FIELD.greeting), message: say(lines.greeting) },
    { at: at(FIELD.reading), message: say(`I am reading the code in ${lines.where}.`) },
    ...(life.pullRequest ? [pullRequest(at(FIELD.pullRequest))] : []),
  ];
  return end === undefined ? steps : [...steps.filter((step) => step.at <= end.at), end];
}

function pullRequest(at: number): Step {
  return { at, pullRequest: true, message: say('I opened a pull request.') };
}

/** What a session's steps come to at a time. */
export interface Moment {
  readonly status: string;
  readonly detail: string | null;
  /** When status or detail changed last. */
  readonly since: number;
  readonly updatedAt: number;
  readonly pullRequest: boolean;
  /** Milliseconds spent at work. */
  readonly worked: number;
}

const isWorking = ({ status, detail }: Pick<Moment, 'status' | 'detail'>) =>
  status === 'running' && detail === 'working';

/** Where a session stands at `now` (milliseconds). */
export function momentOf(steps: readonly Step[], now: number): Moment {
  let [status, since, updatedAt, worked] = ['new', 0, 0, 0];
  let detail: string | null = null;
  let opened = false;
  for (const step of steps) {
    if (step.at > now) break;
    if (isWorking({ status, detail })) worked += step.at - updatedAt;
    if (step.status !== undefined || step.detail !== undefined) since = step.at;
    status = step.status ?? status;
    if (step.detail !== undefined) detail = step.detail;
    opened ||= step.pullRequest === true;
    updatedAt = step.at;
  }
  if (isWorking({ status, detail })) worked += now - updatedAt;
  return { status, detail, since, updatedAt, pullRequest: opened, worked };
}

/** Whether a session waits for a person, be it after a question or after its task. */
const waits = ({ status, detail }: Moment) =>
  status === 'running' && (detail === 'finished' || detail === 'waiting_for_user');

/** The steps until `now`, those to come, and in between, for a session that has waited too long, that it fell asleep. */
export function split(steps: readonly Step[], now: number, sleepMs: number): { past: Step[]; future: Step[] } {
  const past = steps.filter((step) => step.at <= now);
  const future = steps.filter((step) => step.at > now);
  const moment = momentOf(past, now);
  const at = moment.since + sleepMs;
  const isAsleep = sleepMs > 0 && waits(moment) && at <= now;
  const sleep: Step = { at: Math.max(at, moment.updatedAt), status: 'suspended', detail: 'inactivity' };
  return { past: isAsleep ? [...past, sleep] : past, future };
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

/** Steps in their order, up to the one that is final. */
function untilFinal(past: readonly Step[], future: readonly Step[]): Step[] {
  const end = future.find((step) => step.isFinal);
  const before = end === undefined ? future : future.filter((step) => step === end || step.at < end.at);
  return [...past, ...[...before].sort((a, b) => a.at - b.at)];
}

/** The steps from a user's message on: a stopped session works again and finishes, a working one continues. */
export function withMessage(
  { past, future }: ReturnType<typeof split>,
  life: Life,
  now: number,
  message: { text: string; attachments: readonly string[] },
): Step[] {
  const at = (seconds: number) => now + Math.round(seconds * 1000 * life.pace);
  const moment = momentOf(past, now);
  const heard: Step = { at: now, message: { source: 'user', text: message.text }, attachments: message.attachments };
  const busy = moment.status !== 'suspended' && (moment.status !== 'running' || moment.detail === 'working');
  if (busy) {
    const noted: Step = { at: at(FIELD_TURN.noted), message: say('Noted, I take that into account.') };
    return untilFinal([...past, heard], [...future, noted]);
  }
  const again: Step[] =
    moment.status === 'suspended'
      ? [
          { ...heard, status: 'resuming', detail: null },
          { at: at(FIELD_TURN.working), status: 'running', detail: 'working' },
        ]
      : [{ ...heard, status: 'running', detail: 'working' }];
  const opens = life.pullRequest && !moment.pullRequest ? [pullRequest(at(FIELD_TURN.pullRequest))] : [];
  const rest: Step[] = [
    ...again.slice(1),
    { at: at(FIELD_TURN.thanks), message: say('Thank you, I go on with that.') },
    ...opens,
    done(at(FIELD_TURN.done), 'Done. I finished the work after your message.'),
  ];
  return untilFinal([...past, ...again.slice(0, 1)], [...rest, ...future.filter((step) => step.isFinal)]);
}

/** The steps of a session that a request ends; it keeps running for `delay` milliseconds. */
export function ended({ past, future }: ReturnType<typeof split>, now: number, delay: number): Step[] {
  if (future.some((step) => step.isFinal)) return [...past, ...future];
  const exit: Step = { at: now + delay, status: 'exit', detail: null, ends: true, isFinal: true };
  return untilFinal(past, [...future, exit]);
}

/** The steps of a session that is put to sleep at `now`: what was still to come does not, but for its end. */
export function suspended({ past, future }: ReturnType<typeof split>, now: number, reason: string): Step[] {
  const sleep: Step = { at: now, status: 'suspended', detail: reason, ends: true };
  return [...past, sleep, ...future.filter((step) => step.isFinal)];
}

/** The steps of a session that is touched at `now` without a change of its course. */
export function touched({ past, future }: ReturnType<typeof split>, now: number): Step[] {
  return [...past, { at: now }, ...future];
}
