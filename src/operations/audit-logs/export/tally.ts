import { nameTest } from '../../wildcards.ts';
import type { WaitingEvent } from '../events/event.ts';

/** Different names that are counted one by one; all others count as one. */
const MAX_NAMES = 10_000;
const OTHERS = 'others';
/** Alerts that are listed. */
const MAX_ALERTS = 100;
const HOUR = 3_600;

/** An event that an alert is about. */
export interface Alert {
  readonly id: string;
  /** Unix seconds. */
  readonly at: number;
  readonly action: string;
  readonly org: string | null;
  /** Who acted; the email address only if it may be shown. */
  readonly actor: string;
}

/** What to count. */
export interface TallyOptions {
  readonly alertOn: readonly string[];
  readonly includeEmails: boolean;
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

/** Who caused an event. */
function actorOf(event: WaitingEvent, includeEmails: boolean): string {
  const { raw } = event.open();
  const email = includeEmails ? textOf(raw['user_email']) : undefined;
  return (
    email ?? textOf(raw['service_user_name']) ?? textOf(raw['service_user_id']) ?? textOf(raw['user_id']) ?? 'unknown'
  );
}

/** Counts the events of an export, for its summary. */
export class Tally {
  readonly #isAlert: (action: string) => boolean;
  readonly #options: TallyOptions;
  readonly actions = new Map<string, number>();
  readonly organizations = new Map<string | null, number>();
  /** By the Unix second at which each hour begins. */
  readonly hours = new Map<number, number>();
  /** Empty unless addresses may be shown, because IDs say little. */
  readonly actors = new Map<string, number>();
  /** By action. */
  readonly alertCounts = new Map<string, number>();
  /** The last alerts, the newest at the end. */
  readonly alerts: Alert[] = [];
  events = 0;
  late = 0;
  duplicates = 0;
  oldest: number | undefined;
  newest: number | undefined;

  constructor(options: TallyOptions) {
    this.#options = options;
    this.#isAlert = nameTest(options.alertOn);
  }

  get alertCount(): number {
    return [...this.alertCounts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Counts exported events; those before `since` are late. */
  add(events: readonly WaitingEvent[], since: number): void {
    for (const event of events) {
      const { at, action, org } = event;
      this.events += 1;
      if (at < since) this.late += 1;
      this.oldest = Math.min(this.oldest ?? at, at);
      this.newest = Math.max(this.newest ?? at, at);
      countIn(this.actions, action, OTHERS);
      countIn(this.organizations, org, OTHERS);
      countIn(this.hours, Math.floor(at / HOUR) * HOUR);
      if (this.#options.includeEmails) countIn(this.actors, actorOf(event, true), OTHERS);
      if (this.#options.alertOn.length > 0 && this.#isAlert(action)) this.#alert(event);
    }
  }

  #alert(event: WaitingEvent): void {
    const { id, at, action, org } = event;
    countIn(this.alertCounts, action, OTHERS);
    if (this.alerts.length >= MAX_ALERTS) this.alerts.shift();
    this.alerts.push({ id, at, action, org, actor: actorOf(event, this.#options.includeEmails) });
  }
}

function countIn<K>(counts: Map<K, number>, name: K, others = name): void {
  const key = counts.size < MAX_NAMES || counts.has(name) ? name : others;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
