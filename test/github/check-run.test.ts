import { expect, test } from 'vitest';
import { checkRun } from '../../src/github/check/check-run.ts';
import { details, fence } from '../../src/report/markdown.ts';
import { failure, openBoth } from './server/support.ts';

const HEAD = 'b'.repeat(40);
const REPOSITORY = 'octo-org/octo-repo';

test('a check is created once, and updated to its conclusion', async () => {
  const { server, github } = await openBoth();
  const run = checkRun({ github, repository: REPOSITORY, name: 'Devin: x', head: HEAD });
  await run.begin({ title: 'Waiting', summary: 'It waits.' });
  expect([...server.state.checkRuns.values()]).toMatchObject([
    { name: 'Devin: x', head: HEAD, status: 'in_progress', conclusion: null, output: { title: 'Waiting' } },
  ]);
  await run.conclude('success', { title: 'Done', summary: 'It is done.', externalId: 'job-1' });
  expect([...server.state.checkRuns.values()]).toMatchObject([
    { status: 'completed', conclusion: 'success', externalId: 'job-1', output: { title: 'Done' } },
  ]);
  expect(server.requests().map(({ method }) => method)).toEqual(['POST', 'PATCH']);
});

test('a check that could not be begun is created with its conclusion', async () => {
  const { server, github } = await openBoth();
  server.fault({ method: 'POST', path: `/repos/${REPOSITORY}/check-runs`, status: 422 });
  const run = checkRun({ github, repository: REPOSITORY, name: 'Devin: x', head: HEAD });
  await failure(run.begin({ title: 'Waiting', summary: '' }));
  await run.conclude('failure', { title: 'Done', summary: 'x' });
  expect([...server.state.checkRuns.values()]).toMatchObject([{ status: 'completed', conclusion: 'failure' }]);
});

test('a summary is cut to what GitHub accepts, and says so', async () => {
  const { server, github } = await openBoth();
  const run = checkRun({ github, repository: REPOSITORY, name: 'Devin: x', head: HEAD });
  for (const summary of ['x'.repeat(70_000), '🔴'.repeat(40_000), 'é'.repeat(65_535)]) {
    await run.conclude('neutral', { title: 't'.repeat(1_000), summary });
    const [{ output } = { output: undefined }] = server.state.checkRuns.values();
    expect(output?.summary.length).toBeLessThanOrEqual(65_535);
    expect(output?.summary).toMatch(/^(.)\1+\n\n_The rest was cut/u);
    expect(output?.title).toHaveLength(255);
  }
  await run.conclude('neutral', { title: 't', summary: 'x'.repeat(65_535) });
  expect([...server.state.checkRuns.values()][0]?.output?.summary).toBe('x'.repeat(65_535));
});

test('a summary that is cut within a folded block of code closes both before it says so', async () => {
  const { server, github } = await openBoth();
  const run = checkRun({ github, repository: REPOSITORY, name: 'Devin: x', head: HEAD });
  const summary = details('More', fence('é <b>\n'.repeat(10_000)));
  await run.conclude('neutral', { title: 't', summary });
  const [{ output } = { output: undefined }] = server.state.checkRuns.values();
  expect(output?.summary).toMatch(/\n```\n\n<\/details>\n\n_The rest was cut: [^\n]*_\n$/);
  expect(Buffer.byteLength(output?.summary ?? '')).toBeLessThanOrEqual(65_535);
});

test('a token without checks: write is told what to add', async () => {
  const { server, github } = await openBoth();
  server.identify({ permissions: { checks: 'read' } });
  const run = checkRun({ github, repository: REPOSITORY, name: 'Devin: x', head: HEAD });
  const error = await failure(run.begin({ title: 'x', summary: 'x' }));
  expect(error.code).toBe('permission_denied');
  expect(error.fix).toContain('permissions: { checks: write }');
});
