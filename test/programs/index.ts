import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a program starts. Without `env`, it has the environment of the tests; without `input`, nothing to read. */
export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Called with what it writes, as it comes. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void;
}

/** A program that runs. */
export interface Program {
  /** What it has written so far. */
  readonly texts: { readonly stdout: string; readonly stderr: string };
  kill(signal: NodeJS.Signals): void;
  /** Waits until its standard output matches, or until it has ended. */
  until(pattern: RegExp): Promise<void>;
  /** Its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

interface Started {
  readonly onOutput: NonNullable<ProgramOptions['onOutput']>;
  readonly end: (exitCode: number | null, problem: string | undefined) => void;
}

type Message =
  | { readonly id: number; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly id: number; readonly exitCode: number | null; readonly problem?: string };

const started = new Map<number, Started>();
let starter: ChildProcess | undefined;
let last = 0;

function openStarter(): ChildProcess {
  const child = fork(fileURLToPath(new URL('starter.mjs', import.meta.url)), { execArgv: [] });
  child.on('message', (message: Message) => {
    const program = started.get(message.id);
    if ('stream' in message) {
      program?.onOutput(message.stream, message.text);
      return;
    }
    started.delete(message.id);
    if (started.size === 0) child.channel?.unref();
    program?.end(message.exitCode, message.problem);
  });
  // Nobody waits for it, but for its programs.
  child.unref();
  return child;
}

/** Starts a program, by a process that is small (see starter.mjs). */
export function startProgram(program: string, args: readonly string[], options: ProgramOptions = {}): Program {
  starter ??= openStarter();
  const { onOutput, cwd = process.cwd(), env = process.env, input } = options;
  last += 1;
  const id = last;
  const texts = { stdout: '', stderr: '' };
  const checks = new Set<() => void>();
  const ended = new Promise<number | null>((resolve, reject) => {
    started.set(id, {
      onOutput(stream, text) {
        texts[stream] += text;
        onOutput?.(stream, text);
        for (const check of checks) check();
      },
      end: (exitCode, problem) => (problem === undefined ? resolve(exitCode) : reject(new Error(problem))),
    });
  });
  starter.channel?.ref();
  starter.send({ id, program, args, cwd, env: { ...env }, input });
  const matched = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      const check = () => void (pattern.test(texts.stdout) && resolve());
      checks.add(check);
      check();
    });
  return {
    texts,
    kill: (signal) => void starter?.send({ id, kill: signal }),
    until: (pattern) => Promise.race([matched(pattern), ended.then(() => undefined)]),
    ended,
  };
}

/** Runs a program to its end, whatever its exit code. */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions = {}) {
  const { ended, texts } = startProgram(program, args, options);
  return { code: await ended, ...texts };
}
