import { expect, test } from 'vitest';
import { getsNoSecrets } from '../../src/github/fork.ts';

const env = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_REPOSITORY: 'acme/api', GITHUB_ACTOR: 'octocat' };
const from = (repository: unknown) => JSON.stringify({ pull_request: { head: { repo: repository } } });

test('a pull request of a fork, or of Dependabot, gets no secrets', () => {
  expect(getsNoSecrets(env, from({ full_name: 'octocat/api' }))).toBe(true);
  expect(getsNoSecrets({ ...env, GITHUB_EVENT_NAME: 'pull_request_review' }, from({ full_name: 'octocat/api' }))).toBe(
    true,
  );
  expect(getsNoSecrets({ ...env, GITHUB_ACTOR: 'dependabot[bot]' }, from({ full_name: 'acme/api' }))).toBe(true);
});

test('everything else does, as far as anybody can tell', () => {
  expect(getsNoSecrets(env, from({ full_name: 'acme/api' }))).toBe(false);
  expect(getsNoSecrets({ ...env, GITHUB_EVENT_NAME: 'pull_request_target' }, from({ full_name: 'o/api' }))).toBe(false);
  expect(getsNoSecrets({ ...env, GITHUB_EVENT_NAME: 'push' }, from({ full_name: 'o/api' }))).toBe(false);
  for (const event of ['', '{', 'null', '[]', '{"pull_request":null}', from(null), from({ full_name: 7 })]) {
    expect(getsNoSecrets(env, event)).toBe(false);
  }
});
