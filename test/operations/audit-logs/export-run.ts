import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMON_INPUTS, type InputName, type InputValues, isInputName } from '../../../src/contract/inputs.ts';
import type { Machine } from '../../../src/contract/machine.ts';
import { outputTexts } from '../../../src/contract/outputs.ts';
import { type InputProblem, parseInputs } from '../../../src/contract/parse.ts';
import { Devin } from '../../../src/devin/client.ts';
import type { ApiVersion } from '../../../src/devin/endpoint.ts';
import { openTransport } from '../../../src/devin/transport.ts';
import type { Context, Report } from '../../../src/operations/operation.ts';
import { Log } from '../../../src/runner/log.ts';
import { Redactor } from '../../../src/runner/redact.ts';
import { Workspace } from '../../../src/runner/workspace.ts';
import { loadOperation } from '../../../src/step/registry.ts';
import { TestClock } from '../../devin/support.ts';
import { ALONE, readyOf } from '../support.ts';

/** A folder in the main memory where the system has one: what is written there waits for no disk. */
export const QUICK = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder that takes itself away. */
export function folder(where = tmpdir()): { readonly root: string; remove(): void } {
  const root = realpathSync(mkdtempSync(join(where, 'audit-')));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** The machine of the test, as main.ts describes it. */
const THIS_MACHINE: Machine = {
  pid: process.pid,
  host: hostname(),
  isRunning(pid) {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  },
};

/** One run of the export in this process. */
export interface ExportRun {
  readonly url: string;
  readonly root: string;
  /** The time of the run, in milliseconds. */
  readonly now: number;
  readonly with: Readonly<Record<string, string>>;
  readonly version?: ApiVersion;
  /** The files of the run, where a test wants others than those of `root`. */
  readonly workspace?: Workspace;
  readonly signal?: AbortSignal;
}

const operation = await loadOperation('export-audit-logs');

/** What an export printed, and its outputs. */
interface Outcome {
  readonly printed: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Runs the export. Throws what the step would fail with, or an error that lists the wrong inputs. */
export async function runExport(run: ExportRun): Promise<Report & Outcome> {
  const { url, root, now, version = 'v3' } = run;
  const clock = new TestClock();
  clock.ms = now;
  const workspace = run.workspace ?? new Workspace(root);
  const names = [...(Object.keys(COMMON_INPUTS) as readonly string[]).filter(isInputName), ...operation.inputs];
  const given: Readonly<Record<string, string>> = { api_url: url, max_retries: '2', ...run.with };
  const { values, problems } = parseInputs(names, (name) => given[name], {});
  const found: InputProblem[] = [...problems];
  const preparation = await operation.prepare(values, {
    workspace,
    clock,
    facts: {},
    event: ALONE.event,
    hasCredential: true,
    signal: new AbortController().signal,
    problem: (input, message) => found.push({ input, message }),
  });
  if (found.length > 0) throw new Error(found.map(({ input, message }) => `${input} ${message}`).join('\n'));
  const signal = run.signal ?? new AbortController().signal;
  const transport = await openTransport({
    origin: url,
    token: 'cog_test_token',
    userAgent: 'devin-action/test',
    dryRun: false,
    maxRetries: 1,
    requestTimeoutMs: 5_000,
    deadlineAt: now + 3_600_000,
    concurrency: 6,
    clock,
    signal,
    env: {},
    onRetry: () => undefined,
  });
  let printed = '';
  const write = (text: string) => {
    printed += text;
  };
  const context: Context = {
    // No problem means that every input was parsed.
    inputs: values as InputValues,
    devin: new Devin(transport, '', version),
    log: new Log(write, new Redactor(), clock),
    clock,
    signal,
    facts: { repository: 'acme/api', runId: '4242' },
    ...ALONE,
    machine: THIS_MACHINE,
    workspace,
    temp: workspace,
    version,
    operations: async () => [],
    startedAt: now,
    journal: transport.journal,
    redact: (text) => text,
    redactValue: (value: unknown) => value,
    organization: async () => '',
  };
  try {
    const report = await operation.run(context as Context<InputName, InputName>, readyOf(preparation));
    return { ...report, printed, outputs: outputTexts(operation.outputs, report.data) };
  } finally {
    await transport.close();
  }
}

/** A process was killed. */
export class Killed extends Error {}

const WRITING = new Set(['draft', 'move', 'remove', 'writeFile', 'write', 'commit', 'rest', 'discard']);

/** How often a process may still write before it is killed, and what it has open. */
export class Life {
  left: number;
  readonly #open: { rest(): Promise<void> }[] = [];

  constructor(writes: number) {
    this.left = writes;
  }

  /**
   * Files that a process writes to until it is killed. From then on nothing is written any more, and nothing is cleaned
   * up either.
   */
  lend<T extends object>(files: T): T {
    return new Proxy(files, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]) => {
          if (WRITING.has(String(name))) this.left -= 1;
          if (this.left < 0) throw new Killed('killed');
          const result: unknown = Reflect.apply(value, target, args);
          return name === 'draft' && result instanceof Promise ? result.then((draft) => this.#keep(draft)) : result;
        };
      },
    });
  }

  #keep<T extends { rest(): Promise<void> }>(draft: T): T {
    this.#open.push(draft);
    return this.lend(draft);
  }

  /** Closes what a killed process would have had closed for it. */
  async end(): Promise<void> {
    for (const draft of this.#open) await draft.rest();
  }
}
