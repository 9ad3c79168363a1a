import fc from 'fast-check';
import { readEvent } from '../../src/github/event/event.ts';
import type { GithubEvent } from '../../src/github/event/shape.ts';

/** A user of a payload. */
export const user = (login: string, type = 'User') => ({ login, type });

/** A repository of a payload. */
export const repo = (fullName = 'acme/api', id = 1) => ({ id, full_name: fullName });

const base = (sender: unknown) => ({ repository: repo(), sender });

/** What a payload of a test says. */
export interface Said {
  readonly action?: string;
  readonly body?: string | null;
  readonly author?: unknown;
  readonly association?: string;
  readonly sender?: unknown;
}

/** A comment on issue 12. */
export const commentPayload = ({ action = 'created', body = '', author, association = 'MEMBER', sender }: Said) => ({
  ...base(sender ?? author ?? user('octocat')),
  action,
  issue: { number: 12, title: 'Title', body: 'Issue', user: user('reporter'), author_association: 'NONE' },
  comment: { id: 7, body, user: author ?? user('octocat'), author_association: association },
});

/** Issue 12. */
export const issuePayload = ({ action = 'opened', body = '', author, association = 'MEMBER', sender }: Said) => ({
  ...base(sender ?? author ?? user('octocat')),
  action,
  issue: { number: 12, title: 'Title', body, user: author ?? user('octocat'), author_association: association },
});

/** Pull request 34, from this repository or another. */
export const pullPayload = (said: Said, head: unknown = repo()) => ({
  ...base(said.sender ?? said.author ?? user('octocat')),
  action: said.action ?? 'opened',
  pull_request: {
    number: 34,
    title: 'Title',
    body: said.body ?? '',
    user: said.author ?? user('octocat'),
    author_association: said.association ?? 'MEMBER',
    head: { ref: 'topic', label: 'acme:topic', sha: 'a'.repeat(40), repo: head },
    base: { ref: 'main', sha: 'b'.repeat(40), repo: repo() },
  },
});

/** A workflow run that has failed. */
export const runPayload = (actors: Readonly<Record<string, unknown>>, head: unknown = repo()) => ({
  ...base(user('octocat')),
  action: 'completed',
  workflow_run: {
    id: 99,
    run_attempt: 2,
    name: 'CI',
    display_title: 'Change',
    conclusion: 'failure',
    head_sha: 'c'.repeat(40),
    head_branch: 'topic',
    head_repository: head,
    pull_requests: [],
    ...actors,
  },
});

/** Reads an event of `acme/api`. */
export const eventOf = (name: string, payload: unknown): GithubEvent =>
  readEvent(name, payload, { repository: 'acme/api' });

/** Every event with a reader of its own, and some without. */
export const EVENT_NAMES = [
  ...['issues', 'issue_comment', 'pull_request', 'pull_request_target', 'pull_request_review'],
  ...['pull_request_review_comment', 'pull_request_review_thread', 'discussion', 'discussion_comment', 'check_run'],
  ...['check_suite', 'workflow_run', 'workflow_job', 'workflow_dispatch', 'repository_dispatch', 'push', 'schedule'],
  ...['release', 'watch', 'no such event', '__proto__', 'constructor', ''],
];

const KEYS = [
  ...['issue', 'pull_request', 'comment', 'review', 'discussion', 'check_run', 'check_suite', 'workflow_run', 'user'],
  ...[
    'workflow_job',
    'sender',
    'repository',
    'full_name',
    'id',
    'number',
    'title',
    'body',
    'head',
    'base',
    'repo',
    'sha',
  ],
  ...[
    'login',
    'type',
    'author_association',
    'action',
    'labels',
    'name',
    'actor',
    'triggering_actor',
    'commits',
    'thread',
  ],
  ...['pull_requests', 'output', 'summary', 'inputs', 'client_payload', 'head_branch', 'head_repository', 'comments'],
  ...['path', 'diff_hunk', 'schedule', 'message', '__proto__', 'constructor', 'toString'],
];

/** Any JSON, made of the names that the readers look for, with wrong types everywhere. */
export const anyPayload: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      -1,
      1.5,
      12,
      1e300,
      '',
      'octocat',
      'MEMBER',
      'created',
      'acme/api',
      '/devin x',
    ),
    fc.constantFrom<unknown>('\ud800', '<!-- x', 'a[bot]', 'Bot', 'a'.repeat(40), '../..', '\u202e', '::error::x'),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 8 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.string({ maxLength: 6 }),
  ),
})).value;
