import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { ROOT } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

interface Step {
  readonly with: Readonly<Record<string, string | number | boolean>>;
}

/** The steps in a page's blocks of YAML, each under the heading it stands below. */
function stepsOf(page: string): [heading: string, endpoint: string, step: Step][] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8');
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const heading = part.split('\n', 1)[0] ?? '';
      return [...part.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']): [string, string, Step] => {
        const [step]: Step[] = parse(yaml);
        if (step === undefined) throw new Error(`${heading}: no step`);
        return [heading, String(step.with['endpoint']), step];
      });
    });
}

let sandbox: TestSandbox;
let orgId = '';
beforeAll(async () => {
  sandbox = await openSandbox();
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

describe('the examples of docs/call-api.md run as they stand', () => {
  test.each(stepsOf('call-api.md'))('%s: %s', async (_heading, endpoint, step) => {
    const values: Readonly<Record<string, string>> = {
      'secrets.DEVIN_TOKEN': 'cog_sandbox_enterprise',
      'secrets.DEVIN_LEGACY_KEY': 'apk_user_sandbox',
      'vars.DEVIN_ORG_ID': orgId,
    };
    const inputs = Object.entries(step.with).map(([name, value]) => [
      name,
      String(value).replace(/\$\{\{ (\S+) \}\}/g, (_, key: string) => values[key] ?? `unknown ${key}`),
    ]);
    const result = await runStep({ with: { ...Object.fromEntries(inputs), api_url: sandbox.url } });
    // What has no documented shape is not in the sandbox either: the request must reach it all the same.
    const expected = endpoint.includes('/searches') ? { error_code: 'not_found' } : { outcome: 'success' };
    expect(result.outputs, result.stdout).toMatchObject(expected);
  });

  test('every family of the API has one', () => {
    const families = stepsOf('call-api.md').map(([heading]) => heading);
    for (const family of [
      'Self',
      'Audit logs',
      'Consumption',
      'Organizations',
      'Service users',
      'Users',
      'IdP groups',
      'Git permissions',
      'Notes',
      'Playbooks',
      'Sessions',
      'Tags',
      'Roles',
      'Metrics',
    ]) {
      expect(families).toContain(family);
    }
  });
});

test('docs/call-api.md lists every operation that only the field knows', () => {
  const text = readFileSync(join(ROOT, 'docs', 'call-api.md'), 'utf8');
  const ids = catalogue.filter(({ seen }) => seen === 'field').map(({ id }) => id);
  expect(ids).toHaveLength(14);
  expect(ids.filter((id) => !text.includes(`\`${id}\``))).toEqual([]);
});
