import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { folder } from '../operations/audit-logs/export-run.ts';
import { AuditApi, event } from '../operations/audit-logs/export-support.ts';
import { runProcess, type StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';

/** 2026-01-01T00:00:00Z. */
const BEGIN = 1_767_225_600;
const EVENTS = 4_000;
/** After so many responses, the API responds no more, and something happens to the step. */
const RESPONSES = 12;
const KEY = 'cog_sandbox_enterprise';

const DEEDS = new URL('in-thread.mjs', import.meta.url).href;

interface Place {
  readonly root: string;
  readonly api: AuditApi;
  /** Runs the export until something happens to it. */
  until(deed: string, inputs?: Record<string, string>, where?: string): Promise<StepResult>;
  /** Runs an operation in the same workspace, and nothing happens. */
  run(inputs: Record<string, string>): Promise<StepResult>;
}

const removals: (() => Promise<void>)[] = [];

async function place(): Promise<Place> {
  const { root, remove } = folder();
  const api = new AuditApi();
  await api.open();
  removals.push(async () => {
    await api.close();
    remove();
  });
  api.events = Array.from({ length: EVENTS }, (_, at) => event(at, BEGIN + at));
  const asks = { api_url: api.url, devin_token: KEY, since: String(BEGIN), until: String(BEGIN + EVENTS) };
  const inputs = { operation: 'export-audit-logs', ...asks, checkpoint_file: 'checkpoint.json', concurrency: '1' };
  return {
    root,
    api,
    until(deed, more = {}, where = 'thread') {
      const go = join(root, 'go');
      api.trick = () => {
        if (api.queries.length <= RESPONSES) return 'right';
        api.gate = new Promise(() => undefined);
        writeFileSync(go, '');
        return 'right';
      };
      return runProcess({
        with: { ...inputs, ...more },
        env: { GITHUB_WORKSPACE: root, GO_FILE: go, DEED: deed, DEED_IN: where },
        nodeArgs: ['--max-old-space-size=90', '--import', DEEDS],
      });
    },
    run(more) {
      api.trick = () => 'right';
      api.gate = undefined;
      return runStep({ with: { ...inputs, ...more }, env: { GITHUB_WORKSPACE: root } });
    },
  };
}

afterAll(() => Promise.all(removals.map((remove) => remove())));

/** The step failed, says so everywhere, and neither its log nor what it wrote has the key or a command of somebody else. */
function expectFailure(step: StepResult, code: string): void {
  const { outputs, stdout, stderr, summary, exitCode } = step;
  expect(exitCode, stdout).toBe(1);
  expect(outputs, stdout).toMatchObject({ outcome: 'failure', error_code: code });
  expect(summary).toMatch(/^### ❌/);
  expect(stdout).toContain('::error ');
  const said = [stdout.replaceAll(/^::add-mask::.*$/gm, ''), stderr, summary, JSON.stringify(outputs)].join('\n');
  expect(said).not.toContain(KEY);
  expect(said).not.toMatch(/^\s*::warning::canary/m);
}

// Windows has no signals that a process could catch.
describe.skipIf(process.platform === 'win32').concurrent('an export that ends in the middle', () => {
  test.each([
    ['jsonl', 'gzip'],
    ['jsonl', 'zstd'],
    ['parquet', 'none'],
  ])('when it is canceled keeps what it has as whole files, and continues from there (%s, %s)', async (...form) => {
    const { until, run } = await place();
    const [format, compression] = form;
    const canceled = await until('cancel', { format, compression });
    expectFailure(canceled, 'cancelled');
    expect(canceled.outputs['has_more']).toBe('true');
    const kept = Number(canceled.outputs['events']);
    expect(kept).toBeGreaterThan(0);
    const verified = await run({ operation: 'verify-audit-export' });
    expect(verified.outputs, verified.stdout).toMatchObject({ outcome: 'success', events: String(kept) });
    const rest = await run({ format, compression });
    expect(rest.outputs, rest.stdout).toMatchObject({ outcome: 'success', events: String(EVENTS - kept) });
    expect((await run({ operation: 'verify-audit-export' })).outputs['events']).toBe(String(EVENTS));
  });

  test('when its thread computes and hears nothing still writes that it was canceled', async () => {
    const { until, run } = await place();
    expectFailure(await until('block'), 'cancelled');
    // The folder belongs to nobody any more.
    expect((await run({})).outputs).toMatchObject({ outcome: 'success', events: String(EVENTS) });
  });

  test('by an error nobody expected reports it, however the operation is spelled', async () => {
    const { until } = await place();
    expectFailure(await until('throw', { operation: ' Export_Audit_Logs ' }), 'internal');
  });

  test('by an error outside of its thread is not reported as canceled', async () => {
    const { until } = await place();
    expectFailure(await until('throw', {}, 'main'), 'internal');
  });

  test('by a lack of memory says so, and what helps', async () => {
    const { until, run } = await place();
    const full = await until('fill');
    expectFailure(full, 'internal');
    expect(full.stdout).toContain('ran out of memory');
    expect(full.summary).toContain('Use a runner with more memory');
    expect((await run({})).outputs).toMatchObject({ outcome: 'success', events: String(EVENTS) });
  });
});
