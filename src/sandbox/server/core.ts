import { type HabitSettings, type Habits, resolveHabits } from '../../contract/habits.ts';
import {
  type Caller,
  CREDENTIALS,
  type Credential,
  type CredentialName,
  callerOf,
  credentialOf,
  isProvisioned,
} from '../world/credentials.ts';
import { DEFAULT_COUNTS, organizationId, seedState, serviceUserId } from '../world/seed.ts';
import { Seeded } from '../world/seeded.ts';
import { provisionedCaller, wasProvisioned } from '../world/service-users.ts';
import type { Counts, State, World } from '../world/state.ts';
import { type Clock, SandboxClock } from './clock.ts';
import { Faults } from './faults.ts';
import { Journal } from './journal.ts';

/** Everything that one sandbox is: its state, its time, its faults and what it has seen. */
export class Core {
  readonly seeded: Seeded;
  readonly clock: SandboxClock;
  readonly faults = new Faults();
  readonly journal = new Journal();
  /** Where the sandbox listens; known once it does. */
  origin = '';
  /** Milliseconds that every API answer waits. */
  latency = 0;
  readonly #started: number;
  readonly #callers: ReadonlyMap<CredentialName, Caller>;
  readonly #startHabits: HabitSettings;
  #settings: HabitSettings;
  #habits: Habits;
  #state: State | undefined;

  constructor(seed: number, outside: Clock, habits: HabitSettings) {
    this.#startHabits = this.#settings = habits;
    this.#habits = resolveHabits(habits);
    this.seeded = new Seeded(seed);
    this.clock = new SandboxClock(outside);
    this.#started = this.clock.now();
    const { firstOrg } = this;
    this.#callers = new Map(
      CREDENTIALS.map((name) => [name, callerOf(name, { serviceUser: serviceUserId(this.seeded, name), firstOrg })]),
    );
  }

  /** The state; made when it is first needed. */
  get state(): State {
    this.#state ??= seedState(this.seeded, DEFAULT_COUNTS, this.#started);
    return this.#state;
  }

  /** The sandbox at this moment, as handlers see it. */
  world(): World {
    const { seeded, state, origin } = this;
    return { seeded, state, now: this.clock.now(), origin, settings: this.#settings, habits: this.#habits };
  }

  /** How it behaves, from now on. */
  get settings(): HabitSettings {
    return this.#settings;
  }

  set settings(settings: HabitSettings) {
    this.#settings = settings;
    this.#habits = resolveHabits(settings);
  }

  /** The ID of the first organization. */
  get firstOrg(): string {
    return organizationId(this.seeded, 0);
  }

  /** Who a credential is; undefined for one that the sandbox does not know, or no longer. */
  caller(credential: Credential): Caller | undefined {
    return isProvisioned(credential) ? provisionedCaller(this.world(), credential) : this.#callers.get(credential);
  }

  /** What the journal says of an `Authorization` header: a name, never a token that the sandbox issued. */
  journalName(header: string | undefined): CredentialName | 'provisioned' | 'none' | 'unknown' {
    const credential = credentialOf(header);
    if (credential === 'none' || credential === 'unknown' || !isProvisioned(credential)) return credential;
    return wasProvisioned(this.world(), credential) ? 'provisioned' : 'unknown';
  }

  /** A new state with these counts, all of it before the sandbox's present. */
  seed(counts: Partial<Counts>): State {
    this.#state = seedState(this.seeded, { ...DEFAULT_COUNTS, ...counts }, this.clock.now());
    return this.#state;
  }

  /** Everything as it was at the start. */
  reset(): void {
    this.#state = undefined;
    this.faults.clear();
    this.journal.clear();
    this.clock.reset();
    this.latency = 0;
    this.settings = this.#startHabits;
  }
}
