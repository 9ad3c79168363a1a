import { onTestFinished } from 'vitest';
import { parseHabits } from '../../src/contract/habits.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';

/** 2026-01-31T08:00:00Z in milliseconds. */
export const START = Date.UTC(2026, 0, 31, 8);

/** A clock that moves only when a test says so. */
export class TestClock {
  ms = START;

  now(): number {
    return this.ms;
  }
}

/** An answer with its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed JSON, in whose shape a test looks freely. */
  readonly body: ReturnType<typeof JSON.parse>;
}

/** How a test asks. */
export interface Ask {
  readonly method?: string;
  readonly as?: string | null;
  readonly json?: unknown;
  readonly body?: string | FormData;
  readonly headers?: Record<string, string>;
}

/** A sandbox of its own for one test, and short ways to ask it. */
export class Bench {
  readonly sandbox: Sandbox;
  readonly clock: TestClock;
  readonly org: string;

  constructor(sandbox: Sandbox, clock: TestClock, org: string) {
    this.sandbox = sandbox;
    this.clock = clock;
    this.org = org;
  }

  ask(path: string, ask: Ask = {}): Promise<Answer> {
    return askAt(this.sandbox.url, path, ask);
  }

  control(name: string, json: unknown = {}): Promise<Answer> {
    return this.ask(`/sandbox/${name}`, { method: 'POST', json });
  }

  /** The path of something in the first organization. */
  path(rest: string): string {
    return `/v3/organizations/${this.org}/${rest}`;
  }

  create(json: unknown, ask: Ask = {}): Promise<Answer> {
    return this.ask(this.path('sessions'), { method: 'POST', json, ...ask });
  }

  /** The session's state so many seconds later. */
  async later(seconds: number, id: string): Promise<Answer['body']> {
    this.clock.ms += seconds * 1000;
    return (await this.ask(this.path(`sessions/${id}`))).body;
  }

  async says(id: string): Promise<string[]> {
    const { body } = await this.ask(this.path(`sessions/${id}/messages`));
    return body.items.map((item: { source: string; message: string }) => `${item.source}: ${item.message}`);
  }
}

/** Asks a server; the enterprise's credential unless `as` says another, or null for none. */
export async function askAt(url: string, path: string, ask: Ask = {}): Promise<Answer> {
  const credential = ask.as === undefined ? 'cog_sandbox_enterprise' : ask.as;
  const response = await fetch(url + path, {
    method: ask.method ?? 'GET',
    redirect: 'manual',
    headers: {
      ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
      'x-sandbox-control': '1',
      ...(ask.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...ask.headers,
    },
    ...(ask.json === undefined ? {} : { body: JSON.stringify(ask.json) }),
    ...(ask.body === undefined ? {} : { body: ask.body }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/** A fresh sandbox that ends with the test. It behaves as documented unless `habits` say otherwise. */
export async function bench(seed = 1, habits = 'documents'): Promise<Bench> {
  const clock = new TestClock();
  const parsed = parseHabits(habits);
  if (!parsed.ok) throw new Error(parsed.problem);
  const sandbox = await startSandbox({ clock, seed, habits: parsed.value });
  onTestFinished(() => sandbox.close());
  const { body } = await askAt(sandbox.url, '/v3/self', { as: 'cog_sandbox_org' });
  const made = new Bench(sandbox, clock, body.org_id);
  await made.ask('/sandbox/requests', { method: 'DELETE' });
  return made;
}
