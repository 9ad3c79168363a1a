import { parseHabits } from '../../src/contract/habits.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { clock } from './skipping-clock.ts';

/** One request that the sandbox got. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly credential: string;
}

/** A sandbox over HTTP, with its control calls. */
export interface TestSandbox {
  readonly url: string;
  /** Calls a control endpoint, e.g. `control('faults', [...])`. */
  control(name: string, body?: unknown): Promise<void>;
  requests(): Promise<readonly SeenRequest[]>;
  /** Id of the first organization. */
  orgId(): Promise<string>;
  /**
   * Calls the API with the enterprise credential, beside the step under test. Session IDs in the response get their
   * prefix, so that they are those of the step's outputs whatever the habits are.
   */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

const prefixed = (name: string, value: unknown) =>
  name === 'session_id' && typeof value === 'string' ? value.replace(/^(?:devin-)?/, 'devin-') : value;

async function json(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text, prefixed);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** How a sandbox of a test runs. */
export interface TestSandboxOptions {
  /** How much faster its clock runs than the real one. */
  readonly speed?: number;
  /** Its clock begins this many milliseconds before the real one: what happens at first is then of the past. */
  readonly behindMs?: number;
  /** Its habits, as in `api_url: sandbox?habits=…`; the preset `field` if absent. */
  readonly habits?: string;
}

/** Starts a sandbox on a free port. */
export async function openSandbox(options: number | TestSandboxOptions = {}, behind = 0): Promise<TestSandbox> {
  const { speed = 1, behindMs = behind, habits = '' } = typeof options === 'number' ? { speed: options } : options;
  const parsed = parseHabits(habits);
  if (!parsed.ok) throw new Error(parsed.problem);
  const sandbox = await startSandbox({ clock: { now: () => clock.now() - behindMs }, habits: parsed.value });
  const call = async (method: string, path: string, body?: unknown, token = '') =>
    json(
      await fetch(sandbox.url + path, {
        method,
        headers: {
          'content-type': 'application/json',
          'x-sandbox-control': '1',
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  const opened: TestSandbox = {
    url: sandbox.url,
    async control(name, body = {}) {
      await call('POST', `/sandbox/${name}`, body);
    },
    async requests() {
      const answer = await call('GET', '/sandbox/requests');
      if (!isRecord(answer) || !Array.isArray(answer['items'])) throw new Error('no journal');
      return answer['items'];
    },
    async orgId() {
      const self = await call('GET', '/v3/self', undefined, 'cog_sandbox_org');
      if (!isRecord(self) || typeof self['org_id'] !== 'string') throw new Error('no organization');
      await call('DELETE', '/sandbox/requests');
      return self['org_id'];
    },
    api: (method, path, body) => call(method, path, body, 'cog_sandbox_enterprise'),
    close: () => sandbox.close(),
  };
  if (speed !== 1) await opened.control('clock', { speed });
  return opened;
}
