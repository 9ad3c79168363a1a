import { ActionError, asActionError } from '../contract/errors.ts';
import type { InputValues } from '../contract/inputs.ts';
import type { StepOutcome } from '../contract/outputs.ts';
import type { CheckRun, Conclusion } from '../github/check/check-run.ts';
import type { Github } from '../github/client/client.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { Log } from '../runner/log.ts';

/** How a step ended, as its report says. */
export interface Ended {
  readonly outcome: StepOutcome;
  readonly error?: ActionError;
  /** Markdown; its first line is the title. */
  readonly summary: string;
}

/** The check run that a step keeps on a commit. It never throws: a check that fails is a warning, not the end of the work. */
export interface HeadCheck {
  /**
   * Shows that work on the commit is in progress. Without this call, there is no check.
   *
   * @param summary Markdown; its first line is the title
   */
  begin(head: string, summary: string): Promise<void>;
  /** Says what the check is about, for programs: the ID of a session or of a review. What is written later has it. */
  identify(id: string): void;
  /** Shows how the step ended, if the check was begun. */
  conclude(report: Ended): Promise<void>;
}

/** A step that keeps no check. */
export const NO_CHECK: HeadCheck = {
  begin: async () => undefined,
  identify: () => undefined,
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
}

/** The first line of Markdown as plain text, without its marks, links, and escapes. */
export function titleOf(markdown: string): string {
  const [first = ''] = markdown.split('\n', 1);
  return first
    .replace(/^#+ /, '')
    .replace(/(?<!\\)\[((?:\\.|[^\]\\])*)\]\([^)]*\)/g, '$1')
    .replace(/\\([^A-Za-z0-9\s])/g, '$1')
    .replaceAll('\u200b', '')
    .replace(/&(amp|lt|gt);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>' })[name] ?? '');
}

/** What the end of a step means for its check. A question is for a person to act on. */
export function conclusionOf({ outcome, error }: Pick<Ended, 'outcome' | 'error'>): Conclusion {
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

/** Keeps a check, if it is wanted. Nothing is loaded or sent before it begins; after a failure no more is tried. */
export function headCheck(
  { check, comment_key: key }: Pick<InputValues, 'check' | 'comment_key'>,
  { facts, operation, log, redact, github }: HeadCheckSettings,
): HeadCheck {
  if (check !== true) return NO_CHECK;
  const name = `Devin: ${key ?? `${facts.job ?? ''} ${operation}`.trim()}`;
  let run: CheckRun | undefined;
  let externalId: string | undefined;
  let queue: Promise<void> = Promise.resolve();
  const textOf = (markdown: string) => ({ title: titleOf(redact(markdown)), summary: redact(markdown), externalId });
  const attempt = (write: () => Promise<void>): Promise<void> => {
    queue = queue.then(write).catch((thrown: unknown) => {
      run = undefined;
      warn(log, asActionError(thrown));
    });
    return queue;
  };
  const open = async (head: string): Promise<CheckRun> => {
    const [client, { checkRun }] = await Promise.all([github(), import('../github/check/check-run.ts')]);
    if (client === undefined || facts.repository === undefined) {
      const fix = 'Pass `github_token: ${{ github.token }}`.';
      throw new ActionError('input_invalid', 'The input github_token is empty.', { fix });
    }
    return checkRun({ github: client, repository: facts.repository, name, head });
  };
  return {
    begin: (head, summary) =>
      attempt(async () => {
        run = await open(head);
        await run.begin(textOf(summary));
      }),
    identify(id) {
      externalId = id;
    },
    conclude: (report) =>
      attempt(async () => {
        await run?.conclude(conclusionOf(report), textOf(report.summary));
      }),
  };
}
