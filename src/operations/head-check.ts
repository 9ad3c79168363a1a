import { ActionError, asActionError } from '../contract/errors.ts';
import type { InputValues } from '../contract/inputs.ts';
import type { StepOutcome } from '../contract/outputs.ts';
import type { CheckRun, Conclusion } from '../github/check/check-run.ts';
import type { Github } from '../github/client/client.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { Log } from '../runner/log.ts';
import type { EventRead } from './event.ts';

/** How a step ended, as its report says. */
export interface Ended {
  readonly outcome: StepOutcome;
  readonly error?: ActionError;
  /** Markdown; its first line is the title. */
  readonly summary: string;
  /** Of a session, the outcome is `session_outcome`. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The check run that a step keeps on a commit. It never throws: a check that fails is a warning, not the end of the work. */
export interface HeadCheck {
  /**
   * Shows that work is in progress. Without this call, the check appears when the step has ended.
   *
   * @param summary Markdown; its first line is the title
   * @param head the commit; if it is left out, the head of the pull request, or else the commit of the run
   */
  begin(summary: string, head?: string): Promise<void>;
  /** Says what the check is about, for programs: the ID of a session or of a review. What is written later has it. */
  identify(id: string): void;
  /** Leaves the check of a pull request in progress when the step ends: another step will conclude it. */
  leave(): void;
  /** Shows how the step ended. A step that was skipped at its start has no check. */
  conclude(report: Ended): Promise<void>;
}

/** A step that keeps no check. */
export const NO_CHECK: HeadCheck = {
  begin: async () => undefined,
  identify: () => undefined,
  leave: () => undefined,
  conclude: async () => undefined,
};

/** What a check is made with. */
export interface HeadCheckSettings {
  readonly facts: RunFacts;
  /** Name of the operation. */
  readonly operation: string;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly github: () => Promise<Github | undefined>;
  readonly event: () => Promise<EventRead>;
}

/** What is not shown as it stands: code, the text of a link, a sign behind a backslash, an entity, the tags of code. */
const MARKED =
  /(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)|\[((?:\\.|[^\]\\])*)\]\([^)]*\)|\\([^A-Za-z0-9\s])|&(amp|lt|gt);|<\/?code>/g;
const SIGNS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>' };

/** A line of Markdown as people read it. */
const shown = (line: string): string =>
  line.replace(MARKED, (_, _ticks, code?: string, text?: string, sign?: string, name?: string) => {
    if (code !== undefined) return code.trim();
    if (text !== undefined) return shown(text);
    return sign ?? SIGNS[name ?? ''] ?? '';
  });

/** The first line of Markdown as plain text, without its marks, links, and escapes. */
export function titleOf(markdown: string): string {
  const [first = ''] = markdown.split('\n', 1);
  return shown(first.replace(/^#+ /, '')).replaceAll('\u200b', '');
}

/** What the end of a step means for its check. A question is for a person to act on. */
export function conclusionOf({ outcome, error, data = {} }: Pick<Ended, 'outcome' | 'error' | 'data'>): Conclusion {
  const { session_outcome: session } = data;
  if (session === 'waiting' && (error === undefined || error.code === 'session_blocked')) return 'action_required';
  if (session === 'blocked' && error?.code === 'session_blocked') return 'failure';
  // No step waits for the session, so a check that is in progress would never be concluded.
  if (session === 'running' && error === undefined) return 'neutral';
  if (error === undefined) return outcome === 'skipped' ? 'neutral' : outcome === 'failure' ? 'failure' : 'success';
  if (error.code === 'cancelled') return 'cancelled';
  return error.code === 'session_blocked' ? 'action_required' : 'failure';
}

function warn(log: Log, { code, message, status, fix }: ActionError): void {
  if (code === 'gate_closed') {
    log.info(`The check was not written: ${message}`);
    return;
  }
  const help =
    status === 403
      ? `Only \`\${{ github.token }}\` or the token of another app can write checks, and the job needs \`permissions: { checks: write }\`.`
      : fix;
  log.annotate('warning', 'The check was not written', `${message} ${help}`);
}

/** The head of the pull request of `issue_number` or of the event; undefined if it is about something else. */
async function pullHeadOf(
  client: Github,
  number: number | undefined,
  settings: HeadCheckSettings,
): Promise<string | undefined> {
  const { facts, event } = settings;
  const { repository = '' } = facts;
  const read = number === undefined ? await event() : undefined;
  const { thread, commits } = read?.ok === true ? read.event : {};
  if (commits !== undefined) return commits.head;
  const pull = number ?? (thread?.kind === 'pull_request' ? thread.number : undefined);
  if (pull !== undefined) {
    const { readPullRequest } = await import('../github/review/pull-request.ts');
    try {
      return (await readPullRequest(client, repository, pull)).head;
    } catch (thrown) {
      // A number that is none of a pull request is that of an issue.
      if (number === undefined || asActionError(thrown).status !== 404) throw thrown;
    }
  }
  return undefined;
}

/** The commit of a check: the head of the pull request, or else the commit of the run. */
async function headOf(client: Github, number: number | undefined, settings: HeadCheckSettings): Promise<string> {
  const head = (await pullHeadOf(client, number, settings)) ?? settings.facts.commit;
  if (head !== undefined) return head;
  throw new ActionError('input_invalid', 'The run has no commit.', { fix: 'Set `issue_number` to a pull request.' });
}

/** Keeps a check, if it is wanted. Nothing is loaded or sent before it begins; after a failure no more is tried. */
export function headCheck(
  { check, comment_key: key, issue_number: reference }: Pick<InputValues, 'check' | 'comment_key' | 'issue_number'>,
  settings: HeadCheckSettings,
): HeadCheck {
  const { facts, operation, log, redact, github } = settings;
  if (check !== true) return NO_CHECK;
  const name = `Devin: ${key ?? `${facts.job ?? ''} ${operation}`.trim()}`;
  let run: CheckRun | undefined;
  let [failed, isLeft] = [false, false];
  let externalId: string | undefined;
  let queue: Promise<void> = Promise.resolve();
  const textOf = (markdown: string) => ({ title: titleOf(redact(markdown)), summary: redact(markdown), externalId });
  const attempt = (write: () => Promise<void>): Promise<void> => {
    queue = queue.then(write).catch((thrown: unknown) => {
      failed = true;
      warn(log, asActionError(thrown));
    });
    return queue;
  };
  const open = async (given?: string): Promise<CheckRun> => {
    const [client, { checkRun }] = await Promise.all([github(), import('../github/check/check-run.ts')]);
    if (client === undefined || facts.repository === undefined) {
      const fix = 'Pass `github_token: ${{ github.token }}`.';
      throw new ActionError('input_invalid', 'The input github_token is empty.', { fix });
    }
    const head = given ?? (await headOf(client, reference?.number, settings));
    return checkRun({ github: client, repository: facts.repository, name, head });
  };
  // The commit of a run is not known to the step that concludes the check.
  const leaveOpen = async (summary: string) => {
    const client = await github();
    const head = client === undefined ? undefined : await pullHeadOf(client, reference?.number, settings);
    if (head === undefined) return;
    run ??= await open(head);
    await run.begin(textOf(summary));
  };
  return {
    begin: (summary, head) =>
      attempt(async () => {
        if (failed) return;
        run = await open(head);
        await run.begin(textOf(summary));
      }),
    identify(id) {
      externalId = id;
    },
    leave() {
      isLeft = true;
    },
    conclude: (report) =>
      attempt(async () => {
        if (failed || (run === undefined && report.outcome === 'skipped')) return;
        if (isLeft && report.error === undefined) {
          await leaveOpen(report.summary);
          return;
        }
        run ??= await open();
        await run.conclude(conclusionOf(report), textOf(report.summary));
      }),
  };
}
