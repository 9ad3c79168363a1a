import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ActionError, asActionError, ERROR_CODES } from '../../src/contract/errors.ts';
import { COMMON_INPUTS, isInputName, OPERATION_INPUTS } from '../../src/contract/inputs.ts';
import { OPERATION_OUTPUTS } from '../../src/contract/outputs.ts';
import { inputError } from '../../src/contract/parse.ts';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { errorLink, errorPart } from '../../src/operations/failure.ts';
import { organizationOf } from '../../src/operations/organization.ts';
import { namesOf } from '../../src/operations/permissions.ts';
import { docsUrl, failureReport } from '../../src/step/failure.ts';
import { loadOperation, OPERATION_NAMES } from '../../src/step/registry.ts';
import { world } from './support.ts';

describe.each(OPERATION_NAMES)('%s', (name) => {
  it('is what the registry calls it, in kebab-case', async () => {
    const { summary, ...operation } = await loadOperation(name);
    expect(operation.name).toBe(name);
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(summary).toMatch(/^[A-Z].*\.$/);
  });

  it('takes inputs that exist, each once, and none of the common ones again', async () => {
    const { inputs, required } = await loadOperation(name);
    expect(new Set(inputs).size).toBe(inputs.length);
    for (const input of inputs) {
      expect(isInputName(input), input).toBe(true);
      expect(Object.keys(COMMON_INPUTS), input).not.toContain(input);
    }
    for (const input of required) expect(inputs).toContain(input);
  });

  it('gives outputs that exist, each once', async () => {
    const { outputs } = await loadOperation(name);
    expect(new Set(outputs).size).toBe(outputs.length);
    for (const output of outputs) expect(Object.keys(OPERATION_OUTPUTS)).toContain(output);
  });

  it('names permissions that its endpoints name', async () => {
    const { permissions, versions } = await loadOperation(name);
    const known = new Set(catalogue.flatMap(({ permission }) => permission as readonly string[]));
    // call-api needs those of whatever endpoint it calls.
    expect(permissions.length > 0).toBe(name !== 'call-api' && versions.length > 0);
    for (const permission of permissions.flatMap(namesOf)) expect(known).toContain(permission);
  });
});

it('no input and no output of the schema is without an operation', async () => {
  const operations = await Promise.all(OPERATION_NAMES.map(loadOperation));
  expect(new Set(operations.flatMap(({ inputs }) => inputs))).toEqual(new Set(Object.keys(OPERATION_INPUTS)));
  expect(new Set(operations.flatMap(({ outputs }) => outputs))).toEqual(new Set(Object.keys(OPERATION_OUTPUTS)));
});

it('every error code is explained in the documentation', () => {
  const errors = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
  for (const code of Object.keys(ERROR_CODES)) expect(errors).toContain(code);
});

describe('the organization of a step', () => {
  it('is the one that was given, without a request', async () => {
    const { devin, seen } = await world(() => ({}));
    const organization = organizationOf(devin, 'org-9', false);
    expect(seen).toEqual([]);
    expect(await organization()).toBe('org-9');
    expect(seen).toEqual([]);
  });

  it("is else the credential's own, asked for once", async () => {
    const { devin, seen } = await world(() => ({ body: { principal_type: 'service_user', org_id: 'org-1' } }));
    const organization = organizationOf(devin, undefined, false);
    expect(seen).toEqual([]);
    expect(await Promise.all([organization(), organization()])).toEqual(['org-1', 'org-1']);
    expect(seen.map(({ url }) => url)).toEqual(['/v3/self']);
  });

  it('a credential of the enterprise has none, and the error says what to set', async () => {
    for (const body of [
      { principal_type: 'service_user', service_user_name: 'ci-bot', org_id: null },
      { principal_type: 'service_user', service_user_name: 'ci-bot' },
      { principal_type: 'service_user', service_user_name: 'ci-bot', org_id: '' },
    ]) {
      const { devin } = await world(() => ({ body }));
      const error = await organizationOf(devin, undefined, false)().catch(asActionError);
      expect(error).toMatchObject({
        code: 'input_invalid',
        message: 'org_id is empty, and the credential (ci-bot) does not belong to a single organization.',
      });
    }
  });
});

describe('a step that an error ended', () => {
  const docs = 'https://github.com/acme/devin-action/blob/v1/docs';

  it('says code, sentence, findings, fix and where to read more', () => {
    const error = new ActionError('api_rejected', 'HTTP 422: [x](javascript:1)', { list: ['tags: too many', '**b**'] });
    const report = failureReport(error, docs);
    expect(report).toMatchObject({ outcome: 'failure', error, data: {} });
    expect(report.summary).toBe(
      [
        '### ❌ Devin rejected the request',
        '',
        '`api_rejected` · HTTP 422\\: \\[x\\]\\(javascript\\:1\\)',
        '',
        '- tags\\: too many',
        '- \\*\\*b\\*\\*',
        '',
        `Correct the fields that the message names\\. [About api\\_rejected](${docs}/errors.md#api_rejected)`,
        '',
      ].join('\n'),
    );
    expect(errorPart(error)).not.toContain('About');
    const inputs = inputError([
      { input: 'body', message: 'lacks name (text)' },
      { input: 'body', message: 'lacks trigger (text)' },
    ]);
    expect(failureReport(inputs, undefined).summary).toBe(
      [
        '### ❌ 2 fields of body are invalid',
        '',
        '- body lacks name \\(text\\)',
        '- body lacks trigger \\(text\\)',
        '',
        'Correct the input `body`\\. · `input_invalid`',
        '',
      ].join('\n'),
    );
  });

  it('a closed gate is no failure', () => {
    const report = failureReport(new ActionError('gate_closed', 'dry run: POST /x was not sent', { fix: 'F' }), docs);
    expect(report).toMatchObject({ outcome: 'skipped', skippedReason: 'dry run: POST /x was not sent' });
    expect(report.error).toBeUndefined();
    expect(report.summary).toMatch(/^### ⚠️ The step was skipped\n/);
  });

  it('links lead to the host and the release that run', () => {
    const env = { GITHUB_ACTION_REPOSITORY: 'acme/devin-action', GITHUB_ACTION_REF: 'v1' };
    expect(docsUrl(env)).toBe(docs);
    expect(docsUrl({ ...env, GITHUB_SERVER_URL: 'https://git.acme.test' })).toMatch(/^https:\/\/git\.acme\.test\/acme/);
    expect(docsUrl({})).toBeUndefined();
    expect(docsUrl({ ...env, GITHUB_ACTION_REF: '' })).toBeUndefined();
    expect(errorLink('timeout', undefined)).toBe('docs/errors.md#timeout');
  });
});
