/** Somebody of a payload, as GitHub's events name people. */
const person = (login: string) => ({ login, type: login.endsWith('[bot]') ? 'Bot' : 'User' });

const repository = (name: string, id = 1) => ({ id, full_name: name, html_url: `https://github.com/${name}` });

/** Who does something, and what they are to the repository. */
export interface Doer {
  readonly login: string;
  readonly association: string;
}

/** The owner of the repository, whom no gate stops and nobody looks up. */
export const OWNER: Doer = { login: 'octocat', association: 'OWNER' };

const authored = ({ login, association }: Doer, body: string) => ({
  body,
  user: person(login),
  author_association: association,
});

/** An issue of acme/api is opened. */
export const issueOpened = (number: number, by = OWNER) => ({
  name: 'issues',
  payload: {
    action: 'opened',
    repository: repository('acme/api'),
    sender: person(by.login),
    issue: { number, title: 'The parser drops a comma', ...authored(by, 'It should not.') },
  },
});

/** Somebody sets a label on somebody's issue. */
export function issueLabeled(number: number, label: string, author: Doer, by: Doer) {
  const { payload } = issueOpened(number, author);
  return {
    name: 'issues',
    payload: { ...payload, action: 'labeled', sender: person(by.login), label: { name: label } },
  };
}

/** Somebody comments on the issue of the owner. */
export function issueCommented(number: number, body: string, by = OWNER) {
  const { payload } = issueOpened(number);
  const comment = { id: 1, ...authored(by, body) };
  return {
    name: 'issue_comment',
    payload: { ...payload, action: 'created', sender: person(by.login), comment },
  };
}

/** What a pull request changes, in commits of these names. */
export const COMMITS = { base: 'a'.repeat(40), head: 'b'.repeat(40) };

interface PullRequestOptions {
  readonly by?: Doer;
  /** Who causes the event, if not the author. */
  readonly sender?: Doer;
  readonly fork?: boolean;
  readonly name?: 'pull_request' | 'pull_request_target';
  /** The label that is set. */
  readonly label?: string;
}

/** Something happens to a pull request from a branch of the repository, or from a fork's. */
export const pullRequest = (
  action: string,
  number: number,
  { by = OWNER, sender, fork = false, name = 'pull_request', label = '' }: PullRequestOptions = {},
) => ({
  name,
  payload: {
    action,
    repository: repository('acme/api'),
    sender: person((sender ?? by).login),
    ...(label === '' ? {} : { label: { name: label } }),
    pull_request: {
      number,
      title: 'Read commas',
      draft: false,
      ...authored(by, 'The parser reads commas now.'),
      base: { ref: 'main', sha: COMMITS.base, repo: repository('acme/api') },
      head: { ref: 'commas', sha: COMMITS.head, repo: fork ? repository('stranger/api', 2) : repository('acme/api') },
    },
  },
});

/** A discussion is opened. */
export const discussionCreated = (number: number, by = OWNER) => ({
  name: 'discussion',
  payload: {
    action: 'created',
    repository: repository('acme/api'),
    sender: person(by.login),
    discussion: { number, node_id: `D_${number}`, title: 'Commas?', ...authored(by, 'Do we want them?') },
  },
});

/** A run of the workflow CI has failed, on a branch of the repository or of a fork. */
export const runFailed = (id: number, { by = OWNER, fork = false, branch = 'commas' } = {}) => ({
  name: 'workflow_run',
  payload: {
    action: 'completed',
    repository: repository('acme/api'),
    sender: person(by.login),
    workflow_run: {
      id,
      name: 'CI',
      run_attempt: 1,
      status: 'completed',
      conclusion: 'failure',
      event: 'push',
      head_branch: branch,
      head_sha: COMMITS.head,
      head_repository: fork ? repository('stranger/api', 2) : repository('acme/api'),
      actor: person(by.login),
      triggering_actor: person(by.login),
      pull_requests: [],
    },
  },
});
