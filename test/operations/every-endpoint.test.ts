import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Endpoint } from '../../src/devin/endpoint.ts';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { run } from '../../src/run.ts';
import { samples } from '../sandbox/samples/index.ts';
import { type Bench, bench } from '../sandbox/support.ts';

let workspace = '';
beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'every-'));
  writeFileSync(join(workspace, 'y.txt'), 'x');
});
afterAll(() => rmSync(workspace, { recursive: true, force: true }));

const clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  deadline: (ms: number) => AbortSignal.timeout(ms),
  sleep: async (ms: number) => void (await delay(ms)),
};

/** Runs `call-api` with everything that the bundle has but a process of its own. Gives its outputs. */
async function callApi(b: Bench, inputs: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  let written = '';
  const env = Object.fromEntries(
    Object.entries({ operation: 'call-api', api_url: b.sandbox.url, ...inputs }).map(([name, value]) => [
      `INPUT_${name.toUpperCase()}`,
      value,
    ]),
  );
  const world = {
    env,
    write(text: string) {
      written += text;
    },
    clock,
    machine: { pid: process.pid, host: 'test', isRunning: () => true },
    cancelled: new AbortController().signal,
    cwd: workspace,
  };
  await run(world);
  const lines = written.split('\n').filter((line) => /^[a-z_]+=/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** A sample's text as YAML would have it: a number or a boolean where it is one. */
function typedAs(value: unknown): unknown {
  const text = String(value);
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : value;
}

async function inputsFor(b: Bench, endpoint: Endpoint): Promise<Record<string, string>> {
  const sample = (await samples.requests[endpoint.id]?.(b)) ?? {};
  const params: Record<string, unknown> = { ...sample.params, ...sample.query };
  for (const [, name = ''] of endpoint.path.matchAll(/\{(\w+)\}/g)) params[name] ??= await samples.params[name]?.(b);
  for (const [name, value] of Object.entries(params)) params[name] = typedAs(value);
  const body = endpoint.multipart ? { file: 'y.txt' } : sample.body;
  return {
    endpoint: endpoint.id,
    params: stringify(params),
    ...(body === undefined ? {} : { body: stringify(body) }),
    ...(endpoint.redirects || endpoint.secrets ? { body_file: 'answer.bin' } : {}),
  };
}

const mayCall = ({ version }: Endpoint) => (version === 'v2' ? 'apk_user_sandbox' : 'cog_sandbox_enterprise');

/** A credential that the endpoint must refuse, and that is for its version of the API. */
function mayNotCall({ method, path, permission, version }: Endpoint): string | undefined {
  if (version === 'v2' || permission.length === 0 || permission.includes('ReadAccountMeta')) return undefined;
  if (method !== 'GET' || permission.every((name) => /^(Manage|Use)/.test(name))) return 'cog_sandbox_viewer';
  return path.includes('/enterprise/') ? 'cog_sandbox_org' : undefined;
}

describe('call-api', () => {
  test.each(catalogue.map((endpoint) => ({ id: endpoint.id, endpoint })))(
    '$id is carried out for a credential that may',
    async ({ endpoint }) => {
      const b = await bench();
      const outputs = await callApi(b, { devin_token: mayCall(endpoint), ...(await inputsFor(b, endpoint)) });
      expect(outputs, outputs['result']).toMatchObject({ outcome: 'success' });
      expect(['200', '204']).toContain(outputs['status_code']);
    },
  );

  const guarded = catalogue.flatMap((endpoint) => {
    const refused = mayNotCall(endpoint);
    return refused === undefined ? [] : [{ id: endpoint.id, endpoint, refused }];
  });
  test.each(guarded)(
    '$id is refused for one that may not, and the missing permission is named',
    async ({ endpoint, refused }) => {
      const b = await bench();
      const outputs = await callApi(b, { ...(await inputsFor(b, endpoint)), devin_token: refused });
      expect(outputs, outputs['result']).toMatchObject({ outcome: 'failure', error_code: 'permission_denied' });
      const { error } = JSON.parse(outputs['result'] ?? '{}');
      expect(endpoint.permission.some((name) => JSON.stringify(error).includes(name))).toBe(true);
    },
  );
});
