import { example } from './document.ts';
import { type Asked, type Handler, page, repositoryPath } from './paging.ts';
import { type Pull, Refused, type State } from './state.ts';

function shown(
  { number, head, base, draft, state, mergedAt, mergeCommit, fork }: Pull,
  { repository, threads }: State,
  of: string,
) {
  const body = example(of);
  const {
    title = 'Read commas',
    body: text = 'The parser reads commas now.',
    author,
    association,
  } = threads.get(number) ?? {};
  const home = (name: string, id: number) => ({ ...Object(Object(body['base'])['repo']), id, full_name: name });
  return {
    ...body,
    // GitHub's own example lacks a member of its teams that its schema requires.
    requested_teams: [],
    ...{ number, draft, state },
    html_url: `https://github.com/${repository}/pull/${number}`,
    merged_at: mergedAt === null ? null : new Date(mergedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    merge_commit_sha: mergeCommit,
    ...{ title, body: text, author_association: association ?? 'OWNER' },
    user: {
      ...Object(body['user']),
      id: author === 'devin-ai-integration[bot]' ? 158_243_242 : 1,
      login: author ?? 'octocat',
      type: author?.endsWith('[bot]') ? 'Bot' : 'User',
    },
    base: { ...Object(body['base']), ref: base, sha: 'a'.repeat(40), repo: home(repository, 1) },
    head: { ...Object(body['head']), sha: head, ref: 'commas', repo: home(fork ?? repository, fork ? 2 : 1) },
  };
}

function one({ params, state }: Asked) {
  const pull = state.pulls.get(Number(params['pull_number']));
  if (pull === undefined) throw new Refused(404, 'Not Found');
  return { status: 200, body: { ...shown(pull, state, 'pull-request'), merged: pull.mergedAt !== null } };
}

function ofCommit({ params, state }: Asked) {
  const sha = params['commit_sha'] ?? '';
  const found = [...state.pulls.values()].filter(({ commits }) => commits.includes(sha));
  return { status: 200, body: found.map((pull) => shown(pull, state, 'pull-request-simple')) };
}

function files(asked: Asked) {
  const { params, state } = asked;
  const pull = state.pulls.get(Number(params['pull_number']));
  if (pull === undefined) throw new Refused(404, 'Not Found');
  const path = `${repositoryPath(state)}/pulls/${pull.number}/files`;
  const { rows, headers } = page(asked, path, pull.files ?? ['src/parser.ts'], (filename) => ({
    ...example('diff-entry-items'),
    filename,
  }));
  return { status: 200, body: rows, headers };
}

/** The routes of pull requests. */
export const PULL_HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /repos/{owner}/{repo}/pulls/{pull_number}': { accepted: () => [{ 'pull-requests': 'read' }], serve: one },
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/files': {
    accepted: () => [{ 'pull-requests': 'read' }],
    serve: files,
  },
  'GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls': {
    accepted: () => [{ 'pull-requests': 'read' }],
    serve: ofCommit,
  },
};
