/** Removes a member from the responses. */
export const ABSENT: unique symbol = Symbol('absent');

/** A change in the life of a session. A member that is not given stays as it was; values may be anything. */
export interface ScriptStep {
  /** Seconds since the script began. */
  readonly at?: number;
  /** Begins once the session was read so many times in this state or an earlier one of the script. */
  readonly polls?: number;
  /** Begins so many seconds after a response first showed the step before. */
  readonly seen?: number;
  readonly status?: unknown;
  readonly detail?: unknown;
  readonly output?: unknown;
  /** Addresses of pull requests, all open; for anything else use `fields`. */
  readonly pullRequests?: readonly string[];
  /** Something that Devin says now. */
  readonly message?: string;
  /** Further members of the response, over everything else; `ABSENT` removes one. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A lifecycle, or one that depends on the request that starts it. */
export type Script = readonly ScriptStep[] | ((body: Readonly<Record<string, unknown>>) => readonly ScriptStep[]);

/** Lifecycle of a session that does a small task, with the times of field note 7. */
export const SMALL_TASK: readonly ScriptStep[] = [
  { at: 0, status: 'new', detail: null },
  { at: 3, status: 'claimed' },
  { at: 8, status: 'running', detail: 'working' },
  { at: 16, message: 'I have started on the task.' },
  { at: 30, detail: 'waiting_for_user', message: 'I have changed the parser. Is there anything else?' },
];

interface Begun {
  readonly step: ScriptStep;
  /** Milliseconds. */
  readonly at: number;
  /** When a response first showed it, in milliseconds. */
  shownAt?: number;
}

/** A script that runs. Its state follows from the time and from how often it was read. */
export class Run {
  readonly #steps: readonly ScriptStep[];
  readonly #startedAt: number;
  readonly #begun: Begun[] = [];
  #reads = 0;

  constructor(steps: readonly ScriptStep[], startedAt: number) {
    this.#steps = steps;
    this.#startedAt = startedAt;
  }

  /** The steps that have begun by now, each with its time. */
  advance(now: number): readonly Begun[] {
    for (;;) {
      const step = this.#steps[this.#begun.length];
      if (step === undefined) return this.#begun;
      const at = this.#startOf(step, now);
      if (at === undefined || at > now) return this.#begun;
      this.#begun.push({ step, at });
    }
  }

  /** Notes that a response shows what has begun. */
  shown(now: number): void {
    this.#reads += 1;
    for (const begun of this.#begun) begun.shownAt ??= now;
  }

  #startOf({ at, polls, seen }: ScriptStep, now: number): number | undefined {
    const before = this.#begun.at(-1);
    if (polls !== undefined) return this.#reads >= polls ? now : undefined;
    if (seen !== undefined) return before?.shownAt === undefined ? undefined : before.shownAt + seen * 1000;
    return this.#startedAt + (at ?? 0) * 1000;
  }
}
