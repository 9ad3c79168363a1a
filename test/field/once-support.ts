import type { StepOptions, StepResult } from '../e2e/fake-runner.ts';
import { runPost } from '../e2e/here.ts';
import { fieldClock, UNHURRIED } from './clock.ts';
import type { Field, FieldOptions } from './server/index.ts';
import type { StoredSession } from './server/store.ts';
import { create, field, optionsOf } from './support.ts';

type Inputs = Readonly<Record<string, string>>;

/** A step of a later attempt of the same run. */
export const attempt = (number: number, env: Inputs = {}): Partial<StepOptions> => ({
  env: { GITHUB_RUN_ATTEMPT: String(number), ...env },
});

/** The API for steps that are stopped: the seconds that they have then must be enough on a busy machine. */
export const unhurried = (options: FieldOptions = {}): Promise<Field> =>
  field({ clock: fieldClock(UNHURRIED), ...options });

/** Runs `create-session`, and sends a signal once `when` says so; it is asked whenever there is output, and in between. */
export async function stopped(
  api: Field,
  inputs: Inputs,
  when: (output: string) => boolean,
  signal: NodeJS.Signals = 'SIGINT',
  more: Partial<StepOptions> = {},
): Promise<StepResult> {
  let timer: NodeJS.Timeout | undefined;
  let seen = '';
  let isSent = false;
  const check = (kill: (signal: NodeJS.Signals) => void) => {
    if (isSent || !when(seen)) return;
    isSent = true;
    kill(signal);
  };
  try {
    return await create(api, inputs, {
      ...more,
      onOutput: (output, kill) => {
        seen = output;
        timer ??= setInterval(() => check(kill), 20);
        check(kill);
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/** The post step of a `create-session` step. */
export const post = (api: Field, step: StepResult, inputs: Inputs = {}, env: Inputs = {}): Promise<StepResult> =>
  runPost(step, optionsOf(api, { operation: 'create-session', prompt: 'Fix the parser.', ...inputs }, { env }));

/** The state of a session as the API shows it now. */
export const statusOf = (api: Field, session: StoredSession | undefined): unknown =>
  session?.show(api.clock.now())['status'];

/** The sessions that have not ended. */
export const live = (api: Field): readonly StoredSession[] =>
  api.sessions.filter((session) => statusOf(api, session) !== 'exit');

/** Requests that ask for a session. */
export const creates = (api: Field): number =>
  api.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/sessions')).length;

/** Requests that send a message. */
export const sent = (api: Field): number =>
  api.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/messages')).length;
