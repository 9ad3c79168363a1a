import { type ExecFileOptions, execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { catalogue } from '../src/devin/endpoints/index.ts';
import { STATUS_DETAILS } from '../src/devin/endpoints/sessions.ts';
import { PROBES } from '../src/operations/api/probes.ts';
import { CREDENTIALS } from '../src/sandbox/credentials.ts';
import { startSandbox } from '../src/sandbox/index.ts';
import { LIFE_TAGS } from '../src/sandbox/session-life.ts';
import { NODE_24, ROOT, runStep } from './e2e/fake-runner.ts';
import { parseFileCommands } from './e2e/runner-grammar.ts';
import { openSandbox, type TestSandbox } from './e2e/sandbox.ts';

const EXAMPLES = join(ROOT, 'examples');

/** Runs a program to its end, whatever its exit code. */
const execute = (program: string, args: readonly string[], options: ExecFileOptions = {}) =>
  new Promise<{ code: number; output: string }>((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, output: `${stdout}${stderr}` }),
    );
  });

const checkWorkflows = (...paths: string[]) =>
  execute(NODE_24, [join(ROOT, 'scripts', 'check-workflows.ts'), ...paths]);

interface Fault {
  readonly title: string;
  /** The file that is broken, and what is replaced in it. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly finding: string;
  /** Whether the finding names the line of what was replaced; not for what is missing. */
  readonly elsewhere?: true;
}

const START = 'examples/start-session.yml';
const CI = '.github/workflows/ci.yml';
const CREATE = 'operation: create-session';

const FAULTS: readonly Fault[] = [
  {
    title: 'an input that does not exist',
    file: START,
    from: 'max_acu_limit:',
    to: 'max_acus_limit:',
    finding: 'action.yml declares no input max_acus_limit; did you mean max_acu_limit?',
  },
  {
    title: 'an input that the operation does not use',
    file: START,
    from: 'max_acu_limit: 10',
    to: 'max_results: 10',
    finding: 'create-session does not use the input max_results',
  },
  {
    title: 'a value that the input does not take',
    file: START,
    from: 'wait: finished',
    to: 'wait: finishd',
    finding: 'wait should be',
  },
  {
    title: 'an operation that does not exist',
    file: START,
    from: CREATE,
    to: 'operation: create-sesion',
    finding: 'there is no operation create-sesion; did you mean create-session?',
  },
  {
    title: 'a step without an operation',
    file: START,
    from: CREATE,
    to: 'org_id: org-1',
    finding: 'the step names no operation',
    elsewhere: true,
  },
  {
    title: 'a step without an input that its operation needs',
    file: 'examples/follow-up.yml',
    from: 'session_id: ${{ inputs.session }}',
    to: 'follow: true',
    finding: 'send-message needs the input session_id',
    elsewhere: true,
  },
  {
    title: 'an output that does not exist',
    file: START,
    from: 'outputs.pull_request_url',
    to: 'outputs.pullrequest_url',
    finding: 'action.yml declares no output pullrequest_url; did you mean pull_request_url?',
  },
  {
    title: 'an output that the operation never sets',
    file: START,
    from: 'outputs.pull_request_url',
    to: 'outputs.matrix',
    finding: 'the operation of devin does not set it',
  },
  {
    title: 'an output of a step that does not exist',
    file: START,
    from: 'steps.devin.outputs.session_url',
    to: 'steps.davin.outputs.session_url',
    finding: 'property "davin" is not defined',
  },
  {
    title: 'an output of a job that it does not hand on',
    file: 'examples/create-then-wait.yml',
    from: 'needs.start.outputs.session_id',
    to: 'needs.start.outputs.session',
    finding: 'property "session" is not defined',
  },
  {
    title: 'an expression inside of a script',
    file: START,
    from: '"Devin opened $PULL_REQUEST"',
    to: '"Devin opened ${{ steps.devin.outputs.pull_request_url }}"',
    finding: 'an expression inside of a script is run as code',
  },
  {
    title: 'a workflow without permissions',
    file: START,
    from: 'permissions: {}\n',
    to: '',
    finding: 'there are no top-level permissions',
    elsewhere: true,
  },
  {
    title: 'a permission without a reason',
    file: CI,
    from: 'contents: read # to check out',
    to: 'contents: read',
    finding: 'the permission contents lacks its reason',
  },
  {
    title: 'a permission that GitHub does not know',
    file: START,
    from: 'permissions: {}',
    to: 'permissions: { content: read }',
    finding: "Unexpected value 'content'",
  },
  {
    title: 'an action that is not pinned to a commit',
    file: CI,
    from: /actions\/checkout@.*/.exec(readFileSync(join(ROOT, CI), 'utf8'))?.[0] ?? '',
    to: 'actions/checkout@v7',
    finding: 'is not pinned to a commit',
  },
  {
    title: 'a pin that does not say its version',
    file: CI,
    from: ' # v7.0.1',
    to: '',
    finding: 'lacks its version as a comment',
  },
  {
    title: 'a checkout that leaves its token behind',
    file: CI,
    from: 'persist-credentials: false',
    to: 'fetch-depth: 1',
    finding: 'leaves its token behind',
    elsewhere: true,
  },
  {
    title: 'an example that does not ask for a pin',
    file: START,
    from: ' # pin this to a commit',
    to: '',
    finding: 'an example names the action as',
  },
  {
    title: 'an example that does not say when to use it',
    file: START,
    from: '# Use this',
    to: 'x-use: this',
    finding: 'an example begins with a comment',
  },
  {
    title: 'a job without a limit on its time',
    file: START,
    from: '    timeout-minutes: 65\n',
    to: '',
    finding: 'the job devin has no timeout-minutes',
    elsewhere: true,
  },
  {
    title: 'a job that ends before its step may',
    file: START,
    from: 'timeout-minutes: 65',
    to: 'timeout-minutes: 60',
    finding: "the job devin ends after 60 minutes, before the step's timeout of 1h",
    elsewhere: true,
  },
  { title: 'a misspelled key', file: START, from: 'steps:', to: 'setps:', finding: "Unexpected value 'setps'" },
  {
    title: 'an unknown function',
    file: 'examples/structured-gate.yml',
    from: '${{ fromJSON(',
    to: '${{ fromYAML(',
    finding: "Unrecognized function: 'fromYAML'",
  },
  {
    title: 'broken YAML',
    file: START,
    from: 'wait: finished',
    to: 'wait: "finished',
    finding: 'Missing closing',
    elsewhere: true,
  },
  { title: 'a runtime that GitHub does not have', file: 'action.yml', from: 'node24', to: 'node99', finding: 'node99' },
  {
    title: 'a bundle that is not there',
    file: 'action.yml',
    from: 'dist/index.js',
    to: 'dist/main.js',
    finding: 'dist/main.js does not exist',
  },
];

test('action.yml, workflows and examples are free of faults', async () => {
  const { code, output } = await checkWorkflows();
  expect(output).not.toContain('FAIL');
  expect(output).toContain('ok    action.yml\nok    .github/workflows/ci.yml\nok    examples/');
  expect(code).toBe(0);
});

describe('the check finds', () => {
  const home = mkdtempSync(join(tmpdir(), 'faults-'));
  const pathOf = (fault: Fault) => join(home, String(FAULTS.indexOf(fault)), fault.file);
  let found: Awaited<ReturnType<typeof checkWorkflows>>;

  beforeAll(async () => {
    for (const fault of FAULTS) {
      const text = readFileSync(join(ROOT, fault.file), 'utf8');
      expect(text, fault.title).toContain(fault.from);
      mkdirSync(dirname(pathOf(fault)), { recursive: true });
      writeFileSync(
        pathOf(fault),
        text.replace(fault.from, () => fault.to),
      );
    }
    found = await checkWorkflows(...FAULTS.map(pathOf));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test.each(FAULTS)('$title', (fault) => {
    const text = readFileSync(join(ROOT, fault.file), 'utf8');
    const line = text.slice(0, text.indexOf(fault.from)).split('\n').length;
    const own = found.output.split('\n').filter((one) => one.includes(`${pathOf(fault)}`));
    expect(own[0]).toBe(`FAIL  ${pathOf(fault)}`);
    const finding = own.find((one) => one.includes(fault.finding));
    expect(finding, own.join('\n')).toBeDefined();
    if (!fault.elsewhere) expect(finding).toContain(`${pathOf(fault)}:${line}  `);
    expect(found.code).toBe(1);
  });
});

type Values = Readonly<Record<string, unknown>>;

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Values;
  readonly env?: Values;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly outputs?: Values;
  readonly environment?: string;
  readonly strategy?: { readonly matrix: Values | string };
  readonly steps: readonly Step[];
}

interface StepDone {
  readonly green: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  /** What it printed. */
  readonly output: string;
  /** Its job summary, where it may write one. */
  readonly summary?: string;
}

interface JobDone {
  readonly result: 'success' | 'failure' | 'skipped';
  readonly outputs: Values;
  readonly steps: readonly StepDone[];
}

/** The one status function that the examples use. */
const always = { name: 'always', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(true) };

function evaluate(expression: string, contexts: Values): unknown {
  const { tokens } = new Lexer(expression).lex();
  const tree = new Parser(tokens, Object.keys(contexts), [always]).parse();
  const dictionary: data.Dictionary = JSON.parse(JSON.stringify(contexts), data.reviver);
  const evaluator = new Evaluator(tree, dictionary, new Map([['always', always]]));
  return JSON.parse(JSON.stringify(evaluator.evaluate(), data.replacer));
}

/** What GitHub takes for true in a condition. */
const holds = (value: unknown) => value !== false && value !== null && value !== 0 && value !== '';

/** A value of a workflow with its expressions replaced, by GitHub's own evaluator. */
function filled(value: unknown, contexts: Values): unknown {
  if (typeof value !== 'string') return value;
  const whole = /^\$\{\{((?:(?!\}\}).)*)\}\}$/s.exec(value.trim())?.[1];
  if (whole !== undefined) return evaluate(whole, contexts);
  return value.replaceAll(/\$\{\{(.*?)\}\}/gs, (_, inner: string) => String(evaluate(inner, contexts) ?? ''));
}

const texts = (values: Values | undefined, contexts: Values): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [name, String(filled(value, contexts) ?? '')]),
  );

interface Setting {
  /** URL of the sandbox that stands in for Devin. */
  readonly url?: string;
  readonly inputs?: Values;
  /** The secrets of an environment (or of the repository), as they are when a job begins. */
  readonly secrets?: (environment: string | undefined) => Values;
  /** A folder of programs that scripts find before all others. */
  readonly programs?: string;
  /** A tag that chooses what new sessions do. */
  readonly life?: string;
  /** Files of the repository, which a checkout brings. */
  readonly files?: Readonly<Record<string, string>>;
  /** Members of the context `github`, such as the event. */
  readonly github?: Values;
}

/** Where a job runs: what it knows, and the files that its steps share. */
interface Place {
  readonly contexts: Values;
  readonly setting: Setting;
  readonly workspace: string;
}

async function runScript({ run, env }: Step, { contexts, setting, workspace }: Place): Promise<StepDone> {
  const path = [setting.programs, process.env['PATH']].filter((one) => one !== undefined).join(':');
  const given = join(mkdtempSync(join(tmpdir(), 'script-')), 'output');
  writeFileSync(given, '');
  const variables = { PATH: path, GITHUB_OUTPUT: given, ...texts(env, contexts) };
  const { code, output } = await execute('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run ?? ''], {
    env: variables,
    cwd: workspace,
  });
  const outputs = parseFileCommands(readFileSync(given, 'utf8'));
  rmSync(dirname(given), { recursive: true });
  return { green: code === 0, outputs, output };
}

/** Lays the files of the repository. */
function checkout({ setting, workspace }: Place): StepDone {
  for (const [path, content] of Object.entries(setting.files ?? {})) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    writeFileSync(join(workspace, path), content);
  }
  return { green: true, outputs: {}, output: '' };
}

/** Hands out what it would keep. */
function upload({ path = '' }: Readonly<Record<string, string>>, { workspace }: Place): StepDone {
  const green = existsSync(join(workspace, path));
  return { green, outputs: {}, output: green ? readFileSync(join(workspace, path), 'utf8') : '' };
}

async function runOne(step: Step, place: Place): Promise<StepDone> {
  const { contexts, setting, workspace } = place;
  if (step.uses === undefined) return await runScript(step, place);
  const inputs = texts(step.with, contexts);
  if (step.uses.startsWith('actions/checkout@')) return checkout(place);
  if (step.uses.startsWith('actions/upload-artifact@')) return upload(inputs, place);
  const adds = inputs['operation'] === 'create-session' && setting.life !== undefined;
  const done = await runStep({
    with: {
      ...inputs,
      ...(adds ? { tags: `${inputs['tags']}, ${setting.life}` } : {}),
      ...(setting.url === undefined ? {} : { api_url: setting.url }),
    },
    before: (own) => cpSync(workspace, own, { recursive: true }),
    after: (own) => cpSync(own, workspace, { recursive: true }),
  });
  expect(done.stdout, 'no warning about an input').not.toContain('::warning');
  const { stdout: output, summary } = done;
  return { green: done.exitCode === 0, outputs: done.outputs, output, summary };
}

async function runJob(job: Job, contexts: Values, setting: Setting): Promise<JobDone> {
  const steps: Record<string, unknown> = {};
  const done: StepDone[] = [];
  const workspace = mkdtempSync(join(tmpdir(), 'job-'));
  let failed = false;
  try {
    for (const step of job.steps) {
      const known = { ...contexts, steps };
      if (failed && step.if?.includes('always()') !== true) continue;
      if (step.if !== undefined && !holds(filled(step.if, known))) continue;
      const ended = await runOne(step, { contexts: known, setting, workspace });
      done.push(ended);
      if (step.id !== undefined) steps[step.id] = { outputs: ended.outputs };
      failed ||= !ended.green;
    }
    if (failed) return { result: 'failure', outputs: {}, steps: done };
    return { result: 'success', outputs: texts(job.outputs, { ...contexts, steps }), steps: done };
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** The cells of a matrix: of one axis, or of rows that it includes. */
function cellsOf(matrix: Values | string | undefined, contexts: Values): readonly Values[] {
  const whole: unknown = typeof matrix === 'string' ? filled(matrix, contexts) : (matrix ?? {});
  const [[axis, values] = []] = Object.entries(whole ?? {});
  if (axis === undefined) return [{}];
  const all = [filled(values, contexts)].flat();
  return axis === 'include' ? all.map(Object) : all.map((value) => ({ [axis]: value }));
}

/** Runs an example as GitHub would: its jobs by their needs, its steps by their conditions, scripts and all. */
async function runExample(name: string, setting: Setting): Promise<Readonly<Record<string, readonly JobDone[]>>> {
  const { jobs }: { jobs: Readonly<Record<string, Job>> } = parse(await readFile(join(EXAMPLES, name), 'utf8'));
  const needs: Record<string, JobDone> = {};
  const all: Record<string, readonly JobDone[]> = {};
  for (const [id, job] of Object.entries(jobs)) {
    const contexts = {
      github: { repository: 'acme/api', ...setting.github },
      secrets: setting.secrets?.(job.environment) ?? { DEVIN_TOKEN: 'cog_sandbox_org' },
      inputs: setting.inputs ?? {},
      needs,
    };
    const ready = [job.needs ?? []].flat().every((other) => needs[other]?.result === 'success');
    if (!ready || (job.if !== undefined && filled(job.if, contexts) !== true)) {
      needs[id] = { result: 'skipped', outputs: {}, steps: [] };
      all[id] = [needs[id]];
      continue;
    }
    const cells = cellsOf(job.strategy?.matrix, contexts);
    const done = await Promise.all(cells.map((matrix) => runJob(job, { ...contexts, matrix }, setting)));
    all[id] = done;
    needs[id] = done.find(({ result }) => result === 'failure') ??
      done[0] ?? { result: 'skipped', outputs: {}, steps: [] };
  }
  return all;
}

// Tests that run at the same time cannot tell whose end `onTestFinished` means once they have waited for something.
const ends: Array<() => unknown> = [];
const atTheEnd = (end: () => unknown) => ends.push(end);
afterAll(() => Promise.all(ends.map((end) => end())));

/** A sandbox in which sessions are over within milliseconds. */
async function quick() {
  const sandbox = await openSandbox(5_000);
  atTheEnd(() => sandbox.close());
  return sandbox;
}

async function organizationsIn(sandbox: TestSandbox): Promise<ReadonlyArray<{ org_id: string }>> {
  const { items } = Object(await sandbox.api('GET', '/v3/enterprise/organizations'));
  return items;
}

/** A new service user of the sandbox, `place` being its path, and its key. */
async function provision(sandbox: TestSandbox, place: string, role: string): Promise<{ id: string; token: string }> {
  const json = { name: 'Bot', role_id: role, ttl_seconds: 31_536_000 };
  const made = Object(await sandbox.api('POST', `/v3beta1/${place}/service-users`, json));
  await fetch(`${sandbox.url}/sandbox/requests`, { method: 'DELETE' });
  return { id: made.service_user.service_user_id, token: made.token };
}

const statusOf = async ({ url }: TestSandbox, token: string) =>
  (await fetch(`${url}/v3/self`, { headers: { authorization: `Bearer ${token}` } })).status;

/** A GitHub CLI that keeps what it is asked for and what it is given. */
function fakeGh(first = '') {
  const home = mkdtempSync(join(tmpdir(), 'gh-'));
  atTheEnd(() => rmSync(home, { recursive: true, force: true }));
  const file = (name: string) => join(home, name);
  const script = `#!/bin/sh
${first}
cat > '${file('stored')}'
echo "$* for $GH_REPO, $(stat -c '%a %n' new-key.json)" >> '${file('asked')}'
`;
  writeFileSync(file('gh'), script, { mode: 0o755 });
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : undefined);
  return { programs: home, stored: () => read('stored'), asked: () => read('asked') };
}

const lastOf = (jobs: readonly JobDone[] | undefined) => jobs?.[0]?.steps.at(-1);
const resultsOf = (all: Readonly<Record<string, readonly JobDone[]>>) =>
  Object.fromEntries(Object.entries(all).map(([id, [job]]) => [id, job?.result]));

// The jobs of the examples ask for Linux, and Windows may have another program under the name of bash.
const onlyHere = { concurrent: true, skip: process.platform === 'win32' };

describe('an example does what it says', onlyHere, () => {
  test('start-session prints the pull request', async () => {
    const { url } = await quick();
    const { devin } = await runExample('start-session.yml', { url, inputs: { task: 'Fix it' }, life: 'sandbox:pr' });
    expect(lastOf(devin)?.output).toMatch(/^Devin opened https:\/\/github\.com\/acme\/api\/pull\/\d+\n$/);
  });

  test('start-session says so where there is no pull request', async () => {
    const { url } = await quick();
    const { devin } = await runExample('start-session.yml', { url, inputs: { task: 'Look at it' } });
    expect(lastOf(devin)?.output).toMatch(/^Devin finished without a pull request: https:/);
  });

  test('nightly-maintenance is green when the work is done', async () => {
    const { url } = await quick();
    const { maintain } = await runExample('nightly-maintenance.yml', { url });
    expect(lastOf(maintain)).toMatchObject({ green: true, outputs: { session_outcome: 'finished' } });
  });

  test('nightly-maintenance is red when Devin asks a question', async () => {
    const { url } = await quick();
    const { maintain } = await runExample('nightly-maintenance.yml', { url, life: 'sandbox:waiting' });
    expect(lastOf(maintain)).toMatchObject({ green: false, outputs: { error_code: 'session_blocked' } });
  });

  test('structured-gate lets the answer choose the next job', async () => {
    const { url } = await quick();
    const all = await runExample('structured-gate.yml', { url, inputs: { version: 'v1.2.3' } });
    const { ready } = JSON.parse(String(all['assess']?.[0]?.outputs['verdict']));
    expect(resultsOf(all)).toEqual({
      assess: 'success',
      release: ready ? 'success' : 'skipped',
      hold: ready ? 'skipped' : 'failure',
    });
    const next = ready ? all['release'] : all['hold'];
    expect(lastOf(next)?.output).toContain(ready ? 'Here v1.2.3 would be released.' : 'The changelog lacks:');
  });

  test('structured-gate releases nothing when the answer does not fit', async () => {
    const { url } = await quick();
    const setting = { url, inputs: { version: 'v1.2.3' }, life: 'sandbox:bad-structured' };
    const all = await runExample('structured-gate.yml', setting);
    expect(lastOf(all['assess'])?.outputs['error_code']).toBe('structured_output_invalid');
    expect(resultsOf(all)).toEqual({ assess: 'failure', release: 'skipped', hold: 'skipped' });
  });

  test('create-then-wait collects in a later job what the first one started', async () => {
    const { url } = await quick();
    const setting = { url, inputs: { task: 'Fix it' }, life: 'sandbox:pr' };
    const all = await runExample('create-then-wait.yml', setting);
    expect(resultsOf(all)).toEqual({ start: 'success', meanwhile: 'success', collect: 'success' });
    expect(lastOf(all['collect'])?.output).toMatch(/^The session finished\.\nhttps:\/\/github\.com\/acme\/api\/pull\//);
  });

  test('follow-up answers a session that waits, and prints what it says then', async () => {
    const sandbox = await quick();
    const body = { prompt: 'Choose', tags: ['sandbox:waiting'] };
    const made = await sandbox.api('POST', `/v3/organizations/${await sandbox.orgId()}/sessions`, body);
    const session = Reflect.get(Object(made), 'url');
    const inputs = { session, message: 'The first way.' };
    const { 'follow-up': job } = await runExample('follow-up.yml', { url: sandbox.url, inputs });
    expect(lastOf(job)?.output).toBe('Done. I finished the work after your message.\n');
  });

  test('clean-up terminates old sessions that work, archives the others, and leaves the rest alone', async () => {
    const daysAgo = 20;
    const sandbox = await startSandbox({ clock: { now: () => Date.now() - daysAgo * 86_400_000 } });
    atTheEnd(() => sandbox.close());
    const api = async (path: string, body?: unknown) => {
      const headers = { authorization: 'Bearer cog_sandbox_org', 'content-type': 'application/json' };
      const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
      return JSON.parse(await (await fetch(`${sandbox.url}/v3${path}`, init)).text());
    };
    const { org_id: org } = await api('/self');
    const create = async (...tags: string[]): Promise<string> =>
      (await api(`/organizations/${org}/sessions`, { prompt: 'Work', tags })).session_id;
    const working = await create('workflow', 'sandbox:slow');
    const finished = await create('workflow', 'sandbox:finish-after=0');
    const foreign = await create('sandbox:slow');
    // A slow session counts as working only once it has a machine.
    await fetch(`${sandbox.url}/sandbox/clock`, { method: 'POST', body: JSON.stringify({ advance_ms: 5_000 }) });

    const all = await runExample('clean-up.yml', { url: sandbox.url });
    expect(all['end']?.map(({ result }) => result)).toEqual(['success', 'success']);
    const look = async (id: string) => {
      const { status, is_archived: archived } = await api(`/organizations/${org}/sessions/${id}`);
      return { status, archived };
    };
    expect(await look(working)).toEqual({ status: 'exit', archived: true });
    expect(await look(finished)).toEqual({ status: 'suspended', archived: true });
    expect(await look(foreign)).toEqual({ status: 'running', archived: false });
  });

  test('clean-up starts no job when there is nothing to end', async () => {
    const { url } = await quick();
    const all = await runExample('clean-up.yml', { url });
    expect(resultsOf(all)).toEqual({ list: 'success', end: 'skipped' });
  });

  test('across-organizations starts one session in each, and lists their pull requests', async () => {
    const sandbox = await quick();
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const inputs = { task: 'Tidy up', organizations: '*' };
    const { all } = await runExample('across-organizations.yml', {
      url: sandbox.url,
      secrets,
      inputs,
      life: 'sandbox:pr',
    });
    const ids = (await organizationsIn(sandbox)).map(({ org_id: id }) => id);
    const lines = lastOf(all)?.output.trim().split('\n') ?? [];
    expect(lines.map((line) => line.split(' ').slice(0, 2))).toEqual(ids.map((id) => [id, 'finished']));
    for (const line of lines) expect(line).toMatch(/ https:\/\/github\.com\/acme\/api\/pull\/\d+$/);
  });

  test('across-organizations is red when one fails, and the others have their sessions all the same', async () => {
    const sandbox = await quick();
    const { org_id: second } = (await organizationsIn(sandbox))[1] ?? {};
    await sandbox.control('faults', [{ path: `/organizations/${second}/sessions`, method: 'POST', status: 400 }]);
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const inputs = { task: 'Tidy up', organizations: '*' };
    const { all } = await runExample('across-organizations.yml', { url: sandbox.url, secrets, inputs });
    expect(lastOf(all)?.green).toBe(false);
    const outcomes = JSON.parse(lastOf(all)?.outputs['sessions'] ?? '');
    expect(outcomes).toMatchObject([
      { session_outcome: 'finished' },
      { error_code: 'api_rejected' },
      { session_outcome: 'finished' },
    ]);
  });

  test('session-per-organization starts one session in each, and one that fails stops no other', async () => {
    const sandbox = await quick();
    const { org_id: second } = (await organizationsIn(sandbox))[1] ?? {};
    // The second organization alone is out of order.
    await sandbox.control('faults', [{ path: `/organizations/${second}/sessions`, method: 'POST', status: 400 }]);
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const setting = { url: sandbox.url, secrets, inputs: { task: 'Tidy up' } };
    const all = await runExample('session-per-organization.yml', setting);
    expect(all['devin']?.map(({ result }) => result)).toEqual(['success', 'failure', 'success']);
    expect(lastOf(all['devin'])?.output).toBe('Engineering Team: Done. I finished the work in acme/api.\n');
    const made = (await sandbox.requests()).filter(({ method }) => method === 'POST').map(({ path }) => path);
    const expected = (await organizationsIn(sandbox)).map(({ org_id: id }) => `/v3/organizations/${id}/sessions`);
    expect(made.toSorted()).toEqual(expected.toSorted());
  });

  test('export-users makes a table of everybody', async () => {
    const sandbox = await quick();
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const { export: job } = await runExample('export-users.yml', { url: sandbox.url, secrets });
    const [head, first, ...rest] = lastOf(job)?.output.trim().split('\n') ?? [];
    expect(head).toBe('"user_id","email","name","roles"');
    expect(first).toMatch(/^"user-[0-9a-f]{32}","user-1@example\.com","User 1","Admin; Admin in org-[0-9a-f]{32}"$/);
    expect(rest).toHaveLength(11);
  });

  test('export-users takes more users than one page holds', async () => {
    const sandbox = await quick();
    await sandbox.control('seed', { users: 450 });
    const secrets = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
    const { export: job } = await runExample('export-users.yml', { url: sandbox.url, secrets });
    expect(lastOf(job)?.output.trim().split('\n')).toHaveLength(451);
  });

  test('check-credential lets the work begin with a key that may', async () => {
    const { url } = await quick();
    const all = await runExample('check-credential.yml', { url });
    expect(resultsOf(all)).toEqual({ key: 'success', work: 'success' });
    expect(lastOf(all['work'])?.outputs['session_outcome']).toBe('finished');
  });

  test('check-credential starts nothing with a key that is refused', async () => {
    const sandbox = await quick();
    const all = await runExample('check-credential.yml', {
      url: sandbox.url,
      secrets: () => ({ DEVIN_TOKEN: 'cog_no_longer_good' }),
    });
    expect(resultsOf(all)).toEqual({ key: 'failure', work: 'skipped' });
    expect(lastOf(all['key'])?.outputs['error_code']).toBe('credential_invalid');
    expect(lastOf(all['key'])?.summary).toContain('credential');
    expect((await sandbox.requests()).map(({ method }) => method)).not.toContain('POST');
  });

  test('check-credential names what a key lacks', async () => {
    const sandbox = await quick();
    await sandbox.control('faults', [{ path: '/organizations/*/sessions', method: 'GET', status: 403 }]);
    const all = await runExample('check-credential.yml', { url: sandbox.url });
    expect(resultsOf(all)).toEqual({ key: 'failure', work: 'skipped' });
    expect(lastOf(all['key'])?.output).toContain('Give its role ViewOrgSessions');
    expect(lastOf(all['key'])?.output).toMatch(/^Sandbox Organization may run: /m);
    expect(all['key']?.[0]?.steps[0]?.summary).toContain('| `ViewOrgSessions` | ✗ no |');
  });

  test('rotate-key replaces the key, proves the new one and revokes the old one', async () => {
    const sandbox = await quick();
    const org = await sandbox.orgId();
    const { token: old, id } = await provision(sandbox, `organizations/${org}`, 'org_member');
    const gh = fakeGh();
    const secrets = (environment: string | undefined): Values =>
      environment === 'devin'
        ? { DEVIN_TOKEN: gh.stored() ?? old }
        : { DEVIN_ADMIN_TOKEN: 'cog_sandbox_enterprise', GH_SECRETS_TOKEN: 'ghp_made_up' };
    const all = await runExample('rotate-key.yml', { url: sandbox.url, secrets, programs: gh.programs });
    expect(resultsOf(all)).toEqual({ whose: 'success', rotate: 'success', prove: 'success', revoke: 'success' });
    expect(gh.asked()).toBe('secret set DEVIN_TOKEN --env devin for acme/api, 600 new-key.json\n');

    const fresh = gh.stored() ?? '';
    expect(fresh).toMatch(/^cog_made_up_[0-9a-f]{32}$/);
    expect(await statusOf(sandbox, fresh)).toBe(200);
    expect(await statusOf(sandbox, old)).toBe(401);
    const keys = await sandbox.api('GET', `/v3beta1/enterprise/service-users/${id}/api-keys?status=active`);
    expect(keys).toMatchObject({ total: 1 });
    // The runner hides what it is asked to mask; nothing else may hold the key.
    const seen = JSON.stringify(all).replaceAll(`::add-mask::${fresh}`, '');
    expect(seen).not.toContain(fresh);
  });

  test('rotate-key keeps the old key, and the file of the new one goes, where GitHub refuses', async () => {
    const sandbox = await quick();
    const { token: old } = await provision(sandbox, `organizations/${await sandbox.orgId()}`, 'org_member');
    const gh = fakeGh('exit 1');
    const secrets = () => ({ DEVIN_TOKEN: old, DEVIN_ADMIN_TOKEN: 'cog_sandbox_enterprise', GH_SECRETS_TOKEN: 'x' });
    const setting = { url: sandbox.url, secrets, programs: gh.programs };
    const all = await runExample('rotate-key.yml', setting);
    expect(resultsOf(all)).toEqual({ whose: 'success', rotate: 'failure', prove: 'skipped', revoke: 'skipped' });
    expect(await statusOf(sandbox, old)).toBe(200);
    // Now there are two, and nobody can tell which of them is in use.
    const again = await runExample('rotate-key.yml', setting);
    expect(lastOf(again['rotate'])?.output).toContain('::error title=Which key?::');
  });

  const MANIFEST = '.devin/git-permissions.yml';
  const enterprise = () => ({ DEVIN_TOKEN: 'cog_sandbox_enterprise' });
  const permissionFile = (...repos: readonly string[]) => ({
    [MANIFEST]: `version: 1\nprune: true\norganizations:\n  Engineering Team:\n    permissions:\n${[
      '{ connection: acme-github-app, repo: acme/api }',
      '{ connection: acme-github-app, repo: acme/web-app, read_only: true }',
      '{ connection: acme-github-app, repo: acme/web-admin }',
      '{ connection: acme-gitlab, group: acme-lab }',
      ...repos.map((repo) => `{ connection: acme-github-app, repo: ${repo} }`),
    ]
      .map((row) => `      - ${row}\n`)
      .join('')}`,
  });
  const merged = {
    token: 'ghs_x',
    event: { pull_request: { merged: true, head: { sha: 'abc' }, merge_commit_sha: 'def' } },
  };

  /** A GitHub CLI that hands out the artifact of the run for `abc`. */
  function ghWithPlan(plan: string) {
    const home = mkdtempSync(join(tmpdir(), 'gh-'));
    atTheEnd(() => rmSync(home, { recursive: true, force: true }));
    writeFileSync(join(home, 'kept.json'), plan);
    const script = `#!/bin/sh\ncase "$*" in\n  'run list '*'--commit abc '*) echo 4711 ;;\n  'run download 4711 '*) cp '${home}/kept.json' plan.json ;;\n  *) exit 1 ;;\nesac\n`;
    writeFileSync(join(home, 'gh'), script, { mode: 0o755 });
    return home;
  }

  test('plan-git-permissions shows the plan and keeps it, and apply-git-permissions applies just that', async () => {
    const { url, api } = await quick();
    const setting = { url, secrets: enterprise, files: permissionFile('acme/infra') };
    const { plan } = await runExample('plan-git-permissions.yml', { ...setting, github: merged });
    expect(plan?.[0]?.steps[1]?.summary).toMatch(/^### Plan: \+1 −1 · 1 of 1 organization/);
    const kept = lastOf(plan)?.output ?? '';
    expect(JSON.parse(kept)).toMatchObject({ has_changes: true });
    const programs = ghWithPlan(kept);

    const late = { ...setting, files: permissionFile('acme/infra', 'acme/more'), programs, github: merged };
    const refused = await runExample('apply-git-permissions.yml', late);
    expect(lastOf(refused['apply'])?.outputs).toMatchObject({ error_code: 'plan_changed' });

    const done = await runExample('apply-git-permissions.yml', { ...setting, programs, github: merged });
    expect(lastOf(done['apply'])?.outputs).toMatchObject({
      outcome: 'success',
      added: '1',
      removed: '1',
      converged: 'true',
    });
    const { items } = Object(await api('GET', '/v3/enterprise/organizations'));
    const now = await api('GET', `/v3/enterprise/organizations/${items[0].org_id}/git-providers/permissions`);
    expect(JSON.stringify(now)).toContain('"repo_path":"acme/infra"');
  });

  test('apply-git-permissions does nothing for a pull request that was closed, or without its plan', async () => {
    const sandbox = await quick();
    const setting = { url: sandbox.url, secrets: enterprise, files: permissionFile('acme/infra') };
    const closed = { ...merged, event: { pull_request: { ...merged.event.pull_request, merged: false } } };
    const skipped = await runExample('apply-git-permissions.yml', { ...setting, github: closed });
    expect(resultsOf(skipped)).toEqual({ apply: 'skipped' });
    const without = await runExample('apply-git-permissions.yml', {
      ...setting,
      github: merged,
      programs: ghWithPlan('{}'),
    });
    expect(resultsOf(without)).toEqual({ apply: 'failure' });
    expect(await sandbox.requests()).toEqual([]);
  });

  test('git-permissions-drift opens one issue, brings it up to date, and closes it', async () => {
    const { url } = await quick();
    const home = mkdtempSync(join(tmpdir(), 'gh-'));
    atTheEnd(() => rmSync(home, { recursive: true, force: true }));
    const script = `#!/bin/sh\necho "$1 $2 $3" >> '${home}/asked'\ncase "$1 $2" in\n  'issue list') cat '${home}/open' 2>/dev/null ;;\n  'issue create') echo 7 > '${home}/open' ; cp issue.md '${home}/body' ;;\n  'issue edit') cp issue.md '${home}/body' ;;\n  'issue close') rm '${home}/open' ;;\nesac\ntrue\n`;
    writeFileSync(join(home, 'gh'), script, { mode: 0o755 });
    const github = { token: 'ghs_x', server_url: 'https://github.com', run_id: '42' };
    const night = (...repos: readonly string[]) =>
      runExample('git-permissions-drift.yml', {
        url,
        secrets: enterprise,
        files: permissionFile(...repos),
        programs: home,
        github,
      });
    const drifted = await night('acme/infra');
    expect(resultsOf(drifted)).toEqual({ drift: 'failure' });
    expect(drifted['drift']?.[0]?.steps[1]?.outputs).toMatchObject({ outcome: 'changes', error_code: 'drift_found' });
    expect(readFileSync(join(home, 'body'), 'utf8')).toBe(
      'To make Devin what the manifest says, this would change: `+1 −1 ~0`. The whole plan: https://github.com/acme/api/actions/runs/42\n\n' +
        '    create  Engineering Team  repo acme/infra\n    delete  Engineering Team  prefix acme/svc-\n',
    );
    await night('acme/infra', 'acme/more');
    expect(readFileSync(join(home, 'body'), 'utf8')).toContain('`+2 −1 ~0`');
    const plain = await runExample('plan-git-permissions.yml', {
      url,
      secrets: enterprise,
      files: permissionFile(),
      github: merged,
    });
    expect(resultsOf(plain)).toEqual({ plan: 'success' });
    const exported = permissionFile();
    const same = { [MANIFEST]: `${exported[MANIFEST]}      - { connection: acme-github-app, prefix: acme/svc- }\n` };
    const calm = await runExample('git-permissions-drift.yml', {
      url,
      secrets: enterprise,
      files: same,
      programs: home,
      github,
    });
    expect(resultsOf(calm)).toEqual({ drift: 'success' });
    const asked = readFileSync(join(home, 'asked'), 'utf8').trim().split('\n');
    expect(asked.filter((one) => !one.startsWith('issue list'))).toEqual([
      'issue create --title',
      'issue edit 7',
      'issue close 7',
    ]);
  });

  test('sandbox-trial works without a credential', async () => {
    const { trial } = await runExample('sandbox-trial.yml', {});
    expect(lastOf(trial)?.output).toMatch(/^Devin would have opened https:\/\/github\.com\//);
  });
});

test('every example is in the index, and every entry of the index is there', async () => {
  const files = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yml'));
  const index = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
  const named = [...index.matchAll(/^\| \[([\w-]+\.yml)\]\(\1\)/gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(files.toSorted());
});

describe('the documentation', () => {
  const page = (name: string) => readFile(join(ROOT, 'docs', name), 'utf8');

  test('of outcomes names every status detail of the API except the one of work', async () => {
    const text = await page('outcomes.md');
    for (const detail of STATUS_DETAILS.filter((name) => name !== 'working'))
      expect(text).toContain(`| \`${detail}\` |`);
  });

  test('of the sandbox names every life of a session', async () => {
    const rows = [...(await page('sandbox.md')).matchAll(/^\| `(sandbox:[^`]*)` \|/gm)].map(([, tag]) => tag);
    const expected = LIFE_TAGS.map((tag) => tag.replace(/<(\w+)>/, (_, name: string) => name.toUpperCase()));
    expect(rows.toSorted()).toEqual(expected.toSorted());
  });

  test('of the sandbox says how many operations it serves, and names every credential', async () => {
    const text = await page('sandbox.md');
    const onlyInExamples = catalogue.filter(({ id }) => /^(seed|v2Seed)/.test(id));
    expect(text).toContain(`all ${catalogue.length - onlyInExamples.length} operations of the reference`);
    expect(onlyInExamples).toHaveLength(3);
    const tokens = [...text.matchAll(/^\| `((?:cog|apk)_\w+)` \|/gm)].map(([, token]) => token);
    expect(tokens).toEqual([...CREDENTIALS, 'apk_user_sandbox_examples']);
  });

  test('of whoami names every read that it makes', async () => {
    const text = await page('whoami.md');
    const rows = [...text.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map(([, permission, id]) => [permission, id]);
    expect(rows).toEqual(PROBES.map(({ permission, endpoint }) => [permission, endpoint.id]));
  });

  test('of the sandbox shows control calls and faults that it takes', async () => {
    const text = await page('sandbox.md');
    const { url } = await quick();
    const rows = [...text.matchAll(/^\| `(GET|POST|DELETE) (\/sandbox\/\w+)` \| (?:`(\{.*?\})`)?/gm)];
    expect(rows.length).toBeGreaterThan(8);
    const calls = rows.map(([, method = '', path = '', body]) => ({ method, path, body: body ?? '[]' }));
    const faults = [...text.matchAll(/-d '(.*)'/g)].map(([, body = '']) => ({
      method: 'POST',
      path: '/sandbox/faults',
      body,
    }));
    expect(faults).toHaveLength(3);
    for (const { method, path, body } of [...calls, ...faults]) {
      const { status } = await fetch(url + path, { method, ...(method === 'POST' ? { body } : {}) });
      expect(status, `${method} ${path} ${body}`).toBe(200);
    }
  });
});
