import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
  await sandbox.control('seed', { audit_logs: 1_500, audit_log_days: 10 });
});
afterAll(() => sandbox.close());

type Inputs = Readonly<Record<string, string>>;

/** A workspace that outlives its steps. */
class Job {
  readonly #home = mkdtempSync(join(tmpdir(), 'job-'));

  path(...parts: readonly string[]): string {
    return join(this.#home, ...parts);
  }

  async #step(inputs: Inputs): Promise<StepResult> {
    return runStep({
      with: inputs,
      before: (workspace) => cpSync(this.#home, workspace, { recursive: true, verbatimSymlinks: true }),
      after: (workspace) => cpSync(workspace, this.#home, { recursive: true, verbatimSymlinks: true }),
    });
  }

  async export(inputs: Inputs = {}): Promise<StepResult> {
    const step = await this.#step({
      operation: 'export-audit-logs',
      devin_token: 'cog_sandbox_enterprise',
      api_url: sandbox.url,
      since: '9d',
      ...inputs,
    });
    expect(step.exitCode, step.stdout).toBe(0);
    return step;
  }

  /** Without a credential, and without an address that would answer. */
  verify(inputs: Inputs = {}): Promise<StepResult> {
    return this.#step({ operation: 'verify-audit-export', api_url: 'https://devin.invalid', ...inputs });
  }

  dispose(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}

const jobs: Job[] = [];
const job = () => {
  const made = new Job();
  jobs.push(made);
  return made;
};
afterAll(() => {
  for (const one of jobs) one.dispose();
});

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+Z/, 'Z');
const FOLDER = 'devin-audit-logs';

describe('an export that nobody touched passes, without a credential', () => {
  test.each([
    ['jsonl', 'none', 'day'],
    ['jsonl', 'zstd', 'org'],
    ['csv', 'gzip', 'none'],
    ['ocsf', 'zstd', 'hour'],
    ['ecs', 'gzip', 'day'],
    ['cef', 'none', 'org'],
    ['parquet', 'none', 'day'],
  ])('%s, compressed with %s, a file for each %s', async (format, compression, partition) => {
    const one = job();
    // A file for each hour of nine days would take most of the time of this file.
    const exported = await one.export({
      format,
      compression,
      partition,
      ...(partition === 'hour' ? { since: '2d' } : {}),
    });
    expect(Number(exported.outputs['events'])).toBeGreaterThan(partition === 'hour' ? 200 : 1_000);
    const verified = await one.verify();
    expect(verified.exitCode, verified.stdout).toBe(0);
    expect(verified.outputs).toMatchObject({
      outcome: 'success',
      events: exported.outputs['events'],
      manifest_file: exported.outputs['manifest_file'],
      oldest: exported.outputs['oldest'],
      newest: exported.outputs['newest'],
    });
    expect(JSON.parse(verified.outputs['files'] ?? '')).toEqual(JSON.parse(exported.outputs['files'] ?? ''));
    expect(verified.summary).toContain('### ✅ The export is intact');
  });

  test('an incremental export: the chain of its manifests ends where the checkpoint says', async () => {
    const one = job();
    const checkpoint_file = 'audit-checkpoint.json';
    for (const days of [6, 4, 2]) await one.export({ checkpoint_file, until: daysAgo(days), overlap: '2h' });
    const verified = await one.verify({ checkpoint_file });
    expect(verified.exitCode, verified.stdout).toBe(0);
    expect(verified.stdout).toMatch(/chain {4}3 manifests, .*, first [0-9a-f]{64}, last [0-9a-f]{64}/);
  });

  test('an export in small bites, each of at most so many events', async () => {
    const one = job();
    const inputs = { checkpoint_file: `${FOLDER}/checkpoint.json`, max_events: '400', until: daysAgo(1) };
    let step = await one.export(inputs);
    while (step.outputs['has_more'] === 'true') step = await one.export(inputs);
    const verified = await one.verify();
    expect(verified.exitCode, verified.stdout).toBe(0);
    expect(Number(verified.outputs['events'])).toBeGreaterThan(1_000);
  });

  test('the shards of a matrix in one folder; without one of them it fails', async () => {
    const one = job();
    const range = { since: daysAgo(9), until: daysAgo(1) };
    const manifests: string[] = [];
    for (const shard of ['1/3', '2/3', '3/3']) {
      manifests.push((await one.export({ ...range, shard, partition: 'day' })).outputs['manifest_file'] ?? '');
    }
    const verified = await one.verify();
    expect(verified.exitCode, verified.stdout).toBe(0);
    rmSync(one.path(manifests[1] ?? ''));
    const without = await one.verify();
    expect(without.exitCode).toBe(1);
    expect(without.stdout).toContain('is one of 3 shards, but shard 2 of 3 is missing');
    expect(without.stdout).toContain('a gap');
  });
});

describe('an export that somebody touched fails', () => {
  test('with the place of each thing that is wrong in log, summary, annotation and result', async () => {
    const one = job();
    const exported = await one.export({ compression: 'gzip', partition: 'day' });
    const files: readonly { readonly path: string }[] = JSON.parse(exported.outputs['files'] ?? '');
    const [changed = '', missing = ''] = files.map(({ path }) => path);
    appendFileSync(one.path(changed), 'x');
    rmSync(one.path(missing));
    writeFileSync(one.path(FOLDER, 'extra.jsonl'), '{}\n');
    const step = await one.verify({ result_file: 'result.json' });
    expect(step.exitCode).toBe(1);
    expect(step.outputs).toMatchObject({ outcome: 'failure', error_code: 'export_corrupt' });
    const error = step.commands.find(({ name }) => name === 'error');
    for (const path of [changed, missing, `${FOLDER}/extra.jsonl`]) {
      const place = path.replace(`${FOLDER}/`, '');
      expect(error?.message).toContain(place);
      expect(step.summary).toContain(`<br>\`${place.split('/').slice(-2).join('/')}\``);
      expect(step.log.join('\n')).toContain(`✗ ${place}`);
    }
    expect(step.summary).toMatch(/^### ❌ The export is corrupt: \d faults in 3 places\n\nDo not rely on this copy/);
    expect(step.summary).not.toContain('Hashes to keep');
  });

  test.each(['gzip', 'zstd'])(
    'also where %s hides what stands behind its text, and the manifest agrees',
    async (compression) => {
      const one = job();
      const exported = await one.export({ compression, since: '2d' });
      const manifest = one.path(exported.outputs['manifest_file'] ?? '');
      const [file]: readonly { readonly path: string; readonly sha256: string; readonly bytes: number }[] = JSON.parse(
        exported.outputs['files'] ?? '',
      );
      if (file === undefined) throw new Error('no file');
      appendFileSync(one.path(file.path), Buffer.alloc(6));
      const sha256 = createHash('sha256')
        .update(readFileSync(one.path(file.path)))
        .digest('hex');
      const text = readFileSync(manifest, 'utf8').replace(`"sha256": "${file.sha256}"`, `"sha256": "${sha256}"`);
      writeFileSync(manifest, text.replace(`"bytes": ${file.bytes},`, `"bytes": ${file.bytes + 6},`));
      const step = await one.verify();
      expect(step.outputs['error_code']).toBe('export_corrupt');
      expect(step.stdout).toMatch(/✗ devin-audit_\S+ (has 6 bytes after its compressed text|cannot be decompressed)/);
      expect(step.stdout).not.toContain('was changed');
    },
  );

  test('and the checkpoint, or the hash that the user kept, shows that the last manifest was replaced', async () => {
    const one = job();
    const checkpoint_file = 'audit-checkpoint.json';
    await one.export({ checkpoint_file, until: daysAgo(4) });
    const last = await one.export({ checkpoint_file, until: daysAgo(2) });
    const manifest = readFileSync(one.path(last.outputs['manifest_file'] ?? ''));
    const expected_hash = createHash('sha256').update(manifest).digest('hex');
    expect((await one.verify({ expected_hash, checkpoint_file })).exitCode).toBe(0);
    appendFileSync(one.path(last.outputs['manifest_file'] ?? ''), '\n');
    expect((await one.verify()).exitCode).toBe(0);
    const step = await one.verify({ checkpoint_file, expected_hash });
    expect(step.outputs['error_code']).toBe('export_corrupt');
    expect(step.stdout).toMatch(/✗ expected_hash is \w+…, which is not in this folder/);
    expect(step.stdout).toContain('the end of the chain was changed or removed');
  });
});

test('a folder that does not exist is a wrong input, and nothing is sent', async () => {
  const before = (await sandbox.requests()).length;
  const step = await job().verify({ output_dir: 'nowhere', api_url: sandbox.url });
  expect(step.outputs['error_code']).toBe('input_invalid');
  expect(step.stdout).toContain('output_dir names "nowhere", which does not exist');
  expect((await sandbox.requests()).length).toBe(before);
});
