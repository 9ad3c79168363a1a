import { asActionError } from '../contract/errors.ts';
import type { InputValues } from '../contract/inputs.ts';
import type { Github } from '../github/client/client.ts';
import type { CommentThread } from '../github/comment/thread.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { Log } from '../runner/log.ts';
import type { EventRead } from './event.ts';

/** The one comment of a step on the issue, pull request or discussion of its event. */
export interface ThreadComment {
  /**
   * Shows this Markdown from now on; resolves once it does, or never will. Never throws: a comment that fails is a
   * warning, not the end of the work.
   */
  update(markdown: string): Promise<void>;
}

/** A step that keeps no comment. */
export const NO_COMMENT: ThreadComment = { update: async () => undefined };

/** What a comment is made with. */
export interface CommentSettings {
  readonly facts: RunFacts;
  /** Name of the operation. */
  readonly operation: string;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly event: () => Promise<EventRead>;
  readonly github: () => Promise<Github | undefined>;
}

type Sticky = { update(markdown: string): Promise<void> };

const unwritten = (log: Log, why: string, fix = '') =>
  log.annotate('warning', 'The comment was not written', [why, fix].filter((part) => part !== '').join(' '));

interface Place {
  readonly repository: string;
  readonly thread: CommentThread;
}

/** Where the comment belongs, or why nowhere. */
async function placeOf(number: number | undefined, { event, facts }: CommentSettings): Promise<Place | string> {
  if (number !== undefined && facts.repository !== undefined) {
    return { repository: facts.repository, thread: { kind: 'pull_request', number } };
  }
  const read = await event();
  if ('problem' in read) return `${read.problem}.`;
  const { thread, repository, name } = read.event;
  return thread === undefined || repository === undefined
    ? `The event ${name} has no issue, pull request or discussion to comment on.`
    : { repository, thread };
}

async function openSticky(
  key: string,
  number: number | undefined,
  settings: CommentSettings,
): Promise<Sticky | undefined> {
  const { log, github } = settings;
  const found = await placeOf(number, settings);
  if (typeof found === 'string') {
    unwritten(log, found);
    return undefined;
  }
  const client = await github();
  if (client === undefined) {
    unwritten(log, 'The input github_token is empty.', 'Pass `github_token: ${{ github.token }}`.');
    return undefined;
  }
  const { stickyComment } = await import('../github/comment/comment.ts');
  return stickyComment({ ...found, github: client, key });
}

/**
 * Keeps a comment, if it is wanted. Nothing is loaded or sent before the first update; after a failure no more is tried.
 * One request is out at a time: what comes meanwhile waits, and only the last of it is written.
 */
export function threadComment(
  { comment, comment_key: key, issue_number: named }: Pick<InputValues, 'comment' | 'comment_key' | 'issue_number'>,
  settings: CommentSettings,
): ThreadComment {
  if (!comment) return NO_COMMENT;
  const ownKey = key ?? `${settings.facts.job ?? ''} ${settings.operation}`;
  let sticky: Promise<Sticky | undefined> | undefined;
  let failed = false;
  let wanted: string | undefined;
  let writing: Promise<void> | undefined;
  const write = async () => {
    try {
      for (let next = wanted; next !== undefined; next = wanted) {
        wanted = undefined;
        sticky ??= openSticky(ownKey, named?.number, settings);
        await (await sticky)?.update(settings.redact(next));
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
    async update(markdown) {
      if (failed) return;
      wanted = markdown;
      writing ??= write();
      await writing;
    },
  };
}
