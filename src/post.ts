import { isSandbox } from './contract/api-url.ts';
import { later, stopping } from './contract/clock.ts';
import { ActionError, asActionError } from './contract/errors.ts';
import { inputError, parseInputs } from './contract/parse.ts';
import { pool } from './contract/pool.ts';
import { VERSION } from './contract/version.ts';
import { Devin } from './devin/client.ts';
import { readCredential } from './devin/credential.ts';
import { openTransport } from './devin/transport.ts';
import { runFacts } from './github/event/facts.ts';
import { proxyPasswords } from './http/proxy.ts';
import { eventReader } from './operations/event.ts';
import { isProven, type Prove, parseRemaining, prover, type Remaining } from './operations/remains.ts';
import { type Cleared, clearUp } from './operations/sessions/once/leftovers.ts';
import { threadComment } from './operations/thread-comment.ts';
import type { World } from './run.ts';
import { inputReader } from './runner/inputs.ts';
import { Log } from './runner/log.ts';
import { publishEarly } from './runner/publish.ts';
import { Redactor } from './runner/redact.ts';
import { readState } from './runner/state.ts';
import { githubOf, LAST_WORDS_MS } from './step/github.ts';

/** Nobody waits gladly for the end of a job. */
const BUDGET_MS = 30_000;
const TRY_MS = 5_000;
const RETRIES = 2;

const INPUTS = [
  'operation',
  'github_token',
  'comment',
  'comment_key',
  'create_as_user_id',
  'devin_token',
  'api_url',
  'api_version',
  'dry_run',
  'request_timeout',
  'concurrency',
  'session_secrets',
] as const;

/**
 * Ends the sessions that the main step left behind because it was killed, or could not end in time. It never fails the
 * job, whose fate is sealed by now; what may spend more ACUs is a warning.
 */
export async function post({ env, write, clock, cancelled, onOverheard }: World): Promise<boolean> {
  const redactor = new Redactor();
  const log = new Log(write, redactor, clock);
  onOverheard?.((text) => log.debug(text));
  const notes = readState(env).map(({ name, text }) => ({ name, left: parseRemaining(text) }));
  for (const { name } of notes.filter(({ left }) => left === undefined)) {
    log.annotate(
      'warning',
      'Unknown state of the main step',
      `${name} was not written by this action, and is ignored.`,
    );
  }
  const left = notes.flatMap((note) => note.left ?? []);
  if (left.length === 0) return true;
  try {
    await endAll(left, { env, log, redactor, clock, cancelled });
  } catch (thrown) {
    const ids = left.map(({ session_id: id, tag }) => id ?? tag).join(', ');
    const message = `They may spend more ACUs: ${ids}. ${asActionError(thrown).message}`;
    log.annotate('warning', 'Sessions may still be running', message);
  }
  return true;
}

const bullets = (lines: readonly Cleared[]) => lines.map(({ line }) => `- ${line}`).join('\n');

const headlineOf = (notes: readonly Remaining[]) =>
  notes.every(({ keep }) => keep !== undefined)
    ? 'Checking whether a request that was sent again has started a second session.'
    : 'The step ended before it could end what it started.';

/** The notes that a step of this job has written. Any other may name a session that is not ours, and ends nothing. */
async function provenOf(notes: readonly Remaining[], prove: Prove, log: Log): Promise<readonly Remaining[]> {
  const proven = await Promise.all(notes.map(async (note) => ((await isProven(note, prove)) ? [note] : [])));
  for (const note of notes.filter((one) => !proven.flat().includes(one))) {
    const what = note.session_id ?? note.tag;
    const message = `No step of this job with this credential has written it, so that it ends nothing. If ${what} is yours, it may still be running, and may spend more ACUs.`;
    log.annotate('warning', 'A note of the main step is not proven', message);
  }
  return proven.flat();
}

async function endAll(
  left: readonly Remaining[],
  {
    env,
    log,
    redactor,
    clock,
    cancelled,
  }: Pick<World, 'env' | 'clock' | 'cancelled'> & { readonly log: Log; readonly redactor: Redactor },
): Promise<void> {
  const { values, problems } = parseInputs(INPUTS, inputReader(env), env);
  const { devin_token: given, api_url: base, request_timeout: tryMs, concurrency, dry_run: dryRun = false } = values;
  const credential = readCredential(given, values.api_version ?? 'auto');
  if ('code' in credential) throw inputError([...problems, credential]);
  if (base === undefined || tryMs === undefined || concurrency === undefined) throw inputError(problems);
  log.mask(credential.token);
  if (values.github_token !== undefined) log.mask(values.github_token);
  for (const secret of values.session_secrets?.values() ?? []) log.mask(secret);
  for (const password of proxyPasswords(env)) log.mask(password);
  // The embedded sandbox has ended with the main step, and its sessions with it.
  if (isSandbox(base)) return;
  const facts = runFacts(env);
  const own = await provenOf(left, prover(credential.token, facts), log);
  if (own.length === 0) return;
  const over = new ActionError('timeout', `This took longer than ${BUDGET_MS / 1_000} s.`);
  const signal = stopping({ clock, cancelled }, BUDGET_MS, over);
  const url = new URL(base);
  const transport = openTransport({
    origin: url.origin,
    token: credential.token,
    userAgent: `devin-action/${VERSION}`,
    dryRun,
    maxRetries: RETRIES,
    requestTimeoutMs: Math.min(tryMs, TRY_MS),
    deadlineAt: clock.now() + BUDGET_MS,
    concurrency,
    clock,
    signal,
    env,
    onRetry: ({ method, path, reason }) => log.progress(`${reason}: ${method} ${path}, retrying`),
  });
  const devin = new Devin(transport, url.pathname.replace(/\/$/, ''), credential.version, {
    apiUrl: base,
    warn: (title, message) => log.annotate('warning', title, message),
  });
  const turn = pool(concurrency);
  log.info(headlineOf(own));
  try {
    const world = { devin, log, clock, signal };
    const done = await Promise.all(own.map((one) => turn(() => clearUp(world, one, values.create_as_user_id))));
    const lines = done.flat();
    if (lines.length > 0) await publishEarly({}, `${bullets(lines)}\n`, { env, log, redactor });
    // A step that came to its end has said so in its comment.
    const stopped = lines.filter(({ isTwin }) => !isTwin);
    if (stopped.length === 0) return;
    const comment = threadComment(
      { comment: values.comment ?? false, comment_key: values.comment_key, issue_number: undefined },
      {
        facts,
        operation: (values.operation ?? '').trim().toLowerCase().replaceAll('_', '-'),
        log,
        redact: (text) => redactor.redact(text),
        event: eventReader(env, facts),
        github: githubOf(
          {
            github_token: values.github_token,
            dry_run: dryRun,
            request_timeout: Math.min(tryMs, TRY_MS),
            max_retries: RETRIES,
          },
          { env, clock, log, signal: later({ signal, clock }, LAST_WORDS_MS) },
        ),
      },
    );
    await comment.update(`### ✗ Devin was stopped with the workflow\n\n${bullets(stopped)}\n`);
  } finally {
    await transport.close();
  }
}
