import {
  association,
  fact,
  formed,
  integer,
  isObject,
  type Json,
  list,
  nodeId,
  object,
  part,
  partOfList,
  person,
  sameRepository,
  sha,
  string,
  word,
} from './payload.ts';
import type { Discovery, Thread, WrittenText } from './shape.ts';

type ThreadKind = Thread['kind'];

const NOUNS: Readonly<Record<ThreadKind, string>> = {
  issue: 'issue',
  pull_request: 'pull request',
  discussion: 'discussion',
};
const FOLDERS: Readonly<Record<ThreadKind, string>> = {
  issue: 'issues',
  pull_request: 'pull',
  discussion: 'discussions',
};

/** The page of a thread. */
export const threadUrl = (page: string, kind: ThreadKind, number: number) => `${page}/${FOLDERS[kind]}/${number}`;

/** A thread of the payload; nothing if it has no number. */
function thread(value: unknown, kind: ThreadKind, page: string): Thread | undefined {
  const { number: given, title, node_id } = object(value);
  const [number, id] = [integer(given), nodeId(node_id)];
  if (number === undefined) return undefined;
  const url = threadUrl(page, kind, number);
  return { kind, number, title: string(title), url, ...(id === undefined ? {} : { nodeId: id }) };
}

/** Everything about a thread but its text: what the payload says of it beside what happened. */
function about(payload: Json, kind: ThreadKind, page: string): Discovery {
  const value = object(payload[kind === 'pull_request' ? 'pull_request' : kind === 'issue' ? 'issue' : 'discussion']);
  const found = thread(value, kind, page);
  const noun = NOUNS[kind];
  return {
    ...(found === undefined ? {} : { thread: found }),
    facts: [
      ...fact(noun, found?.url),
      ...fact(`state of the ${noun}`, word(value['state'])),
      ...fact('assigned', login(payload['assignee'])),
      ...fact('review requested from', login(payload['requested_reviewer'])),
    ],
    parts: [
      ...part(`${noun}: title`, value['title']),
      ...partOfList(`${noun}: labels`, value['labels'], 'name'),
      ...part(`${noun}: milestone`, object(value['milestone'])['title']),
      ...part(`${noun}: category`, object(value['category'])['name']),
      ...part('label of this event', object(payload['label'])['name']),
    ],
  };
}

const login = (value: unknown) => {
  const named = person(value);
  return named === undefined ? undefined : `@${named.login}`;
};

/** A text that somebody wrote, with its part and the facts about its author. */
function written(value: unknown, label: string, url: string): Discovery & { text: WrittenText } {
  const { body, user, author_association, node_id } = object(value);
  const [author, standing, id] = [person(user), association(author_association), nodeId(node_id)];
  return {
    text: {
      body: string(body),
      label,
      url,
      ...(author === undefined ? {} : { author }),
      ...(standing === undefined ? {} : { association: standing }),
      ...(id === undefined ? {} : { nodeId: id }),
    },
    facts: [
      ...fact(`author of the ${label}`, author === undefined ? undefined : `@${author.login}`),
      ...fact(`association of that author`, standing),
    ],
    parts: part(label, body),
  };
}

/** One discovery out of several; a later one goes before an earlier, and facts and parts add up. */
export function joined(...all: readonly Discovery[]): Discovery {
  let sum: Discovery = {};
  for (const next of all) sum = { ...sum, ...next };
  return {
    ...sum,
    facts: all.flatMap(({ facts = [] }) => facts),
    parts: all.flatMap(({ parts = [] }) => parts),
  };
}

/** The description of a thread as something beside what this event is about. */
const background = (value: unknown, kind: ThreadKind): Discovery => ({
  facts: fact(`author of the ${NOUNS[kind]}`, login(object(value)['user'])),
  parts: part(`${NOUNS[kind]}: description`, object(value)['body']),
});

/** A thread whose own description is what somebody wrote. */
function opened(payload: Json, kind: ThreadKind, page: string): Discovery {
  const around = about(payload, kind, page);
  const text = written(object(payload[kind]), `${NOUNS[kind]}: description`, around.thread?.url ?? page);
  return joined(around, text);
}

/** `issues` */
export const issue = (payload: Json, page: string): Discovery => opened(payload, 'issue', page);

/** `discussion` */
export const discussion = (payload: Json, page: string): Discovery => opened(payload, 'discussion', page);

/** Where the changes of a pull request come from. A repository that is gone counts as another one. */
export function changes(payload: Json): Discovery {
  const { base, head, draft, merged } = object(payload['pull_request']);
  const [from, into] = [object(head), object(base)];
  const [baseSha, headSha] = [sha(into['sha']), sha(from['sha'])];
  const fork = !sameRepository(from['repo'], isObject(into['repo']) ? into['repo'] : payload['repository']);
  return {
    fork,
    ...(baseSha === undefined || headSha === undefined ? {} : { commits: { base: baseSha, head: headSha } }),
    ...(typeof merged === 'boolean' ? { merged } : {}),
    facts: [
      ...fact('base commit', baseSha),
      ...fact('head commit', headSha),
      ...fact('from a fork', fork ? 'yes' : 'no'),
      ...fact('draft', typeof draft === 'boolean' ? (draft ? 'yes' : 'no') : undefined),
      ...fact('merged', typeof merged === 'boolean' ? (merged ? 'yes' : 'no') : undefined),
    ],
    parts: [
      ...part('pull request: head branch', from['label'] ?? from['ref']),
      ...part('pull request: base branch', into['ref']),
    ],
  };
}

/** `pull_request` and `pull_request_target` */
export const pullRequest = (payload: Json, page: string): Discovery =>
  joined(opened(payload, 'pull_request', page), changes(payload));

/** What happened on a pull request, before what was written there. */
const onPullRequest = (payload: Json, page: string): Discovery =>
  joined(about(payload, 'pull_request', page), background(payload['pull_request'], 'pull_request'), changes(payload));

/** The page of a thing on the page of a thread: made of its id, without it the thread's. */
const anchored = (url: string | undefined, anchor: string, value: unknown, page: string) => {
  const id = integer(object(value)['id']);
  return url === undefined ? page : id === undefined ? url : `${url}#${anchor}${id}`;
};

/** `issue_comment`, on an issue or a pull request */
export function comment(payload: Json, page: string): Discovery {
  const kind = isObject(object(payload['issue'])['pull_request']) ? 'pull_request' : 'issue';
  const around = about({ ...payload, [kind]: payload['issue'] }, kind, page);
  const url = anchored(around.thread?.url, 'issuecomment-', payload['comment'], page);
  return joined(
    around,
    background(payload['issue'], kind),
    written(payload['comment'], 'comment', url),
    pageOf('comment', url),
  );
}

const pageOf = (label: string, value: string): Discovery => ({ facts: fact(label, value) });

/** `discussion_comment` */
export function discussionComment(payload: Json, page: string): Discovery {
  const around = about(payload, 'discussion', page);
  const url = anchored(around.thread?.url, 'discussioncomment-', payload['comment'], page);
  const text = written(payload['comment'], 'comment', url);
  return joined(around, background(payload['discussion'], 'discussion'), text, pageOf('comment', url));
}

/** `pull_request_review` */
export function review(payload: Json, page: string): Discovery {
  const around = onPullRequest(payload, page);
  const url = anchored(around.thread?.url, 'pullrequestreview-', payload['review'], page);
  const { state, commit_id } = object(payload['review']);
  return joined(around, written(payload['review'], 'review', url), {
    facts: [
      ...fact('review', url),
      ...fact('state of the review', word(string(state).toLowerCase())),
      ...fact('reviewed commit', sha(commit_id)),
    ],
  });
}

/** Where a comment on a line of a pull request stands. */
function place(value: unknown): Discovery {
  const { path, line, start_line, side, diff_hunk, commit_id } = object(value);
  return {
    facts: [
      ...fact('commented commit', sha(commit_id)),
      ...fact('first line', integer(start_line)),
      ...fact('line', integer(line)),
      ...fact('side', formed(side, /^(?:LEFT|RIGHT)$/)),
    ],
    parts: [
      ...part('review comment: file', path),
      ...part('review comment: diff around it', diff_hunk, { verbatim: true }),
    ],
  };
}

/** `pull_request_review_comment` */
export function reviewComment(payload: Json, page: string): Discovery {
  const around = onPullRequest(payload, page);
  const url = anchored(around.thread?.url, 'discussion_r', payload['comment'], page);
  const text = written(payload['comment'], 'review comment', url);
  return joined(around, text, place(payload['comment']), pageOf('review comment', url));
}

/** `pull_request_review_thread`: somebody resolved it or took that back; its comments were written before. */
export function reviewThread(payload: Json, page: string): Discovery {
  const comments = list(object(payload['thread'])['comments']);
  const said = comments.flatMap((entry) => part('comment of the review thread', object(entry)['body']));
  return joined(onPullRequest(payload, page), place(comments[0]), { parts: said });
}
