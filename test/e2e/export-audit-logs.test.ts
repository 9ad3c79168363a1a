import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folder } from '../operations/audit-logs/export-run.ts';
import { AuditApi, chance, event, exportedIds, filesIn } from '../operations/audit-logs/export-support.ts';
import type { StepOptions, StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

/** 2026-01-01T00:00:00Z. */
const BEGIN = 1_767_225_600;
const HOUR = 3_600;

interface Run extends Pick<StepOptions, 'onOutput' | 'nodeArgs' | 'env'> {
  readonly url: string;
  /** The workspace, which outlasts the step. */
  readonly root: string;
  readonly with: Readonly<Record<string, string>>;
}

const step = ({ url, root, with: inputs, env, ...more }: Run): Promise<StepResult> =>
  runStep({
    with: { operation: 'export-audit-logs', api_url: url, devin_token: 'cog_sandbox_enterprise', ...inputs },
    env: { GITHUB_WORKSPACE: root, ...env },
    ...more,
  });

const verify = (root: string, inputs: Readonly<Record<string, string>> = {}) =>
  runStep({ with: { operation: 'verify-audit-export', ...inputs }, env: { GITHUB_WORKSPACE: root } });

/** Every data file of an export: its path in `output_dir`, and its bytes. */
const contents = (output: string) =>
  Object.fromEntries(
    filesIn(output)
      .filter((path) => !path.includes('manifests'))
      .map((path) => [path.slice(output.length + 1), readFileSync(path).toString('base64')]),
  );

describe('an export from the sandbox', () => {
  let sandbox: TestSandbox;
  beforeAll(async () => {
    sandbox = await openSandbox();
    await sandbox.control('seed', { audit_logs: 3_000, audit_log_days: 20 });
  });
  afterAll(() => sandbox.close());

  test('goes on from its checkpoint, and verifies', async () => {
    const { root, remove } = folder();
    try {
      const inputs = { checkpoint_file: 'checkpoint.json', partition: 'day', compression: 'gzip', since: '30d' };
      const first = await step({ url: sandbox.url, root, with: { ...inputs, max_events: '1000' } });
      expect(first.outputs, first.stdout).toMatchObject({ outcome: 'success', events: '1000', has_more: 'true' });
      const second = await step({ url: sandbox.url, root, with: inputs });
      expect(second.outputs, second.stdout).toMatchObject({ outcome: 'success', has_more: 'false', alerts: '0' });
      expect(Number(second.outputs['lag_seconds'])).toBeGreaterThanOrEqual(60);
      const ids = exportedIds(join(root, 'devin-audit-logs'));
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBe(1_000 + Number(second.outputs['events']));
      expect(ids.length).toBeGreaterThan(2_990);
      expect(second.summary).toContain('continues the chain from `');
      expect(JSON.parse(second.outputs['files'] ?? '')[0]).toMatchObject({
        path: expect.stringMatching(/\.jsonl\.gz$/),
      });
      const verified = await verify(root, { checkpoint_file: 'checkpoint.json' });
      expect(verified.outputs, verified.stdout).toMatchObject({ outcome: 'success' });
    } finally {
      remove();
    }
  });

  test('is the same bytes each time, in every compression, and its shards are those of a single run', async () => {
    const now = Math.floor(Date.now() / 1_000) - 60;
    const range = { since: String(now - 19 * 24 * HOUR), until: String(now - HOUR) };
    const places = [folder(), folder(), folder()];
    const [once, again, parts] = places.map(({ root }) => root);
    try {
      for (const compression of ['none', 'gzip', 'zstd']) {
        const inputs = { ...range, compression, partition: 'day', output_dir: compression };
        const shards = ['1/2', '2/2'].map((shard) =>
          step({ url: sandbox.url, root: parts ?? '', with: { ...inputs, shard } }),
        );
        const single = [once, again].map((root) => step({ url: sandbox.url, root: root ?? '', with: inputs }));
        for (const { outputs, stdout } of await Promise.all([...shards, ...single]))
          expect(outputs, stdout).toMatchObject({ outcome: 'success' });
        const expected = contents(join(once ?? '', compression));
        // The first and the last day are cut, and may be too short to have an event.
        expect(Object.keys(expected).length).toBeGreaterThanOrEqual(18);
        expect(contents(join(again ?? '', compression))).toEqual(expected);
        expect(contents(join(parts ?? '', compression))).toEqual(expected);
      }
    } finally {
      for (const { remove } of places) remove();
    }
  });

  test('raises alerts, keeps addresses out of the summary, and fails once all is written', async () => {
    const { root, remove } = folder();
    try {
      const inputs = { since: '10d', alert_on: 'delete_*', fail_on_alert: 'true', checkpoint_file: 'c.json' };
      const result = await step({ url: sandbox.url, root, with: inputs });
      expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'alert_raised' });
      expect(Number(result.outputs['alerts'])).toBeGreaterThan(10);
      const warnings = result.commands.filter(({ name }) => name === 'warning');
      expect(warnings.map(({ properties }) => properties['title'])).toContain('Audit alert: delete_secret');
      expect(result.summary).toMatch(/^### ❌ \d+ alerts in [\d,]+ audit events\n/);
      expect(result.summary).toMatch(/(\n\|.*){12}\n\n<details><summary>\d+ more alerts<\/summary>/);
      expect(result.summary.indexOf('| Time')).toBeLessThan(result.summary.indexOf('starts a new chain'));
      const times = [...result.summary.matchAll(/^\| (20\d\d-\d\d-\d\d \d\d:\d\d) \|/gm)].map(([, at]) => at);
      expect(times).toEqual(times.toSorted().reverse());
      expect(result.summary.split('<details>')[0]).not.toContain('org-');
      expect(result.summary + result.stdout).not.toMatch(/\w@\w/);
      expect(readFileSync(join(root, 'c.json'), 'utf8')).toContain('high_water');
    } finally {
      remove();
    }
  });
});

const KILLER = new URL('kill-after.mjs', import.meta.url).href;

// Windows has no signals that a process could catch from another.
describe.skipIf(process.platform === 'win32')('a process that is killed', { concurrent: true }, () => {
  const SEEDS = 9;
  const api = new AuditApi();
  /** Calls of the file system in a run that is not killed, by partition. */
  const calls = new Map<string, number>();

  const inputsOf = (partition: string) => ({
    since: String(BEGIN),
    until: String(BEGIN + 9 * HOUR),
    checkpoint_file: 'checkpoint.json',
    // One request after the other, so that the same seed gives the same order of calls.
    concurrency: '1',
    partition,
  });

  beforeAll(async () => {
    const random = chance(2);
    api.events = Array.from({ length: 300 }, (_, at) => event(at, BEGIN + Math.floor(random() * 9 * HOUR)));
    api.pageSize = 40;
    await api.open();
    for (const partition of ['none', 'hour', 'org']) {
      const { root, remove } = folder();
      const file = join(root, 'calls');
      const env = { CALLS_FILE: file };
      await step({ url: api.url, root, with: inputsOf(partition), nodeArgs: ['--import', KILLER], env });
      calls.set(partition, Number(readFileSync(file, 'utf8')));
      remove();
    }
  });
  afterAll(() => api.close());

  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    'at one call of the file system after the other loses no event and keeps none twice (seed %i)',
    async (seed) => {
      const random = chance(seed);
      const { root, remove } = folder();
      const partition = ['none', 'hour', 'org'][seed % 3] ?? 'none';
      const inputs = inputsOf(partition);
      const total = calls.get(partition) ?? 0;
      expect(total).toBeGreaterThan(30);
      const moments: string[] = [];
      try {
        for (let each = 0; each < 2; each += 1) {
          const moment = `${Math.floor(random() * total)}${random() < 0.5 ? '+' : ''}`;
          moments.push(moment);
          const limited = random() < 0.3 ? { ...inputs, max_events: '120' } : inputs;
          const env = { KILL_AFTER: moment };
          const ended = await step({ url: api.url, root, with: limited, nodeArgs: ['--import', KILLER], env });
          if (each === 0 && limited === inputs) expect(ended.exitCode, ended.stdout).toBe(null);
        }
        const last = await step({ url: api.url, root, with: inputs });
        expect(last.outputs, last.stdout).toMatchObject({ outcome: 'success', has_more: 'false' });
        const ids = exportedIds(join(root, 'devin-audit-logs'));
        expect(ids.toSorted(), moments.join()).toEqual(api.events.map((each) => each.audit_log_id).toSorted());
        expect(filesIn(join(root, 'devin-audit-logs')).filter((path) => path.endsWith('.part'))).toEqual([]);
      } finally {
        remove();
      }
    },
  );

  test('keeps what it has when it is canceled, and continues from there', async () => {
    const api = new AuditApi();
    await api.open();
    const { root, remove } = folder();
    try {
      api.events = Array.from({ length: 20_000 }, (_, at) => event(at, BEGIN + at));
      api.latency = 100;
      const inputs = { since: String(BEGIN), until: String(BEGIN + 20_000), checkpoint_file: 'checkpoint.json' };
      let isArmed = false;
      const cancelled = await step({
        url: api.url,
        root,
        with: inputs,
        onOutput(output, kill) {
          if (isArmed || !output.includes('Exporting')) return;
          isArmed = true;
          const timer = setInterval(() => {
            if (api.queries.length < 60) return;
            clearInterval(timer);
            kill('SIGTERM');
          }, 20);
        },
      });
      // A process that does not end in time ends itself without outputs.
      expect(cancelled.exitCode).toBe(1);
      expect(cancelled.outputs).toMatchObject({ error_code: 'cancelled', has_more: 'true' });
      expect(Number(cancelled.outputs['events'])).toBeGreaterThan(0);
      api.latency = 0;
      const rest = await step({ url: api.url, root, with: inputs });
      expect(rest.outputs, rest.stdout).toMatchObject({ outcome: 'success' });
      const ids = exportedIds(join(root, 'devin-audit-logs'));
      expect([ids.length, new Set(ids).size]).toEqual([20_000, 20_000]);
    } finally {
      remove();
      await api.close();
    }
  }, 60_000);
});

test('of two exports into one folder at the same time, one is complete, and the other fails with a conflict', async () => {
  const api = new AuditApi();
  await api.open();
  const { root, remove } = folder();
  try {
    api.events = Array.from({ length: 2_000 }, (_, at) => event(at, BEGIN + at));
    api.latency = 5;
    // The first one gets no page until the second one has ended.
    let second: Promise<StepResult> | undefined;
    const inputs = { since: String(BEGIN), until: String(BEGIN + 2_000), partition: 'hour', concurrency: '1' };
    const first = await step({
      url: api.url,
      root,
      with: inputs,
      onOutput(output) {
        if (!output.includes('Exporting')) return;
        second ??= step({ url: api.url, root, with: inputs });
        api.gate = second;
      },
    });
    expect(first.outputs, first.stdout).toMatchObject({ outcome: 'success', events: '2000' });
    expect((await second)?.outputs).toMatchObject({ error_code: 'conflict' });
    expect((await verify(root)).outputs).toMatchObject({ outcome: 'success', events: '2000' });
  } finally {
    remove();
    await api.close();
  }
});

test('an outage is waited out: 429 for all, then a while of 500', async () => {
  const own = await openSandbox();
  const { root, remove } = folder();
  try {
    await own.control('seed', { audit_logs: 500, audit_log_days: 5 });
    await own.control('faults', [
      { path: '/enterprise/audit-logs', status: 429, retry_after: 1, times: 2 },
      { path: '/enterprise/audit-logs', status: 500, times: 1 },
      { path: '/enterprise/audit-logs', garbage: true, times: 1 },
      { path: '/enterprise/audit-logs', truncate: true, times: 1 },
    ]);
    const result = await step({ url: own.url, root, with: { since: '6d' } });
    expect(result.outputs, result.stdout).toMatchObject({ outcome: 'success' });
    expect(Number(result.outputs['events'])).toBeGreaterThan(490);
  } finally {
    remove();
    await own.close();
  }
}, 60_000);

test('everything that is wrong with the inputs is said at once, before the first request', async () => {
  const { root, remove } = folder();
  const api = new AuditApi();
  await api.open();
  try {
    const result = await step({
      url: api.url,
      root,
      with: {
        since: '2026-02-01',
        until: '2026-01-01',
        output_dir: '../elsewhere',
        format: 'parquet',
        compression: 'gzip',
        fail_on_alert: 'true',
        shard: '4/3',
        max_lag: '1h',
      },
    });
    expect(result.outputs).toMatchObject({ error_code: 'input_invalid' });
    const message = result.commands.find(({ name }) => name === 'error')?.message ?? '';
    for (const input of ['since', 'output_dir', 'compression', 'fail_on_alert', 'shard', 'max_lag'])
      expect(message).toContain(`- ${input} `);
    expect(api.queries).toEqual([]);
  } finally {
    remove();
    await api.close();
  }
});
