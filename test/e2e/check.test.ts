import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalGithub, openGithub } from '../github/server/index.ts';
import { type EventBench, openBench, readPrompt, warningsOf } from './event-support.ts';
import { COMMITS, issueCommented, pullRequest } from './events.ts';

let bench: EventBench;

beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** A session that somebody requests by a comment on the pull request 7, with a check. */
async function checked(inputs: Record<string, string>, prepare: (github: LocalGithub) => void = () => {}) {
  const github = await openGithub({ repository: 'acme/api' });
  github.pull(7);
  prepare(github);
  const { name, payload } = issueCommented(7, 'Fix it.');
  const event = { ...payload, issue: { ...payload.issue, pull_request: { url: 'x' } } };
  const asked = { check: 'true', comment_key: 'fix', wait: 'finished', ...inputs };
  const seen: string[] = [];
  github.before((method, path) => {
    if (path.includes('/check-runs')) seen.push(method);
  });
  const step = await bench.step({ name, payload: event, github, with: asked });
  await github.close();
  return { step, seen, checks: [...github.state.checkRuns.values()] };
}

const FAST = 'sandbox:finish-after=0.2, sandbox:habit:late_output_ms=0, sandbox:habit:late_messages_ms=0';
const SCHEMA = 'type: object\nproperties: { n: { type: number } }\nrequired: [n]';

test.each<readonly [string, string, Record<string, string>, string, RegExp]>([
  ['a finished session', '', {}, 'success', /^✅ Devin finished · session$/],
  ['a question', 'sandbox:waiting', {}, 'action_required', /^✋ Devin has a question/],
  ['a question that may be', 'sandbox:waiting', { on_waiting: 'succeed' }, 'action_required', /^✋ Devin has a/],
  ['an approval', 'sandbox:approval', {}, 'action_required', /^✋ Devin /],
  ['a report that Devin is blocked', 'sandbox:blocked', {}, 'failure', /^❌ Devin is blocked/],
  ['a limit', 'sandbox:out-of-credits', {}, 'failure', /^❌ Devin stopped: out of credits/],
  ['an error', 'sandbox:error', {}, 'failure', /^❌ Devin /],
  ['an end', 'sandbox:exit', {}, 'failure', /^❌ Devin /],
  [
    'output that does not match',
    'sandbox:bad-structured',
    { structured_output_schema: SCHEMA, on_waiting: 'succeed' },
    'failure',
    /^❌ Devin /,
  ],
  ['a timeout', 'sandbox:slow', { timeout: '5m' }, 'failure', /^❌ Devin did not finish before the timeout/],
  ['a session that nobody waits for', '', { wait: 'none' }, 'neutral', /^⏳ Devin is (?:working|starting)/],
])('the check of %s (%s)', async (_name, tags, inputs, conclusion, title) => {
  const { step, seen, checks } = await checked({ ...inputs, tags: [tags, FAST].filter(Boolean).join(', ') });
  expect(warningsOf(step)).toEqual([]);
  expect(checks).toMatchObject([
    { name: 'Devin: fix', head: COMMITS.head, conclusion, externalId: step.outputs['session_id'] },
  ]);
  expect(checks[0]?.output?.title).toMatch(title);
  expect(checks[0]?.output?.summary).toContain(step.outputs['session_url']);
  // In progress first, if the step waits.
  expect(seen).toEqual(inputs['wait'] === 'none' ? ['POST'] : ['POST', 'PATCH']);
});

test.each([
  ['a head that no longer exists', 422, 'No commit found for SHA', /HTTP 422.*No commit found for SHA/],
  ['a token that may not write checks', 403, 'Resource not accessible by integration', /checks: write/],
])('%s costs the check only', async (_name, status, message, warning) => {
  const { step, checks } = await checked({ tags: FAST }, (github) =>
    github.fault({ method: 'POST', path: '/repos/acme/api/check-runs', status, message, times: 9 }),
  );
  expect(step.outputs).toMatchObject({ outcome: 'success', session_outcome: 'finished' });
  expect(warningsOf(step)).toEqual([expect.stringMatching(warning)]);
  expect(checks).toEqual([]);
});

test('changed files of a head that no longer exists are missing, and the prompt says so', async () => {
  const github = await openGithub({ repository: 'acme/api' });
  const step = await bench.step({
    ...pullRequest('synchronize', 7),
    github,
    with: { context: 'event', tags: FAST },
  });
  await github.close();
  expect(step.outputs).toMatchObject({ outcome: 'success' });
  const { blocks, outside } = readPrompt((await bench.said(step))[0] ?? '');
  expect(outside).toContain(`head commit: ${COMMITS.head}`);
  expect(blocks['not read']).toContain('The changed files could not be read: GitHub returned HTTP 404');
});
