import { isSandbox } from './contract/api-url.ts';
import { type Clock, later, stopping } from './contract/clock.ts';
import { ActionError, asActionError } from './contract/errors.ts';
import { inputError, parseInputs } from './contract/parse.ts';
import { pool } from './contract/pool.ts';
import { Devin } from './devin/client.ts';
import { readCredential } from './devin/credential.ts';
import { openTransport } from './devin/transport.ts';
import { runFacts } from './github/facts.ts';
import { eventReader } from './operations/event.ts';
import { githubOf, LAST_WORDS_MS } from './operations/github.ts';
import { endSession } from './operations/sessions/end.ts';
import { findSession } from './operations/sessions/lookup.ts';
import { parseRemaining, type Remaining } from './operations/sessions/remains.ts';
import { threadComment } from './operations/thread-comment.ts';
import { link, plain } from './report/markdown.ts';
import type { World } from './run.ts';
import { inputReader } from './runner/inputs.ts';
import { Log } from './runner/log.ts';
import { Redactor } from './runner/redact.ts';
import { readState } from './runner/state.ts';
import { VERSION } from './version.ts';

/** Nobody waits gladly for the end of a job. */
const BUDGET_MS = 30_000;
const TRY_MS = 5_000;
const RETRIES = 2;
/** A list may lag behind what was created: so long before each look, in milliseconds. */
const LOOKS_MS = [0, 1_000, 2_000];

const INPUTS = [
  'operation',
  'github_token',
  'comment',
  'comment_key',
  'devin_token',
  'api_url',
  'api_version',
  'dry_run',
  'request_timeout',
  'concurrency',
] as const;

/** What it takes to end sessions. */
interface Cleaner {
  readonly devin: Devin;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Ends the sessions that the main step left behind because it was killed, or could not end in time. It never fails the
 * job, whose fate is sealed by now; what may go on spending ACUs is a warning.
 */
export async function post({ env, write, clock, cancelled }: World): Promise<boolean> {
  const redactor = new Redactor();
  const log = new Log(write, redactor, clock);
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
    const ids = left.map((one) => ('session_id' in one ? one.session_id : one.tag)).join(', ');
    log.annotate(
      'warning',
      'Sessions may still be running',
      `They may spend more ACUs: ${ids}. ${asActionError(thrown).message}`,
    );
  }
  return true;
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
  // The embedded sandbox has ended with the main step, and its sessions with it.
  if (isSandbox(base)) return;
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
  log.info('The step was stopped before it could end its sessions.');
  try {
    const ended = await Promise.all(left.map((one) => turn(() => end({ devin, log, clock, signal }, one))));
    const facts = runFacts(env);
    const comment = threadComment(
      { comment: values.comment ?? false, comment_key: values.comment_key },
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
    await comment.update(
      `### ✗ Devin was stopped with the workflow\n\n${ended.map((line) => `- ${line}`).join('\n')}\n`,
    );
  } finally {
    await transport.close();
  }
}

/** Ends what is left in one organization, and says what came of it in a line of Markdown. Never throws. */
async function end(cleaner: Cleaner, one: Remaining): Promise<string> {
  const { log } = cleaner;
  try {
    const id = 'session_id' in one ? one.session_id : await lookFor(cleaner, one.org_id, one.tag);
    if (id === undefined) return said(log, `${one.org_id}: no session was started.`);
    cleaner.signal.throwIfAborted();
    const { sentence, url } = await endSession(cleaner, one.org_id, id, one.end);
    const line = said(log, `${one.org_id}: ${id}: ${sentence}`);
    return url === undefined ? line : `${link('session', url)} · ${plain(sentence)}`;
  } catch (thrown) {
    const what = 'session_id' in one ? `the session ${one.session_id}` : `a session with the tag ${one.tag}`;
    const message = `In ${one.org_id}, ${what} may still be running and may spend more ACUs. ${asActionError(thrown).message}`;
    log.annotate('warning', 'A session may still be running', message);
    return plain(message);
  }
}

function said(log: Log, sentence: string): string {
  log.progress(sentence);
  return plain(sentence);
}

/** The id of the session that carries the tag. A list may be behind, so one look is not enough to say that there is none. */
async function lookFor({ clock, signal, devin }: Cleaner, orgId: string, tag: string): Promise<string | undefined> {
  for (const pause of LOOKS_MS) {
    if (pause > 0) await clock.sleep(pause, signal);
    const found = await findSession({ devin }, orgId, { tag, scope: 'run' });
    if (found !== undefined) return found.session_id;
  }
  return undefined;
}
