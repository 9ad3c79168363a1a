import { describe, expect, it } from 'vitest';
import type { GithubOptions } from '../../src/github/client/client.ts';
import { MAX_FILE_BYTES, TAIL_BYTES } from '../../src/github/client/download.ts';
import { type FailureSource, failureDetails } from '../../src/github/event/failures.ts';
import { LOG_BYTES, readable } from '../../src/github/event/job-log.ts';
import type { Annotation } from './server/state.ts';
import { failure, openBoth } from './server/support.ts';

const STEPS = [
  { name: 'Set up job', conclusion: 'success' },
  { name: 'Run npm test', conclusion: 'failure' },
  { name: 'Upload', conclusion: 'skipped' },
];
const LOG = [
  '\ufeff2026-01-31T08:00:00.1234567Z ##[group]Run npm test',
  '2026-01-31T08:00:01.0000000Z \u001b[31mFAIL\u001b[0m \u001b]8;;https://example.com\u0007link\u001b]8;;\u0007',
  '2026-01-31T08:00:02.0000000Z ##[error]Process completed with exit code 1.',
].join('\r\n');
const note = (line: number, level: Annotation['level'] = 'failure'): Annotation => ({
  path: 'src/a.ts',
  line,
  level,
  title: 'TS2322',
  message: `Message ${line}`,
});

async function open(options: Partial<GithubOptions> = {}) {
  const both = await openBoth(options);
  const { server, github } = both;
  /** The details, with each problem as the warning says it. */
  const look = async (source: FailureSource) => {
    const { problems, ...details } = await failureDetails(github, server.repository, source);
    return { ...details, problems: problems.map(({ finding, advice }) => `${finding} ${advice}`.trimEnd()) };
  };
  return { ...both, look };
}

describe('a failed workflow run', () => {
  it('gives its failed jobs with their failed steps, annotations and the ends of their logs', async () => {
    const { server, look } = await open();
    server.job({ run: 5, name: 'lint', conclusion: 'success' });
    const job = server.job({ run: 5, name: 'test', steps: STEPS, log: LOG }, [note(3)]);
    server.job({ run: 6, name: 'other run' });
    expect(await look({ kind: 'workflow_run', id: 5 })).toEqual({
      jobs: [
        {
          name: 'test',
          conclusion: 'failure',
          app: 'github-actions',
          url: `https://github.com/octo-org/octo-repo/actions/runs/5/job/${job.id}`,
          steps: [{ number: 2, name: 'Run npm test', conclusion: 'failure' }],
          annotations: [
            { path: 'src/a.ts', startLine: 3, endLine: 3, level: 'failure', title: 'TS2322', message: 'Message 3' },
          ],
          moreAnnotations: 0,
          output: undefined,
          log: {
            text: '##[group]Run npm test\nFAIL link\n##[error]Process completed with exit code 1.',
            cut: false,
          },
        },
      ],
      moreJobs: 0,
      problems: [],
    });
  });

  it('what was cancelled or timed out failed too, what is neutral or still runs did not', async () => {
    const { server, look } = await open();
    const conclusions = ['success', 'cancelled', 'skipped', 'timed_out', 'neutral', null, 'failure'];
    for (const conclusion of conclusions) server.job({ run: 5, name: String(conclusion), conclusion });
    const { jobs } = await look({ kind: 'workflow_run', id: 5 });
    expect(jobs.map(({ name }) => name)).toEqual(['cancelled', 'timed_out', 'failure']);
  });

  it('its attempt is the one of the event, else the latest', async () => {
    const { server, look } = await open();
    server.job({ run: 5, attempt: 1, name: 'first' });
    server.job({ run: 5, attempt: 2, name: 'second' });
    expect((await look({ kind: 'workflow_run', id: 5, attempt: 1 })).jobs.map(({ name }) => name)).toEqual(['first']);
    expect((await look({ kind: 'workflow_run', id: 5 })).jobs.map(({ name }) => name)).toEqual(['second']);
  });

  it('ten jobs are told in their order, the others counted, from every page', async () => {
    const { server, look } = await open();
    for (let at = 0; at < 130; at += 1) server.job({ run: 5, name: `job ${at}` });
    const { jobs, moreJobs } = await look({ kind: 'workflow_run', id: 5 });
    expect(jobs.map(({ name }) => name)).toEqual(Array.from({ length: 10 }, (_, at) => `job ${at}`));
    expect(moreJobs).toBe(120);
  });

  it('fifty annotations of a job are told, the worst first', async () => {
    const { server, look } = await open();
    const many = Array.from({ length: 90 }, (_, at) => note(at, at % 3 === 0 ? 'failure' : 'warning'));
    server.job({ run: 5 }, [note(999, 'notice'), ...many]);
    const [job] = (await look({ kind: 'workflow_run', id: 5 })).jobs;
    expect(job?.annotations.map(({ level }) => level)).toEqual([
      ...Array.from({ length: 30 }, () => 'failure'),
      ...Array.from({ length: 20 }, () => 'warning'),
    ]);
    expect(job?.moreAnnotations).toBe(41);
  });
});

describe('a failed job or check', () => {
  it('a job is told as in its run', async () => {
    const { server, look } = await open();
    const { id } = server.job({ name: 'test', steps: STEPS, log: LOG }, [note(3)]);
    const { jobs } = await look({ kind: 'workflow_job', id });
    expect(jobs).toMatchObject([{ name: 'test', annotations: [{ startLine: 3 }], log: { cut: false } }]);
  });

  it.each([undefined, 'github-actions'])('a check of GitHub Actions is a job (app: %s)', async (app) => {
    const { server, look } = await open();
    const { id } = server.job({ name: 'test', steps: STEPS, log: LOG });
    const { jobs, problems } = await look({ kind: 'check_run', id, app });
    expect(jobs).toMatchObject([{ name: 'test', steps: [{ number: 2 }], log: { cut: false } }]);
    expect(problems).toEqual([]);
  });

  it.each([undefined, 'github-actions'])('a job that may not be read is told as its check (app: %s)', async (app) => {
    const { server, look } = await open();
    server.identify({ permissions: { checks: 'read' } });
    const { id } = server.job({ name: 'test', steps: STEPS, log: LOG }, [note(3)]);
    const { jobs, problems } = await look({ kind: 'check_run', id, app });
    expect(jobs).toMatchObject([{ name: 'test', steps: [], annotations: [{ startLine: 3 }], log: undefined }]);
    expect(problems).toEqual([
      `Job ${id} could not be read: the token is not allowed to read it. \`permissions: { actions: read }\` in the job may help.`,
    ]);
  });

  it('a check of another app gives its own words and annotations', async () => {
    const { server, look } = await open();
    const output = { title: 'Two faults', summary: 'See below.', text: 'The whole story.' };
    const { id } = server.checkRun({ name: 'lint', output, annotations: [note(3)] });
    expect((await look({ kind: 'check_run', id, app: 'octo-lint' })).jobs).toMatchObject([
      {
        name: 'lint',
        app: 'octo-lint',
        output: 'Two faults\n\nSee below.\n\nThe whole story.',
        annotations: [{ startLine: 3 }],
        steps: [],
        log: undefined,
      },
    ]);
    const bare = server.checkRun({ name: 'bare' });
    expect((await look({ kind: 'check_run', id: bare.id })).jobs).toMatchObject([{ name: 'bare', output: undefined }]);
  });

  it('a suite gives all its failed checks, jobs among them', async () => {
    const { server, look } = await open();
    server.checkRun({ suite: 5, name: 'lint' });
    server.checkRun({ suite: 5, name: 'fine', conclusion: 'success' });
    server.job({ run: 5, name: 'test', steps: STEPS, log: LOG });
    const { jobs, problems } = await look({ kind: 'check_suite', id: 5 });
    expect(jobs).toMatchObject([
      { name: 'lint', app: 'octo-lint' },
      { name: 'test', app: 'github-actions', steps: [{ number: 2 }] },
    ]);
    expect(problems).toEqual([]);
  });
});

describe('logs', () => {
  it('come from another host, which never sees the token', async () => {
    const { server, look } = await open();
    server.job({ run: 5, log: LOG });
    await look({ kind: 'workflow_run', id: 5 });
    const files = server.requests().filter(({ path }) => path.startsWith('/files/'));
    expect(files).toMatchObject([{ status: 200, authorization: false }]);
  });

  it('a long one is told by its end, from the beginning of a line', async () => {
    const { server, look } = await open();
    const lines = Array.from({ length: 20_000 }, (_, at) => `2026-01-31T08:00:00.0000000Z Line ${at} of the log`);
    server.job({ run: 5, log: lines.join('\n') });
    const [job] = (await look({ kind: 'workflow_run', id: 5 })).jobs;
    expect(job?.log?.cut).toBe(true);
    expect(job?.log?.text).toMatch(/^Line \d+ of the log\n/);
    expect(job?.log?.text.endsWith('Line 19999 of the log')).toBe(true);
    expect(job?.log?.text.length).toBeLessThan(LOG_BYTES);
  });

  it('of a huge one only the end is read, where the server gives parts', async () => {
    const { server, look, progress } = await open();
    const log = `${'x'.repeat(99)}\n`.repeat(MAX_FILE_BYTES / 100 + 10_000).concat('##[error]The end');
    server.job({ run: 5, log });
    const { jobs, problems } = await look({ kind: 'workflow_run', id: 5 });
    expect(jobs[0]?.log?.cut).toBe(true);
    expect(jobs[0]?.log?.text.endsWith('\n##[error]The end')).toBe(true);
    expect(problems).toEqual([]);
    expect(progress).toEqual(['GitHub: Read the log of build: the file has 21 MB; only its end is read']);
    expect(TAIL_BYTES).toBeLessThan(MAX_FILE_BYTES);
  });

  it.each([{ ranges: false }, { lengths: false }])('a huge one without parts is a sentence (%o)', async (options) => {
    const { server, look } = await open();
    Object.assign(server.files, options);
    server.job({ run: 5, name: 'test', log: 'x'.repeat(MAX_FILE_BYTES + 1) });
    const { jobs, problems } = await look({ kind: 'workflow_run', id: 5 });
    expect(jobs).toMatchObject([{ name: 'test', log: undefined }]);
    expect(problems).toEqual([
      'The log of test could not be read: the file has more than 20 MB, and its server does not support partial downloads.',
    ]);
  });

  it('how far a long download is, is told', async () => {
    const { server, look, progress } = await open();
    server.job({ run: 5, name: 'test', log: 'x'.repeat(12 * 1024 * 1024) });
    await look({ kind: 'workflow_run', id: 5 });
    expect(progress).toEqual([
      'GitHub: Read the log of test: 5 MB of 12 MB',
      'GitHub: Read the log of test: 10 MB of 12 MB',
    ]);
  });

  it('lose the timestamps and colours, and nothing else', () => {
    expect(readable('2026-01-31T08:00:00.1Z a 2026-01-31T08:00:00.1Z b\n\u001b[1;31m##[error]c\u001b[0m\n\n  d')).toBe(
      'a 2026-01-31T08:00:00.1Z b\n##[error]c\n\n  d',
    );
    expect(readable('2026-01-31T08:00:00.1Z\n2026-01-31T08:00:00.1Z x')).toBe('\nx');
  });
});

describe('what may not be read', () => {
  it('is a sentence with the YAML to paste, and the rest is told all the same', async () => {
    const { server, look } = await open();
    server.job({ run: 5, name: 'test', steps: STEPS, log: LOG }, [note(3)]);
    server.identify({ permissions: { actions: 'read' } });
    const { jobs, problems } = await look({ kind: 'workflow_run', id: 5 });
    expect(jobs).toMatchObject([{ name: 'test', annotations: [], steps: [{ number: 2 }], log: { cut: false } }]);
    expect(problems).toEqual([
      'The annotations of test could not be read: the token is not allowed to read it. `permissions: { checks: read }` in the job may help.',
    ]);
  });

  it.each([
    ['workflow_run', 'The jobs of workflow run 5', 'actions'],
    ['workflow_job', 'Job 5', 'actions'],
    ['check_run', 'Check run 5', 'checks'],
    ['check_suite', 'The checks of suite 5', 'checks'],
  ] as const)('a %s is a sentence too', async (kind, what, grant) => {
    const { server, look } = await open();
    server.identify({ permissions: {} });
    expect(await look({ kind, id: 5 })).toEqual({
      jobs: [],
      moreJobs: 0,
      problems: [
        `${what} could not be read: the token is not allowed to read it. \`permissions: { ${grant}: read }\` in the job may help.`,
      ],
    });
  });

  it.each([
    ['gone', 'GitHub has deleted it.'],
    ['missing', 'it does not exist, or the token cannot see it. `permissions: { actions: read }` in the job may help.'],
  ] as const)('a log that is %s', async (log, why) => {
    const { server, look } = await open();
    server.job({ run: 5, name: 'test', log });
    const { jobs, problems } = await look({ kind: 'workflow_run', id: 5 });
    expect(jobs).toMatchObject([{ name: 'test', log: undefined }]);
    expect(problems).toEqual([`The log of test could not be read: ${why}`]);
  });

  it('GitHub in trouble keeps no session from starting', async () => {
    const { server, look } = await open({ maxRetries: 1 });
    server.fault({ path: '/repos/octo-org/octo-repo/actions/runs/5/jobs', times: 2, status: 503 });
    const { jobs, problems } = await look({ kind: 'workflow_run', id: 5 });
    expect(jobs).toEqual([]);
    expect(problems).toMatchObject([expect.stringContaining('HTTP 503')]);
  });

  it('a wrong token and a cancelled workflow end the step', async () => {
    const { server, client } = await open();
    const source = { kind: 'workflow_run', id: 5 } as const;
    const wrong = failureDetails(client({ token: 'ghs_wrong' }), server.repository, source);
    expect(await failure(wrong)).toMatchObject({ code: 'credential_invalid' });
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(failureDetails(client({ signal }), server.repository, source)).rejects.toThrow('stopped');
  });
});
