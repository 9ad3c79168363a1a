import { asActionError, endsStep } from '../../../contract/errors.ts';
import type { Github } from '../../../github/client/client.ts';
import { type ChangedFiles, changedFiles } from '../../../github/event/changed-files.ts';
import { type FailedJob, failureDetails, hasFailed, type Unread } from '../../../github/event/failures.ts';
import { type EventRequest, eventPrompt, promptNonce } from '../../../github/event/prompt.ts';
import type { GithubEvent } from '../../../github/event/shape.ts';
import { count } from '../../../report/units.ts';
import { type Part, sanitizeVerbatim } from '../../../report/untrusted.ts';
import type { Context } from '../../operation.ts';
import type { PreparedSession } from './request.ts';
import type { Admitted } from './trigger.ts';
import type { UploadText } from './uploads.ts';

/** Size of a prompt about an event; what does not fit is cut, and said to be. */
const MAX_PROMPT_BYTES = 128 * 1024;

/** The ends of all logs together that stand in the prompt itself; a longer log is attached as well. */
const MAX_LOGS_BYTES = 64 * 1024;
const MAX_LOG_BYTES = 16 * 1024;

type ComposeContext = Pick<Context<'prompt'>, 'github' | 'log' | 'clock' | 'facts' | 'redact'>;

/** What was read from GitHub to go with an event. */
interface Fetched {
  readonly facts: GithubEvent['facts'];
  readonly parts: readonly Part[];
  readonly texts: readonly UploadText[];
}

const NOTHING: Fetched = { facts: [], parts: [], texts: [] };

/** What was read, and what could not be. */
interface Read {
  readonly fetched: Partial<Fetched>;
  readonly missing: readonly Unread[];
}

/** The last bytes of a text, from the beginning of a line if there is one. */
function endOf(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const end = bytes.toString('utf8', bytes.length - maxBytes);
  // The mark tells that a secret may be cut there.
  return end.includes('\n') ? end.slice(end.indexOf('\n') + 1) : `…${end}`;
}

/** A job in words: its name, the steps that failed, and what is noted at lines of files. */
function described({ name, conclusion, steps, annotations, moreAnnotations, output }: FailedJob): string {
  const notes = annotations.map(
    ({ path, startLine, level, title, message }) =>
      `${path}:${startLine} ${level}: ${title === '' ? '' : `${title}: `}${message}`,
  );
  return [
    `${name}: ${conclusion}`,
    ...steps.map((step) => `failed step ${step.number}: ${step.name} (${step.conclusion})`),
    ...notes,
    ...(moreAnnotations === 0 ? [] : [`and at least ${count(moreAnnotations, 'more annotation')}`]),
    ...(output === undefined ? [] : [output]),
  ].join('\n');
}

/** The parts of a job, and its log if the part of it does not hold all of it. */
function partsOf(job: FailedJob, at: number, logBytes: number): Pick<Fetched, 'parts' | 'texts'> {
  const number = at + 1;
  const about: Part = { label: `failed job ${number}`, text: described(job), verbatim: true };
  if (job.log === undefined) return { parts: [about], texts: [] };
  const clean = sanitizeVerbatim(job.log.text);
  const end = endOf(clean, logBytes);
  const whole = end === clean && !job.log.cut;
  const label = `log of failed job ${number}${whole ? '' : ', its end'}`;
  const name = `log-of-failed-job-${number}.txt`;
  return {
    parts: [about, { label, text: end, verbatim: true }],
    texts: end === clean ? [] : [{ name, bytes: new Uint8Array(Buffer.from(clean)) }],
  };
}

async function failureOf(
  github: Github,
  repository: string,
  failure: NonNullable<GithubEvent['failure']>,
): Promise<Read> {
  const { jobs, moreJobs, problems } = await failureDetails(github, repository, failure);
  const logBytes = Math.min(MAX_LOG_BYTES, Math.floor(MAX_LOGS_BYTES / Math.max(1, jobs.length)));
  const each = jobs.map((job, at) => partsOf(job, at, logBytes));
  const more = moreJobs === 0 ? [] : [{ finding: `${count(moreJobs, 'more job')} failed.`, advice: '' }];
  return {
    fetched: { parts: each.flatMap(({ parts }) => parts), texts: each.flatMap(({ texts }) => texts) },
    missing: [...more, ...problems],
  };
}

function filesIn(changed: ChangedFiles): Read {
  if (!changed.ok) return { fetched: NOTHING, missing: [changed.problem] };
  const label = `changed files${changed.more ? ', the first ones' : ''}`;
  return { fetched: { parts: [{ label, text: changed.files.join('\n'), verbatim: true }] }, missing: [] };
}

/** The branches of a pull request of which the payload has only the number. */
async function changesOf(github: Github, repository: string, number: number): Promise<Read> {
  const [{ readChanges }, { unreadOf }] = await Promise.all([
    import('../../../github/event/named.ts'),
    import('../../../github/event/pull-request.ts'),
  ]);
  try {
    const { facts = [], parts = [] } = await readChanges(github, repository, number);
    return { fetched: { facts, parts }, missing: [] };
  } catch (thrown) {
    return { fetched: NOTHING, missing: [unreadOf(thrown, 'The branches of the pull request')] };
  }
}

async function inlineOf(github: Github, repository: string, number: number, review: number): Promise<Read> {
  const { inlineComments } = await import('../../../github/event/pull-request.ts');
  const { parts, more, problems } = await inlineComments(github, repository, number, review);
  const rest = more ? [{ finding: 'The review has more comments on lines.', advice: '' }] : [];
  return { fetched: { parts }, missing: [...rest, ...problems] };
}

/** What there is to read about an event, in the order in which it is shown. */
async function readsFor(
  { event, named }: Admitted,
  repository: string,
): Promise<((github: Github) => Promise<Read>)[]> {
  const { thread, commits, name, text } = event;
  const failure = hasFailed(event.failure?.conclusion) ? event.failure : undefined;
  const number = thread?.kind === 'pull_request' ? thread.number : undefined;
  const reads: ((github: Github) => Promise<Read>)[] = [];
  if (failure !== undefined) reads.push((github) => failureOf(github, repository, failure));
  // The commits of the event stay what they were if the branch moves on.
  if (commits !== undefined && named === undefined) {
    reads.push(async (github) => filesIn(await changedFiles(github, repository, commits.base, commits.head)));
  } else if (number !== undefined && (event.failure === undefined || named !== undefined)) {
    const { pullRequestFiles } = await import('../../../github/event/pull-request.ts');
    if (commits === undefined) reads.push((github) => changesOf(github, repository, number));
    reads.push(async (github) => filesIn(await pullRequestFiles(github, repository, number)));
  }
  const review = named === undefined && name === 'pull_request_review' ? reviewOf(text?.url) : undefined;
  if (number !== undefined && review !== undefined) {
    reads.push((github) => inlineOf(github, repository, number, review));
  }
  return reads;
}

/** The ID of a review, by the URL that the reader of the event has made of it. */
function reviewOf(url: string | undefined): number | undefined {
  const [, digits] = /#pullrequestreview-(\d{1,15})$/.exec(url ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** What could not be read, once for each way to help: one missing permission may hide a part of each of many jobs. */
function told(missing: readonly Unread[]): string[] {
  return [...Map.groupBy(missing, ({ advice }) => advice)].map(([advice, alike]) =>
    [...alike.map(({ finding }) => finding), advice].join(' ').trimEnd(),
  );
}

/** What GitHub knows beyond the payload. It is worth having, not worth failing for: what is missing is said. */
async function fetchedFor(context: ComposeContext, admitted: Admitted): Promise<Fetched> {
  const repository = admitted.event.repository ?? context.facts.repository;
  const reads = repository === undefined ? [] : await readsFor(admitted, repository);
  if (reads.length === 0) return NOTHING;
  const lacks = (message: string) =>
    context.log.annotate('warning', 'Part of the event is missing from the prompt', message);
  const github = await context.github();
  if (github === undefined) {
    lacks('The input github_token is empty, so logs and changed files could not be read from GitHub.');
    return NOTHING;
  }
  try {
    const all: Read[] = [];
    for (const read of reads) all.push(await read(github));
    const missing = all.flatMap((one) => one.missing);
    for (const message of told(missing)) lacks(message);
    const unread = missing.map(({ finding }) => finding).join('\n');
    return {
      facts: all.flatMap(({ fetched }) => fetched.facts ?? []),
      parts: [
        ...all.flatMap(({ fetched }) => fetched.parts ?? []),
        { label: 'not read', text: unread, verbatim: true },
      ],
      texts: all.flatMap(({ fetched }) => fetched.texts ?? []),
    };
  } catch (thrown) {
    const { code, message, fix } = asActionError(thrown);
    if (endsStep({ code })) throw thrown;
    lacks(`${message} ${fix}`);
    return NOTHING;
  }
}

/** 128 bits. The texts were fixed when the workflow was triggered, before anybody could know it. */
const nonceOf = ({ random }: Context['clock']) =>
  Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');

/** The same request without secrets: a log or a comment that holds one must not give it to those who see the session. */
function redacted({ event, trigger, ...request }: EventRequest, redact: (text: string) => string): EventRequest {
  const clean = (parts: readonly Part[]) => parts.map((part) => ({ ...part, text: redact(part.text) }));
  return {
    ...request,
    event: { ...event, parts: clean(event.parts) },
    trigger: trigger === undefined ? undefined : { ...trigger, args: redact(trigger.args) },
    extra: clean(request.extra),
  };
}

/** The request of a session with the event in its prompt: the author's words as they are, everything else fenced. */
export async function composed(
  context: ComposeContext,
  prepared: PreparedSession,
  admitted: Admitted,
): Promise<PreparedSession> {
  const fetched = await fetchedFor(context, admitted);
  const event = { ...admitted.event, facts: [...admitted.event.facts, ...fetched.facts] };
  const texts = fetched.texts.map(({ name, bytes }) => ({
    name,
    bytes: new Uint8Array(Buffer.from(context.redact(Buffer.from(bytes).toString('utf8')))),
  }));
  const instruction = prepared.body.prompt;
  const request = { instruction, event, trigger: admitted.asked, extra: fetched.parts };
  const shown = redacted(request, context.redact);
  const { prompt, cuts } = eventPrompt({
    ...shown,
    attachments: texts.map(({ name }) => name),
    nonce: promptNonce(shown, () => nonceOf(context.clock)),
    maxBytes: MAX_PROMPT_BYTES + Buffer.byteLength(instruction),
  });
  for (const cut of cuts) context.log.info(`  shortened ${cut}`);
  return {
    ...prepared,
    body: { ...prepared.body, prompt },
    uploads: [...prepared.uploads, ...texts],
  };
}
