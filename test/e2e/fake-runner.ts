import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parse as parseYaml } from 'yaml';
import { startProgram } from '../programs/index.ts';
import { type Command, parseFileCommands, parseOutput } from './runner-grammar.ts';

/** The repository's root. */
export const ROOT = join(import.meta.dirname, '..', '..');

const require = createRequire(import.meta.url);
/** Node 24, which comes as a package, whatever runs the tests. */
export const NODE_24 = join(
  dirname(require.resolve('node/package.json')),
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

/**
 * What users are promised within five seconds, in milliseconds of a test: a busy machine gets three times that. What does
 * not end by itself takes longer still.
 */
export const SOON_MS = 15_000;

/** A step of a workflow. */
export interface StepOptions {
  /** The step's `with:`. */
  readonly with: Readonly<Record<string, string>>;
  /** Further environment of the step. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the workspace, by path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** GitHub as the step sees it; without it the job has no token. */
  readonly github?: { readonly url: string; readonly graphqlUrl: string; readonly token: string };
  /** The event, and its payload. */
  readonly event?: { readonly name: string; readonly payload: unknown };
  /** Arguments of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Called with the standard output so far, whenever there is more; may send a signal. */
  readonly onOutput?: (output: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Called with the workspace before the step starts. */
  readonly before?: (workspace: string) => void;
  /** Called with the workspace after the step has ended. */
  readonly after?: (workspace: string) => void;
}

/** What a step left behind. */
export interface StepResult {
  /** Null where a signal ended the process. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines that are no command. */
  readonly log: readonly string[];
  readonly commands: readonly Command[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly summary: string;
  /** From the start of the process to its end, in milliseconds. */
  readonly ms: number;
  /** From the last output to the end, in milliseconds. */
  readonly tailMs: number;
}

interface ActionYaml {
  readonly runs: { readonly using: string; readonly main: string; readonly post: string };
  readonly outputs: Readonly<Record<string, { readonly description: string }>>;
  readonly inputs: Readonly<Record<string, { readonly default?: string | number | boolean }>>;
}

let action: ActionYaml | undefined;

/** `action.yml`, as the runner reads it; once, for it takes a tenth of the time of a step. */
export function readAction(): ActionYaml {
  action ??= parseActionYaml();
  return action;
}

const parseActionYaml = (): ActionYaml => parseYaml(readFileSync(join(ROOT, 'action.yml'), 'utf8'));

/** Inputs as the runner passes them: what the step sets, and the defaults of action.yml, as `INPUT_…` variables. */
function inputVariables(step: Readonly<Record<string, string>>, token: string): Record<string, string> {
  // The runner evaluates a default: ours name the token of the job, and its place in a matrix, which is that of no matrix.
  const defaults = Object.entries(readAction().inputs).map(([name, input]) => [
    name,
    String(input.default ?? '')
      .replace('${{ github.token }}', token)
      .replace('${{ strategy.job-index }}/${{ strategy.job-total }}', '0/1'),
  ]);
  const all: Record<string, string> = { ...Object.fromEntries(defaults), ...step };
  return Object.fromEntries(
    // A number or a truth of YAML reaches an action as text.
    Object.entries(all).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, String(value)]),
  );
}

/** The environment of a step whose files are in a folder. */
export function variables(home: string, { with: inputs, env, event, github }: StepOptions): Record<string, string> {
  const file = (name: string) => join(home, name);
  return {
    // What a process needs to start at all, and nothing else of this machine.
    PATH: process.env['PATH'] ?? '',
    ...(process.env['SystemRoot'] === undefined ? {} : { SystemRoot: process.env['SystemRoot'] }),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: '__run',
    GITHUB_ACTOR: 'octocat',
    GITHUB_API_URL: github?.url ?? 'https://api.github.com',
    GITHUB_GRAPHQL_URL: github?.graphqlUrl ?? 'https://api.github.com/graphql',
    GITHUB_EVENT_NAME: event?.name ?? 'workflow_dispatch',
    GITHUB_EVENT_PATH: file('event.json'),
    GITHUB_JOB: 'devin',
    GITHUB_OUTPUT: file('output'),
    GITHUB_ENV: file('env'),
    GITHUB_STATE: file('state'),
    GITHUB_STEP_SUMMARY: file('summary'),
    GITHUB_REPOSITORY: 'acme/api',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: '4242',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_WORKFLOW: 'Devin',
    GITHUB_WORKFLOW_REF: 'acme/api/.github/workflows/devin.yml@refs/heads/main',
    GITHUB_WORKSPACE: file('workspace'),
    RUNNER_TEMP: file('temp'),
    ...inputVariables(inputs, github?.token ?? ''),
    ...env,
  };
}

/** Lays out the folder of a step. */
export function layFiles(home: string, { files = {}, event }: StepOptions): void {
  mkdirSync(join(home, 'workspace'));
  mkdirSync(join(home, 'temp'));
  for (const name of ['output', 'env', 'state', 'summary']) writeFileSync(join(home, name), '');
  writeFileSync(join(home, 'event.json'), JSON.stringify(event?.payload ?? {}));
  for (const [path, content] of Object.entries(files)) {
    const target = join(home, 'workspace', path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
}

/** Runs the shipped bundle as a runner would: in a process of its own, with nothing but files and variables. */
export const runProcess = (options: StepOptions): Promise<StepResult> => runEntry(readAction().runs.main, options);

/** Runs the post step of a step that has ended: with its inputs, and with what it wrote to its state. */
export function postProcess(step: Pick<StepResult, 'state'>, options: StepOptions): Promise<StepResult> {
  const state = Object.entries(step.state).map(([name, value]) => [`STATE_${name}`, value]);
  const env = { ...options.env, ...Object.fromEntries(state) };
  return runEntry(readAction().runs.post, { ...options, env });
}

async function runEntry(entry: string, options: StepOptions): Promise<StepResult> {
  const home = mkdtempSync(join(tmpdir(), 'step-'));
  try {
    layFiles(home, options);
    options.before?.(join(home, 'workspace'));
    const ended = await execute(entry, home, options);
    options.after?.(join(home, 'workspace'));
    return readStep(home, ended);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

type Ended = Pick<StepResult, 'exitCode' | 'stdout' | 'stderr' | 'ms' | 'tailMs'>;

/** What a step that has ended left in its folder. */
export function readStep(home: string, ended: Ended): StepResult {
  const file = (name: string) => readFileSync(join(home, name), 'utf8');
  return {
    ...ended,
    ...parseOutput(ended.stdout),
    outputs: parseFileCommands(file('output')),
    state: parseFileCommands(file('state')),
    environment: parseFileCommands(file('env')),
    summary: file('summary'),
  };
}

async function execute(entry: string, home: string, options: StepOptions): Promise<Ended> {
  const startedAt = performance.now();
  let lastOutputAt = startedAt;
  const sent = new Set<NodeJS.Signals>();
  // A runner sends each signal once. One that comes while Node is about to exit would kill the process.
  const send = (signal: NodeJS.Signals) => {
    if (!sent.has(signal)) program.kill(signal);
    sent.add(signal);
  };
  const program = startProgram(NODE_24, [...(options.nodeArgs ?? []), join(ROOT, entry)], {
    cwd: join(home, 'workspace'),
    env: variables(home, options),
    onOutput(stream) {
      if (stream === 'stderr') return;
      lastOutputAt = performance.now();
      options.onOutput?.(program.texts.stdout, send);
    },
  });
  const exitCode = await program.ended;
  const now = performance.now();
  return { exitCode, ...program.texts, ms: now - startedAt, tailMs: now - lastOutputAt };
}
