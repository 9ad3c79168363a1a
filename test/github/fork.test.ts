import { expect, test } from 'vitest';
import { readEvent } from '../../src/github/event/event.ts';
import { getsNoSecrets } from '../../src/github/event/facts.ts';
import { pullPayload, repo } from './support.ts';

const facts = { repository: 'acme/api', actor: 'octocat' };
const event = (name: string, head: unknown) => readEvent(name, pullPayload({}, head), facts);

test('a pull request of a fork, or of Dependabot, gets no secrets', () => {
  const fork = repo('octocat/api', 2);
  expect(getsNoSecrets(event('pull_request', fork), facts)).toBe(true);
  expect(getsNoSecrets(event('pull_request_review', fork), facts)).toBe(true);
  expect(getsNoSecrets(event('pull_request', null), facts)).toBe(true);
  expect(getsNoSecrets(event('pull_request', repo()), { ...facts, actor: 'dependabot[bot]' })).toBe(true);
});

test('everything else does', () => {
  expect(getsNoSecrets(event('pull_request', repo()), facts)).toBe(false);
  expect(getsNoSecrets(event('pull_request_target', repo('octocat/api', 2)), facts)).toBe(false);
  expect(getsNoSecrets(event('push', repo('octocat/api', 2)), facts)).toBe(false);
});
