import { example } from './document.ts';
import type { Asked, Handler } from './paging.ts';
import { type Pull, Refused } from './state.ts';

function shown({ number, head, base, draft, state, mergedAt, mergeCommit }: Pull, repository: string, of: string) {
  const body = example(of);
  return {
    ...body,
    // GitHub's own example lacks a member of its teams that its schema requires.
    requested_teams: [],
    ...{ number, draft, state },
    html_url: `https://github.com/${repository}/pull/${number}`,
    merged_at: mergedAt === null ? null : new Date(mergedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    merge_commit_sha: mergeCommit,
    base: { ...Object(body['base']), ref: base },
    head: { ...Object(body['head']), sha: head },
  };
}

function one({ params, state }: Asked) {
  const pull = state.pulls.get(Number(params['pull_number']));
  if (pull === undefined) throw new Refused(404, 'Not Found');
  return { status: 200, body: { ...shown(pull, state.repository, 'pull-request'), merged: pull.mergedAt !== null } };
}

function ofCommit({ params, state }: Asked) {
  const sha = params['commit_sha'] ?? '';
  const found = [...state.pulls.values()].filter(({ commits }) => commits.includes(sha));
  return { status: 200, body: found.map((pull) => shown(pull, state.repository, 'pull-request-simple')) };
}

/** The routes of pull requests. */
export const PULL_HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /repos/{owner}/{repo}/pulls/{pull_number}': { accepted: () => [{ 'pull-requests': 'read' }], serve: one },
  'GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls': {
    accepted: () => [{ 'pull-requests': 'read' }],
    serve: ofCommit,
  },
};
