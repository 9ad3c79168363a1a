import { asActionError } from '../contract/errors.ts';
import { type Fallible, failed } from '../contract/fallible.ts';
import type { InputValues } from '../contract/inputs.ts';
import type { Github } from '../github/client/client.ts';
import type { CommentThread } from '../github/comment/thread.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { EventRead } from '../operations/event.ts';
import { NO_COMMENT, type ThreadComment } from '../operations/thread-comment.ts';
import type { Log } from '../runner/log.ts';

/** What a comment is made with. */
export interface CommentSettings {
  readonly facts: RunFacts;
  /** Name of the operation. */
  readonly operation: string;
  /** The step may change something: it never edits the comment of a step that only plans, whatever its key. */
  readonly changes: boolean;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly event: () => Promise<EventRead>;
  readonly github: () => Promise<Github | undefined>;
}

type Sticky = { update(markdown: string, end?: string): Promise<void> };

const unwritten = (log: Log, why: string, fix = '') =>
  log.annotate('warning', 'The comment was not written', [why, fix].filter((part) => part !== '').join(' '));

interface Target {
  readonly repository: string;
  readonly thread: CommentThread;
}

/** Where the comment belongs, or why nowhere. */
async function targetOf(number: number | undefined, { event, facts }: CommentSettings): Promise<Fallible<Target>> {
  if (number !== undefined && facts.repository !== undefined) {
    return { ok: true, repository: facts.repository, thread: { kind: 'pull_request', number } };
  }
  const read = await event();
  if (!read.ok) return failed(`${read.problem}.`);
  const { thread, repository, name } = read.event;
  return thread === undefined || repository === undefined
    ? failed(`The event ${name} has no issue, pull request or discussion to comment on.`)
    : { ok: true, repository, thread };
}

async function openSticky(
  key: string,
  number: number | undefined,
  settings: CommentSettings,
): Promise<Sticky | undefined> {
  const { log, github } = settings;
  const target = await targetOf(number, settings);
  if (!target.ok) {
    unwritten(log, target.problem);
    return undefined;
  }
  const client = await github();
  if (client === undefined) {
    unwritten(log, 'The input github_token is empty.', 'Pass `github_token: ${{ github.token }}`.');
    return undefined;
  }
  const { stickyComment } = await import('../github/comment/comment.ts');
  return stickyComment({ ...target, github: client, key });
}

/**
 * Keeps a comment, if it is wanted. Nothing is loaded or sent before the first update; after a failure no more is tried.
 * One request is out at a time: what comes meanwhile waits, and only the last of it is written.
 */
export function threadComment(
  { comment, comment_key: key, issue_number: asked }: Pick<InputValues, 'comment' | 'comment_key' | 'issue_number'>,
  settings: CommentSettings,
): ThreadComment {
  if (!comment) return NO_COMMENT;
  const named = key ?? `${settings.facts.job ?? ''} ${settings.operation}`;
  const ownKey = settings.changes ? `${named} changes` : named;
  let sticky: Promise<Sticky | undefined> | undefined;
  let failed = false;
  let wanted: readonly [markdown: string, end: string] | undefined;
  let writing: Promise<void> | undefined;
  const write = async () => {
    try {
      for (let next = wanted; next !== undefined; next = wanted) {
        wanted = undefined;
        sticky ??= openSticky(ownKey, asked?.number, settings);
        await (await sticky)?.update(settings.redact(next[0]), next[1]);
      }
    } catch (thrown) {
      failed = true;
      const { code, message, fix } = asActionError(thrown);
      if (code === 'gate_closed') settings.log.info(`The comment was not written: ${message}`);
      else unwritten(settings.log, message, fix);
    }
    writing = undefined;
  };
  return {
    async update(markdown, end = '') {
      if (failed) return;
      wanted = [markdown, end];
      writing ??= write();
      await writing;
    },
  };
}
