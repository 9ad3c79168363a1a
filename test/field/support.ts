import { expect } from 'vitest';
import { atEnd } from '../at-end.ts';
import { runProcess, type StepOptions, type StepResult } from '../e2e/fake-runner.ts';
import { runStep } from '../e2e/here.ts';
import { clock } from '../e2e/skipping-clock.ts';
import { FAST_NODE, type FieldClock, SPEED } from './clock.ts';
import { type Field, type FieldOptions, ORG, ORG_KEY, openField } from './server/index.ts';

/** The time of the process of the test, which skips every wait. */
const HERE: FieldClock = { now: clock.now, sleep: (seconds) => clock.sleep(seconds * 1_000), env: {} };

/**
 * An API of its own for a test whose steps run in the process of the test. In the soak they have processes of their own,
 * at real speed.
 */
export const fieldHere = (options: FieldOptions = {}): Promise<Field> =>
  field(SPEED === 1 ? options : { clock: HERE, ...options });

/** An API of its own for a test. */
export async function field(options: FieldOptions = {}): Promise<Field> {
  const opened = await openField(options);
  atEnd(async () => {
    await opened.close();
    // Whatever a test is about: one credential for the API, and none for anybody else.
    const wrong = opened.requests.filter(
      ({ server, authorization }) => authorization.length !== Number(server === 'api'),
    );
    expect(wrong.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });
  return opened;
}

type Inputs = Readonly<Record<string, string>>;

/** A step of the bundle against the API, with the time of the API. */
export const optionsOf = (
  api: Pick<Field, 'url' | 'clock'>,
  inputs: Inputs,
  more: Partial<StepOptions> = {},
): StepOptions => ({
  ...more,
  ...(api.clock === HERE ? {} : { nodeArgs: FAST_NODE }),
  env: { ...api.clock.env, ...more.env },
  with: { api_url: api.url, devin_token: ORG_KEY, org_id: ORG, ...inputs },
});

/** Runs an operation on the bundle. */
export const step = (
  api: Pick<Field, 'url' | 'clock'>,
  inputs: Inputs,
  more?: Partial<StepOptions>,
): Promise<StepResult> => (api.clock === HERE ? runStep : runProcess)(optionsOf(api, inputs, more));

/** Runs `create-session` on the bundle. */
export const create = (api: Pick<Field, 'url' | 'clock'>, inputs: Inputs = {}, more?: Partial<StepOptions>) =>
  step(api, { operation: 'create-session', prompt: 'Fix the parser.', ...inputs }, more);

/** Messages of the commands of one kind. */
export const said = ({ commands }: StepResult, kind: 'warning' | 'error' | 'notice'): string[] =>
  commands
    .filter(({ name }) => name === kind)
    .map(({ properties, message }) => `${properties['title'] ?? ''} ${message}`);

/** Everything that a person could read of a step, for the message of a failed assertion. */
export const story = ({ stdout, stderr, outputs }: StepResult): string =>
  `${stdout}\n${stderr}\n${JSON.stringify({ ...outputs, result: '…' })}`.replace(/(.{1000})(.+)/g, '$1…');

/** The summary as a person reads it: without the marks that keep Markdown from taking its characters for its own. */
export const read = ({ summary }: StepResult): string => summary.replace(/\\(?=[^\w\s])/g, '').replaceAll('\u200b', '');

/** The members of a value that is an object; none otherwise. */
export const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};

/** The rows of a list's response. */
export function items(body: unknown): readonly unknown[] {
  const { items: rows } = fields(body);
  if (!Array.isArray(rows)) throw new Error(`no list: ${JSON.stringify(body)}`);
  return rows;
}

/** A JSON output. */
export function json(result: StepResult, name: string): unknown {
  const text = result.outputs[name];
  if (text === undefined || text === '') throw new Error(`no output ${name}: ${story(result)}`);
  return JSON.parse(text);
}
