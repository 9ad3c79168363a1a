import type { Clock } from '../contract/clock.ts';
import { shortened } from '../report/shorten.ts';
import { clockTime } from '../report/units.ts';
import { type AnnotationPlace, annotation, command, type Level } from './commands.ts';
import type { Redactor } from './redact.ts';
import { masksOf, SHORTEST_SECRET } from './secret-forms.ts';
import { logLines } from './text.ts';

/** Longest text of an annotation that is surely shown whole. */
const MAX_ANNOTATION = 4_000;

/** Where text goes: the standard output of the step. */
export type Write = (text: string) => void;

/** The log of the step. Whatever comes in, from whomever, it cannot become a workflow command or show a secret. */
export class Log {
  readonly #write: Write;
  readonly #redactor: Redactor;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #prefix: string;

  constructor(write: Write, redactor: Redactor, clock: Clock, startedAt = clock.now(), prefix = '') {
    this.#write = write;
    this.#redactor = redactor;
    this.#clock = clock;
    this.#startedAt = startedAt;
    this.#prefix = prefix;
  }

  /** The same log for one of several things that happen at once: each line begins with the name. */
  within(name: string): Log {
    return new Log(this.#write, this.#redactor, this.#clock, this.#startedAt, `${this.#prefix}${name}  `);
  }

  /** Prints text, each of its lines by itself. */
  info(text: string): void {
    for (const line of this.#lines(this.#prefix + text)) this.#write(`${line}\n`);
  }

  /** Prints what just happened, with the time since the start; further lines stand under the first. */
  progress(text: string): void {
    const time = clockTime(this.#clock.now() - this.#startedAt);
    const [first = '', ...rest] = this.#lines(this.#prefix + text);
    this.#write(`${time}  ${first}\n${rest.map((line) => `${' '.repeat(time.length)}  ${line}\n`).join('')}`);
  }

  /** Prints a line that the log shows only to those who debug (`RUNNER_DEBUG=1`). */
  debug(text: string): void {
    this.#write(command('debug', this.#clean(text)));
  }

  /** Prints lines that the log's page folds under a title. */
  group(title: string, lines: readonly string[]): void {
    this.#write(command('group', this.#clean(title)));
    for (const line of lines) this.info(line);
    this.#write(command('endgroup', ''));
  }

  /** Shows a message on the run's page, and on a file's line if it has a place. */
  annotate(level: Level, title: string, message: string, place?: AnnotationPlace): void {
    const clean = this.#clean(message);
    this.#write(annotation(level, this.#clean(title), shortened(clean, MAX_ANNOTATION), place));
  }

  /**
   * Hides a secret in everything printed from now on, by this step and by the runner in later ones. Of one that is too
   * short to be hidden, a warning says so, by its name.
   */
  mask(secret: string, name = 'A secret'): void {
    if (!this.#redactor.add(secret)) {
      const message = `Its value has fewer than ${SHORTEST_SECRET} characters, or is a word such as \`true\`, which occurs everywhere.`;
      this.annotate('warning', `${name} is not hidden`, message);
    }
    // The runner masks line by line, so each line is announced.
    for (const part of masksOf(secret)) this.#write(command('add-mask', part));
  }

  /** Secrets go before the lines are made, since one may span several, and after: what cannot be printed may split one. */
  #lines(text: string): string[] {
    return logLines(this.#redactor.redact(text)).map((line) => this.#redactor.redact(line));
  }

  #clean(text: string): string {
    return this.#lines(text).join('\n');
  }
}
