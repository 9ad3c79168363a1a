import { createRequire } from 'node:module';
import { expect } from 'vitest';
import { type LocalGithub, openGithub } from '../github/server/index.ts';
import type { StepOptions, StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

/** JSON of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** A value as an object; anything else is an empty one. */
export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

interface Definition {
  readonly name: string;
  readonly examples: readonly unknown[];
}

const definitions: readonly Definition[] = createRequire(import.meta.url)('@octokit/webhooks-examples');

/** A payload that GitHub once sent, with other values at its top where a test needs some. */
export function real(name: string, at = 0, change: Fields = {}): Fields {
  const example = definitions.find((definition) => definition.name === name)?.examples[at];
  if (example === undefined) throw new Error(`no example ${at} of ${name}`);
  return { ...fields(example), ...change };
}

/** An object of a payload with other values in it. */
export const changed = (payload: Fields, name: string, change: Fields): Fields => ({
  ...payload,
  [name]: { ...fields(payload[name]), ...change },
});

const repositoryOf = (payload: Fields) => String(fields(payload['repository'])['full_name'] ?? 'acme/api');

/** The step of a workflow run that an event started. */
interface EventStep {
  readonly name: string;
  readonly payload: Fields;
  readonly with?: Readonly<Record<string, string>>;
  /** Without it the job has no token. */
  readonly github?: LocalGithub;
  readonly more?: Partial<StepOptions>;
  /** How the step is run; in the process of the test if absent. */
  readonly run?: typeof runStep;
}

/** A message that the sandbox has. */
interface Said {
  readonly source: string;
  readonly message: string;
}

/** A sandbox, and the steps that use it. */
export interface EventBench {
  readonly sandbox: TestSandbox;
  readonly orgId: string;
  /** A local GitHub that has the repository of a payload. */
  github(payload: Fields): Promise<LocalGithub>;
  /** Runs a step. What it asks of GitHub against GitHub's own documents fails the test. */
  step(asked: EventStep): Promise<StepResult>;
  /** What users said in the session of a step, the prompt first. */
  said(result: StepResult): Promise<readonly string[]>;
  /** Names of the files of a session. */
  files(result: StepResult): Promise<readonly string[]>;
  close(): Promise<void>;
}

function rows<T>(answer: unknown, pick: (row: Fields) => T): T[] {
  const list: unknown = Array.isArray(answer) ? answer : fields(answer)['items'];
  if (!Array.isArray(list)) throw new Error('no list');
  return list.map((row: unknown) => pick(fields(row)));
}

let lastRun = 0;

/** Opens a sandbox for the steps of a file. Each step is a workflow run of its own. */
export async function openBench(): Promise<EventBench> {
  // A session that asks keeps asking: at this speed it would soon fall asleep.
  const sandbox = await openSandbox({ speed: 30, habits: 'sleep_ms:0' });
  const orgId = await sandbox.orgId();
  const opened: LocalGithub[] = [];
  const path = ({ outputs }: StepResult) => `/v3/organizations/${orgId}/sessions/${outputs['session_id']}`;
  return {
    sandbox,
    orgId,
    async github(payload) {
      const github = await openGithub({ repository: repositoryOf(payload) });
      opened.push(github);
      return github;
    },
    async step({ name, payload, with: inputs, github, more, run = runStep }) {
      lastRun += 1;
      const result = await run({
        ...more,
        event: { name, payload },
        ...(github === undefined ? {} : { github }),
        env: { GITHUB_RUN_ID: String(lastRun), GITHUB_REPOSITORY: repositoryOf(payload), ...more?.env },
        with: {
          operation: 'create-session',
          api_url: sandbox.url,
          devin_token: 'cog_sandbox_org',
          org_id: orgId,
          prompt: 'Find the cause, and mend it.',
          ...inputs,
        },
      });
      expect(github?.breaches() ?? []).toEqual([]);
      return result;
    },
    async said(result) {
      const answer = await sandbox.api('GET', `${path(result)}/messages?first=200`);
      const all = rows(answer, (row): Said => ({ source: String(row['source']), message: String(row['message']) }));
      return all.filter(({ source }) => source === 'user').map(({ message }) => message);
    },
    files: async (result) =>
      rows(await sandbox.api('GET', `${path(result)}/attachments`), (row) => String(row['name'])),
    async close() {
      await Promise.all([sandbox.close(), ...opened.map((github) => github.close())]);
    },
  };
}

/** A prompt, taken apart as its own explanation says. */
export interface ReadPrompt {
  readonly mark: string;
  /** Everything that stands in no block. */
  readonly outside: string;
  /** Text by label, in their order. */
  readonly blocks: Readonly<Record<string, string>>;
}

/** Takes a prompt apart. Throws where a block has no end, or where two have one label. */
export function readPrompt(prompt: string): ReadPrompt {
  const mark = /^----- data ([\da-f]{32}): .* -----$/m.exec(prompt)?.[1] ?? '';
  const [outside, blocks]: [string[], Record<string, string>] = [[], {}];
  let block: { readonly label: string; readonly lines: string[] } | undefined;
  for (const line of prompt.split('\n')) {
    const label = line.startsWith(`----- data ${mark}: `) ? line.slice(mark.length + 13, -6) : undefined;
    if (block === undefined && label !== undefined) {
      if (label in blocks) throw new Error(`two blocks ${label}`);
      block = { label, lines: [] };
    } else if (block !== undefined && line === `----- end ${mark} -----`) {
      blocks[block.label] = block.lines.join('\n');
      block = undefined;
    } else (block?.lines ?? outside).push(line);
  }
  if (block !== undefined) throw new Error(`the block ${block.label} has no end`);
  return { mark, outside: outside.join('\n'), blocks };
}

/** Warnings of a step as `title: message`. */
export const warningsOf = ({ commands }: StepResult): readonly string[] =>
  commands
    .filter(({ name }) => name === 'warning')
    .map(({ properties, message }) => `${properties['title']}: ${message}`);

/** Message of the error of a step. */
export const errorOf = ({ commands }: StepResult): string =>
  commands.find(({ name }) => name === 'error')?.message ?? '';

/** How many requests a step sent to Devin, by its own result. */
export const requestsOf = ({ outputs }: StepResult): unknown =>
  fields(fields(JSON.parse(outputs['result'] ?? 'null'))['requests'])['count'];
