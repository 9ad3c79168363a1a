import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './e2e/fake-runner.ts';
import { type JobDone, runWorkflow, type Setting, type Values } from './workflow-runner.ts';

type Grants = Readonly<Record<string, 'read' | 'write'>>;

interface Caller {
  readonly on: Values;
  readonly permissions: Grants;
  readonly jobs: Readonly<Record<string, CallingJob>>;
}

interface CallingJob {
  readonly uses: string;
  readonly permissions?: Grants;
  readonly with?: Values;
  readonly secrets?: 'inherit' | Readonly<Record<string, string>>;
}

interface Declared {
  readonly type?: 'string' | 'number' | 'boolean';
  readonly required?: boolean;
  readonly default?: unknown;
}

interface Called {
  readonly on: {
    readonly workflow_call: {
      readonly inputs: Readonly<Record<string, Declared>>;
      readonly secrets: Readonly<Record<string, Declared>>;
    };
  };
  readonly jobs: Readonly<Record<string, { readonly permissions?: Grants }>>;
}

const HERE = 'OWNER/devin-action/.github/workflows/';
const EMPTY = { string: '', number: 0, boolean: false } as const;

/** The names that GitHub would reject: unknown ones, and required ones that are missing. */
function wrongNames(given: Values, declared: Readonly<Record<string, Declared>>): readonly string[] {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  const missing = Object.entries(declared).filter(([name, { required }]) => required && !Object.hasOwn(given, name));
  return [...unknown, ...missing.map(([name]) => name)];
}

/** Permissions that a called workflow asks for beyond those of its caller, with which GitHub starts no run. */
function missingGrants(called: Called, granted: Grants): readonly string[] {
  const asked = Object.values(called.jobs).flatMap(({ permissions }) => Object.entries(permissions ?? {}));
  return asked
    .filter(([name, level]) => granted[name] !== 'write' && granted[name] !== level)
    .map(([name, level]) => `${name}: ${level}`);
}

/** The secrets that a called workflow has: those that the caller names, or all, and those of the environment of a job. */
function secretsOf(given: CallingJob['secrets'], own: NonNullable<Setting['secrets']>) {
  return (environment: string | undefined): Values => {
    if (given === 'inherit') return own(environment);
    const repository = own(undefined);
    return Object.fromEntries(
      Object.entries(given ?? {}).map(([name, value]) => {
        const secret = /^\$\{\{ secrets\.(\w+) \}\}$/.exec(value)?.[1] ?? '';
        return [name, repository[secret] ?? ''];
      }),
    );
  };
}

/** Runs a workflow whose only job calls a reusable workflow of this repository, as GitHub would. */
export async function callWorkflow(
  text: string,
  setting: Setting,
): Promise<Readonly<Record<string, readonly JobDone[]>>> {
  const caller: Caller = parse(text);
  const [job, ...others] = Object.values(caller.jobs);
  if (job === undefined || others.length > 0) throw new Error('A caller has one job');
  if (setting.event !== undefined) expect(Object.keys(caller.on)).toContain(setting.event.name);
  const file = join(ROOT, '.github', 'workflows', job.uses.slice(HERE.length).replace(/@\w+$/, ''));
  expect(job.uses.startsWith(HERE) && existsSync(file), job.uses).toBe(true);
  const called: Called = parse(readFileSync(file, 'utf8'));
  const { inputs, secrets } = called.on.workflow_call;
  expect(missingGrants(called, job.permissions ?? caller.permissions), 'permissions').toEqual([]);
  expect(wrongNames(job.with ?? {}, inputs), 'inputs').toEqual([]);
  if (job.secrets !== 'inherit') expect(wrongNames(job.secrets ?? {}, secrets), 'secrets').toEqual([]);
  const filledIn = Object.entries(inputs).map(([name, declared]) => {
    const value = job.with?.[name];
    if (value !== undefined) expect(typeof value, name).toBe(declared.type);
    return [name, value ?? declared.default ?? EMPTY[declared.type ?? 'string']];
  });
  const own = setting.secrets ?? (() => ({ DEVIN_TOKEN: 'cog_sandbox_org' }));
  return await runWorkflow(readFileSync(file, 'utf8'), {
    ...setting,
    inputs: Object.fromEntries(filledIn),
    secrets: secretsOf(job.secrets, own),
  });
}
