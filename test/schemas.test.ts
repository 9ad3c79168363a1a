import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './e2e/fake-runner.ts';
import { runStep } from './e2e/here.ts';
import { openSandbox, type TestSandbox } from './e2e/sandbox.ts';

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });

/** What a schema says against a value; empty if it matches. */
function problems(name: string, value: unknown): string {
  const validate = ajv.compile(JSON.parse(readFileSync(join(ROOT, 'schemas', `${name}.schema.json`), 'utf8')));
  return validate(value) ? '' : ajv.errorsText(validate.errors);
}

const MANIFEST = 'version: 1\norganizations:\n  Engineering Team:\n    permissions:\n';
const ENTRY = '      - { connection: acme-github-app, repo: acme/infra }\n';

const root = mkdtempSync(join(tmpdir(), 'schemas-'));
const json = (path: string): Record<string, unknown> => JSON.parse(readFileSync(join(root, path), 'utf8'));
let sandbox: TestSandbox;

/** Runs a step whose files outlast it. */
async function step(inputs: Readonly<Record<string, string>>) {
  const { outputs, stdout } = await runStep({
    with: { api_url: sandbox.url, devin_token: 'cog_sandbox_enterprise', ...inputs },
    env: { GITHUB_WORKSPACE: root },
  });
  expect(outputs['outcome'], stdout).not.toBe('failure');
  return outputs;
}

beforeAll(async () => {
  sandbox = await openSandbox();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(root, { recursive: true, force: true });
});

describe('a file that the action writes matches its published schema:', () => {
  test('result', async () => {
    const { result = '' } = await step({ operation: 'whoami', result_file: 'result.json' });
    expect([problems('result', JSON.parse(result)), problems('result', json('result.json'))]).toEqual(['', '']);
    expect(problems('result', { ...json('result.json'), outcome: 'good' })).toContain('outcome');
  });

  test('plan, before and after the apply', async () => {
    writeFileSync(join(root, 'permissions.yml'), MANIFEST + ENTRY);
    const inputs = { operation: 'sync-git-permissions', manifest: 'permissions.yml', plan_file: 'plan.json' };
    for (const mode of ['plan', 'apply']) {
      await step({ ...inputs, mode });
      expect(problems('plan', json('plan.json'))).toBe('');
    }
    expect(json('plan.json')).toHaveProperty('converged', true);
    expect(problems('plan', { ...json('plan.json'), scopes: [{}] })).toContain('scopes/0');
  });

  test('manifest and checkpoint of an export of audit logs', async () => {
    const inputs = { since: '30d', checkpoint_file: 'checkpoint.json', output_dir: 'logs' };
    await step({ operation: 'export-audit-logs', ...inputs });
    const [name = ''] = readdirSync(join(root, 'logs', 'manifests'));
    expect(problems('audit-manifest', json(`logs/manifests/${name}`))).toBe('');
    expect(problems('audit-checkpoint', json('checkpoint.json'))).toBe('');
    expect(problems('audit-manifest', json('checkpoint.json'))).not.toBe('');
  });
});

test('the schema of manifests accepts those of the documentation, and names what is wrong with others', () => {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const shown = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
  const manifests = shown.filter((yaml) => /^version: 1$/m.test(yaml));
  expect(manifests).toHaveLength(1);
  for (const yaml of manifests) {
    expect(yaml).toContain('# yaml-language-server: $schema=');
    expect(problems('git-permissions', parse(yaml))).toBe('');
  }
  const local = readFileSync(join(ROOT, 'examples', 'local', 'git-permissions.yml'), 'utf8');
  expect(problems('git-permissions', parse(local))).toBe('');
  expect(problems('git-permissions', parse(MANIFEST + ENTRY.replace('repo:', 'repoo:')))).toContain('must NOT have');
});

test('an editor explains every key of a manifest', () => {
  const found: string[] = [];
  JSON.parse(readFileSync(join(ROOT, 'schemas', 'git-permissions.schema.json'), 'utf8'), (_, value) => {
    for (const [name, property] of Object.entries(value?.properties ?? {})) {
      if (!Object.hasOwn(Object(property), 'description')) found.push(name);
    }
    return value;
  });
  expect(found).toEqual([]);
});

test('every schema is described', () => {
  const page = readFileSync(join(ROOT, 'docs', 'schemas.md'), 'utf8');
  const files = readdirSync(join(ROOT, 'schemas'));
  expect(files.filter((name) => !page.includes(`](../schemas/${name})`))).toEqual([]);
});
