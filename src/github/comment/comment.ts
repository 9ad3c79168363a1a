import { ActionError } from '../../contract/errors.ts';
import type { Github } from '../client/client.ts';
import { commentBody, hasMarker, markerOf } from './body.ts';
import { discussionComments } from './discussion.ts';
import { issueComments } from './issue.ts';
import type { CommentThread, OwnComment } from './thread.ts';

/** Which comment to keep. */
export interface StickyCommentOptions {
  readonly github: Github;
  /** `owner/name`. */
  readonly repository: string;
  readonly thread: CommentThread;
  /** Tells several comments on one thread apart; any text. */
  readonly key: string;
  /** Told in one sentence what a person may wonder about. */
  readonly onNotice?: (text: string) => void;
}

/** One comment that is kept up to date. */
export interface StickyComment {
  /** Makes the comment say this, with an end that is never cut; sends nothing if it does already. Throws an `ActionError`. */
  update(markdown: string, end?: string): Promise<void>;
  /** Address of the comment, once it is known. */
  url(): string | undefined;
}

const isGone = (thrown: unknown) => thrown instanceof ActionError && (thrown.status === 404 || thrown.status === 410);
const isAmbiguous = (thrown: unknown) => thrown instanceof ActionError && thrown.ambiguous;

/**
 * Keeps one comment on an issue, pull request or discussion, found again in later runs by a hidden marker in its first
 * line. A comment with the marker by another author is not edited: a token that may write issues may edit anyone's.
 */
export function stickyComment({ github, repository, thread, key, onNotice }: StickyCommentOptions): StickyComment {
  const marker = markerOf(key);
  const comments = (thread.kind === 'discussion' ? discussionComments : issueComments)(github, repository, thread);
  const find = () => comments.find((body) => hasMarker(body, marker));
  let present: OwnComment | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const edit = async (comment: OwnComment, body: string): Promise<boolean> => {
    if (comment.body === body) return true;
    // If the response is lost, it is unknown which text the comment has.
    present = { ...comment, body: '' };
    try {
      await comments.edit(comment, body);
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      present = undefined;
      onNotice?.('The comment was deleted. A new one is written.');
      return false;
    }
    present = { ...comment, body };
    return true;
  };

  const create = async (body: string): Promise<void> => {
    try {
      present = await comments.create(body);
    } catch (thrown) {
      if (!isAmbiguous(thrown)) throw thrown;
      present = await find();
      if (present !== undefined && (await edit(present, body))) return;
      present = await comments.create(body);
    }
  };

  const write = async (body: string): Promise<void> => {
    present ??= await find();
    if (present !== undefined && (await edit(present, body))) return;
    await create(body);
  };

  return {
    url: () => present?.url,
    update(markdown, end) {
      const body = commentBody(marker, markdown, end);
      const done = queue.then(() => write(body));
      queue = done.catch(() => {});
      return done;
    },
  };
}
