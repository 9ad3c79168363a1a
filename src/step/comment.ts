import { asActionError } from '../contract/errors.ts';
import { type Fallible, failed } from '../contract/fallible.ts';
import type { InputValues } from '../contract/inputs.ts';
import type { Github } from '../github/client/client.ts';
import type { Reaction } from '../github/comment/reaction.ts';
import type { CommentThread } from '../github/comment/thread.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { EventRead } from '../operations/event.ts';
import { NO_COMMENT, type Question, type ThreadComment } from '../operations/thread-comment.ts';
import { withoutComments } from '../report/comments.ts';
import { sections } from '../report/markdown.ts';
import type { Log } from '../runner/log.ts';

/** Inputs that say which comment is kept. */
type CommentInputs = Pick<InputValues, 'comment' | 'comment_key' | 'issue_number'> &
  Partial<Pick<InputValues, 'comment_text'>>;

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

/** Opens comments by their keys, in the one place where they belong. */
type Open = (key: string) => Sticky;

async function opener(number: number | undefined, settings: CommentSettings): Promise<Open | undefined> {
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
  return (key) => stickyComment({ ...target, github: client, key });
}

/** Reacts to the request of the event. A token that may not react is no reason for a warning: the comment says it all. */
function reactions({ event, github }: CommentSettings): Pick<ThreadComment, 'seen' | 'ended'> {
  let queue: Promise<boolean> | undefined;
  const send = async (content: Reaction): Promise<boolean> => {
    try {
      const [read, client] = await Promise.all([event(), github()]);
      if (!read.ok || client === undefined) return false;
      const { react } = await import('../github/comment/reaction.ts');
      return await react(client, read.event, content);
    } catch {
      return false;
    }
  };
  return {
    async seen() {
      queue ??= send('eyes');
      await queue;
    },
    async ended(how) {
      if ((await queue) === true) await send(how === 'finished' ? 'rocket' : 'confused');
    },
  };
}

/**
 * Keeps a comment, if it is wanted. Nothing is loaded or sent before the first update; after a failure no more is tried.
 * One request is out at a time: what comes meanwhile waits, and only the last of it is written.
 */
export function threadComment(
  { comment, comment_key: key, comment_text: opening = '', issue_number: asked }: CommentInputs,
  settings: CommentSettings,
): ThreadComment {
  if (!comment) return NO_COMMENT;
  const named = key ?? `${settings.facts.job ?? ''} ${settings.operation}`;
  const ownKey = settings.changes ? `${named} changes` : named;
  let open: Promise<Open | undefined> | undefined;
  let sticky: Sticky | undefined;
  let failed = false;
  let wanted: readonly [markdown: string, end: string] | undefined;
  let question: Question | undefined;
  let writing: Promise<void> | undefined;
  const writeNext = async (create: Open): Promise<void> => {
    if (wanted !== undefined) {
      const [markdown, end] = wanted;
      wanted = undefined;
      sticky ??= create(ownKey);
      await sticky.update(settings.redact(sections(withoutComments(opening).trim(), markdown.trimEnd())), end);
    } else if (question !== undefined) {
      const { key: about, markdown, end } = question;
      question = undefined;
      await create(`${ownKey} asks ${about}`).update(settings.redact(markdown), settings.redact(end));
    }
  };
  const write = async () => {
    try {
      open ??= opener(asked?.number, settings);
      const create = await open;
      while (create !== undefined && (wanted !== undefined || question !== undefined)) await writeNext(create);
    } catch (thrown) {
      failed = true;
      const { code, message, fix } = asActionError(thrown);
      if (code === 'gate_closed') settings.log.info(`The comment was not written: ${message}`);
      else unwritten(settings.log, message, fix);
    }
    writing = undefined;
  };
  const written = async () => {
    writing ??= write();
    await writing;
  };
  return {
    ...reactions(settings),
    async update(markdown, end = '') {
      if (failed) return;
      wanted = [markdown, end];
      await written();
    },
    async ask(asked) {
      if (failed) return;
      question = asked;
      await written();
    },
  };
}
