import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { atEnd } from './at-end.ts';
import { NODE_24, ROOT, type StepOptions } from './e2e/fake-runner.ts';
import { runStep } from './e2e/here.ts';
import { parseFileCommands } from './e2e/runner-grammar.ts';
import { openSandbox, type TestSandbox } from './e2e/sandbox.ts';
import type { LocalGithub } from './github/server/index.ts';
import { type ProgramOptions, runProgram } from './programs/index.ts';

/** The folder of the examples. */
export const EXAMPLES = join(ROOT, 'examples');

/** Runs a program to its end, whatever its exit code. */
export async function execute(program: string, args: readonly string[], options: ProgramOptions = {}) {
  const { code, stdout, stderr } = await runProgram(program, args, options);
  return { code: code === 0 ? 0 : 1, output: `${stdout}${stderr}` };
}

/** Checks workflows as the project's own check does. */
export const checkWorkflows = (...paths: string[]) =>
  execute(NODE_24, [join(ROOT, 'scripts', 'check-workflows.ts'), ...paths]);

/** Names and their values. */
export type Values = Readonly<Record<string, unknown>>;

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly 'continue-on-error'?: boolean;
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
  readonly permissions?: Readonly<Record<string, 'read' | 'write'>>;
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

/** What became of a job. */
export interface JobDone {
  readonly result: 'success' | 'failure' | 'skipped';
  readonly outputs: Values;
  readonly steps: readonly StepDone[];
}

const status = (name: string, value: boolean) => ({
  name,
  minArgs: 0,
  maxArgs: 0,
  call: () => new data.BooleanData(value),
});

// Nobody cancels a workflow here.
const STATUS = [status('cancelled', false), status('always', true)];
const FUNCTIONS = new Map(STATUS.map((one) => [one.name, one]));
/** A condition with one of these decides by itself what the end of earlier jobs means. */
const LOOKS_AT_THE_END = /\b(?:always|cancelled|failure|success)\(\)/;

function evaluate(expression: string, contexts: Values): unknown {
  const { tokens } = new Lexer(expression).lex();
  const tree = new Parser(tokens, Object.keys(contexts), STATUS).parse();
  const dictionary: data.Dictionary = JSON.parse(JSON.stringify(contexts), data.reviver);
  return JSON.parse(JSON.stringify(new Evaluator(tree, dictionary, FUNCTIONS).evaluate(), data.replacer));
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

/** What a workflow runs in. */
export interface Setting {
  /** URL of the sandbox that stands in for Devin. */
  readonly url?: string;
  readonly inputs?: Values;
  /** The secrets of an environment (or of the repository), as they are when a job begins. */
  readonly secrets?: (environment: string | undefined) => Values;
  /** A folder of programs that scripts find before all others. */
  readonly programs?: string;
  /** A tag that chooses what new sessions do. */
  readonly life?: string;
  /** What started the workflow, in which run; by hand where absent. */
  readonly event?: NonNullable<StepOptions['event']>;
  readonly runId?: string;
  /** Files of the repository, which a checkout brings. */
  readonly files?: Readonly<Record<string, string>>;
  /** Further members of the context `github`. */
  readonly context?: Values;
  /** The variables of the repository. */
  readonly vars?: Values;
  /** A folder for caches and artifacts, which outlasts the workflow; in it, those of all runs lie together. */
  readonly storage?: string;
  /** When exports end that do not say so themselves. */
  readonly until?: string;
  /** GitHub, whose token has just the permissions that a job grants. */
  readonly github?: LocalGithub;
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

type Inputs = Readonly<Record<string, string>>;

const GREEN: StepDone = { green: true, outputs: {}, output: '' };

const kept = ({ setting }: Place, kind: 'caches' | 'artifacts', name = '') =>
  join(setting.storage ?? '', kind, encodeURIComponent(name));

/** Keeps a file or a folder, and hands out the text of a file. */
function upload({ path = '', name }: Inputs, place: Place): StepDone {
  const from = join(place.workspace, path);
  if (!existsSync(from)) return { ...GREEN, green: false };
  const isFile = statSync(from).isFile();
  if (place.setting.storage !== undefined) {
    const to = kept(place, 'artifacts', name);
    cpSync(from, isFile ? join(to, basename(path)) : to, { recursive: true, errorOnExist: true, force: false });
  }
  return { ...GREEN, output: isFile ? readFileSync(from, 'utf8') : '' };
}

/** Lays the files of every artifact whose name begins so into one folder. */
function download({ pattern = '', path = '' }: Inputs, place: Place): StepDone {
  const start = pattern.replace(/\*$/, '');
  const names = readdirSync(kept(place, 'artifacts')).filter((name) => name.startsWith(start));
  for (const name of names) cpSync(kept(place, 'artifacts', name), join(place.workspace, path), { recursive: true });
  return GREEN;
}

/** Brings the cache of the key, or else the newest of those that begin as `restore-keys` says. */
function restoreCache({ path = '', key = '', 'restore-keys': start = key }: Inputs, place: Place): StepDone {
  const home = kept(place, 'caches');
  const names = existsSync(home) ? readdirSync(home) : [];
  const age = (name: string) => statSync(join(home, name)).mtimeMs;
  const found = names.includes(key)
    ? key
    : names.filter((name) => name.startsWith(start)).sort((a, b) => age(b) - age(a))[0];
  if (found !== undefined) cpSync(join(home, found), join(place.workspace, path), { recursive: true });
  return { ...GREEN, outputs: { 'cache-hit': String(found === key) } };
}

/** Keeps a folder under a key, which none can have before. */
function saveCache({ path = '', key }: Inputs, place: Place): StepDone {
  cpSync(join(place.workspace, path), kept(place, 'caches', key), {
    recursive: true,
    errorOnExist: true,
    force: false,
  });
  return GREEN;
}

/** What the actions of others do, as far as an example relies on it. */
const OTHERS: ReadonlyArray<readonly [name: string, act: (inputs: Inputs, place: Place) => StepDone]> = [
  ['actions/checkout@', (_, place) => checkout(place)],
  ['actions/upload-artifact@', upload],
  ['actions/download-artifact@', download],
  ['actions/cache/restore@', restoreCache],
  ['actions/cache/save@', saveCache],
  [
    'actions/attest-build-provenance@',
    ({ 'subject-path': path = '' }, { workspace }) => ({ ...GREEN, green: statSync(join(workspace, path)).isFile() }),
  ],
  ['aws-actions/configure-aws-credentials@', () => GREEN],
];

async function runOne(step: Step, place: Place): Promise<StepDone> {
  const { contexts, setting, workspace } = place;
  if (step.uses === undefined) return await runScript(step, place);
  const inputs = texts(step.with, contexts);
  const [, other] = OTHERS.find(([name]) => step.uses?.startsWith(name)) ?? [];
  if (other !== undefined) return other(inputs, place);
  const adds = inputs['operation'] === 'create-session' && setting.life !== undefined;
  const ends = inputs['operation'] === 'export-audit-logs' && setting.until !== undefined;
  const { event, github, runId = '4242' } = setting;
  const { strategy } = contexts;
  const done = await runStep({
    ...(event === undefined ? {} : { event }),
    ...(github === undefined ? {} : { github }),
    env: { GITHUB_RUN_ID: runId },
    with: {
      ...(ends ? { until: setting.until } : {}),
      job_index: String(strategy),
      ...inputs,
      ...(adds ? { tags: [inputs['tags'], setting.life].filter(Boolean).join() } : {}),
      ...(setting.url === undefined ? {} : { api_url: setting.url }),
    },
    before: (own) => cpSync(workspace, own, { recursive: true }),
    after: (own) => cpSync(own, workspace, { recursive: true }),
  });
  const warnings = done.commands.filter(
    ({ name, properties }) => name === 'warning' && !/^Audit alert: /.test(properties['title'] ?? ''),
  );
  expect(warnings, 'no warning about an input').toEqual([]);
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
      if (failed && !LOOKS_AT_THE_END.test(step.if ?? '')) continue;
      if (step.if !== undefined && !holds(filled(step.if, known))) continue;
      const ended = await runOne(step, { contexts: known, setting, workspace });
      done.push(ended);
      if (step.id !== undefined)
        steps[step.id] = { outputs: ended.outputs, outcome: ended.green ? 'success' : 'failure' };
      failed ||= !ended.green && step['continue-on-error'] !== true;
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

/** The environment of a job, which may be an input of a called workflow. */
function environmentOf({ environment }: Job, { inputs = {} }: Setting): string | undefined {
  return environment === undefined ? undefined : String(filled(environment, { inputs }));
}

/** Runs an example. */
export const runExample = async (name: string, setting: Setting) =>
  await runWorkflow(await readFile(join(EXAMPLES, name), 'utf8'), setting);

/** Runs a workflow as GitHub would: its jobs by their needs, its steps by their conditions, scripts and all. */
export async function runWorkflow(
  text: string,
  setting: Setting,
): Promise<Readonly<Record<string, readonly JobDone[]>>> {
  const { jobs }: { jobs: Readonly<Record<string, Job>> } = parse(text);
  const needs: Record<string, JobDone> = {};
  const all: Record<string, readonly JobDone[]> = {};
  for (const [id, job] of Object.entries(jobs)) {
    const contexts = {
      github: {
        repository: 'acme/api',
        event_name: setting.event?.name ?? null,
        event: setting.event?.payload ?? {},
        run_id: setting.runId ?? '4242',
        run_attempt: '1',
        token: setting.github?.token ?? '',
        ...setting.context,
      },
      secrets: setting.secrets?.(environmentOf(job, setting)) ?? { DEVIN_TOKEN: 'cog_sandbox_org' },
      vars: setting.vars ?? {},
      inputs: setting.inputs ?? {},
      needs,
    };
    const decides = LOOKS_AT_THE_END.test(job.if ?? '');
    const ready = decides || [job.needs ?? []].flat().every((other) => needs[other]?.result === 'success');
    if (!ready || (job.if !== undefined && !holds(filled(job.if, contexts)))) {
      needs[id] = { result: 'skipped', outputs: {}, steps: [] };
      all[id] = [needs[id]];
      continue;
    }
    const cells = cellsOf(job.strategy?.matrix, contexts);
    setting.github?.identify({ permissions: job.permissions ?? {} });
    const done = await Promise.all(
      cells.map((matrix, at) => runJob(job, { ...contexts, matrix, strategy: `${at}/${cells.length}` }, setting)),
    );
    all[id] = done;
    needs[id] = done.find(({ result }) => result === 'failure') ??
      done[0] ?? { result: 'skipped', outputs: {}, steps: [] };
  }
  return all;
}

/** A sandbox in which sessions are over within milliseconds. */
export async function quick() {
  // Where all is over within milliseconds, a session that waits would be asleep before anyone sees it.
  const sandbox = await openSandbox({ speed: 5_000, habits: 'sleep_ms:0' });
  atEnd(() => sandbox.close());
  return sandbox;
}

/** The organizations of a sandbox. */
export async function organizationsIn(sandbox: TestSandbox): Promise<ReadonlyArray<{ org_id: string }>> {
  const { items } = Object(await sandbox.api('GET', '/v3/enterprise/organizations'));
  return items;
}

/** The last step of the first job. */
export const lastOf = (jobs: readonly JobDone[] | undefined) => jobs?.[0]?.steps.at(-1);
/** How the jobs ended, by their ids. */
export const resultsOf = (all: Readonly<Record<string, readonly JobDone[]>>) =>
  Object.fromEntries(Object.entries(all).map(([id, [job]]) => [id, job?.result]));

// The jobs of the examples ask for Linux, and Windows may have another program under the name of bash.
export const onlyHere = { concurrent: true, skip: process.platform === 'win32' };
