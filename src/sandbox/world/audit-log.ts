import { cursorFor, DEFAULT_FIRST, firstIndex, type Page, type PageQuery, rowBehind } from '../request/page.ts';
import type { Seeded } from './seeded.ts';

/** One audit event as the API shows it; `created_at` in Unix seconds. */
export type AuditEvent = {
  readonly audit_log_id: string;
  readonly action: string;
  readonly created_at: number;
  readonly data: Record<string, unknown>;
  readonly org_id: string | null;
  readonly user_id: string | null;
  readonly user_email: string | null;
  readonly service_user_id: string | null;
  readonly service_user_name: string | null;
};

/** Who seeded events are about. */
export interface AuditCast {
  readonly orgIds: readonly string[];
  readonly users: ReadonlyArray<{ readonly id: string; readonly email: string }>;
  readonly serviceUser: { readonly id: string; readonly name: string };
}

/** What `AuditLog.page` reads; times in Unix seconds, both inclusive. */
export interface AuditQuery extends PageQuery {
  readonly order?: 'asc' | 'desc' | undefined;
  readonly action?: string | null | undefined;
  readonly time_after?: number | null | undefined;
  readonly time_before?: number | null | undefined;
}

/** Documented actions, the frequent ones several times. */
const ACTIONS = [
  ...['create_session', 'create_session', 'create_session', 'send_message', 'send_message', 'send_message'],
  ...['login', 'login', 'login', 'sleep_session', 'terminate_session', 'search_query', 'search_query'],
  ...['create_git_permission', 'delete_git_permission', 'update_org_settings', 'create_secret', 'delete_secret'],
  ...['create_playbook', 'update_playbook', 'create_knowledge', 'edit_knowledge', 'add_member', 'assign_roles'],
  ...['create_service_user', 'create_service_user_api_key', 'rotate_service_user_api_key', 'ai_guardrail_violation'],
  ...['approve_deploy', 'permission_response', 'update_enterprise_settings', 'mcp_server_install'],
] as const;

/** Texts that trip a careless CSV writer or log viewer. */
const NOTES = [
  'plain',
  'a, b',
  'say "hi"',
  'two\nlines',
  '=1+1',
  'Ünïcödé ✓',
  '::warning::not a command',
  '<b>bold</b>',
];

const DAY = 86_400;

/**
 * Audit events in the order in which they happened. Seeded ones are not kept: the nth is worked out when it is read,
 * so a hundred thousand cost little more than one. A range of time is found by binary search.
 */
export class AuditLog {
  readonly #seeded: Seeded;
  readonly #cast: AuditCast;
  readonly #count: number;
  readonly #start: number;
  readonly #slot: number;
  readonly #live: AuditEvent[] = [];
  #columns: { readonly action: Uint8Array; readonly org: Int16Array } | undefined;

  /** `count` seeded events, spread over the `days` before `now` (milliseconds). */
  constructor(seeded: Seeded, cast: AuditCast, count: number, days: number, now: number) {
    this.#seeded = seeded;
    this.#cast = cast;
    this.#count = count;
    this.#start = now / 1000 - days * DAY;
    this.#slot = count > 0 ? (days * DAY) / count : 0;
  }

  /** How many events there are. */
  get size(): number {
    return this.#count + this.#live.length;
  }

  /** Adds an event that happens at `now` (milliseconds). */
  add(now: number, event: Omit<AuditEvent, 'audit_log_id' | 'created_at'>): void {
    const audit_log_id = this.#id(this.size);
    this.#live.push({ audit_log_id, created_at: Math.floor(now / 1000), ...event });
  }

  /** One page of the events that the query asks for, of one organization unless `orgId` is null. */
  page(list: string, query: AuditQuery, orgId: string | null): Page<AuditEvent> {
    const { time_after: since, time_before: until } = query;
    const low = typeof since === 'number' ? firstIndex(this.size, (i) => this.#time(i) >= since) : 0;
    const high = typeof until === 'number' ? firstIndex(this.size, (i) => this.#time(i) > until) : this.size;
    const action = query.action ?? null;
    const wanted = (i: number) =>
      (action === null || this.#action(i) === action) && (orgId === null || this.#orgId(i) === orgId);
    const behind = rowBehind(list, query.after);
    const first = query.first ?? DEFAULT_FIRST;
    const step = query.order === 'asc' ? 1 : -1;
    let at = step === 1 ? Math.max(low, (behind ?? -1) + 1) : Math.min(high, behind ?? high) - 1;
    const found: number[] = [];
    for (; at >= low && at < high && found.length <= first; at += step) if (wanted(at)) found.push(at);
    const shown = found.slice(0, first);
    const more = found.length > first;
    let total = high - low;
    if (action !== null || orgId !== null) {
      total = 0;
      for (let i = low; i < high; i += 1) if (wanted(i)) total += 1;
    }
    return {
      items: shown.map((i) => this.#event(i)),
      end_cursor: more ? cursorFor(list, shown.at(-1) ?? 0) : null,
      has_next_page: more,
      total,
    };
  }

  #id(i: number): string {
    return `audit-log-${this.#seeded.hex('audit-log', i)}`;
  }

  #liveAt(i: number): AuditEvent | undefined {
    // A negative index would be looked up as a name, which is slow.
    return i < this.#count ? undefined : this.#live[i - this.#count];
  }

  #time(i: number): number {
    const live = this.#liveAt(i);
    if (live) return live.created_at;
    const jitter = this.#seeded.below(1000, 'audit-time', i) / 1000;
    return Math.floor(this.#start + (i + jitter) * this.#slot);
  }

  /** Which action and organization each seeded event has, worked out at the first read that filters by them. */
  #index(): { readonly action: Uint8Array; readonly org: Int16Array } {
    if (this.#columns) return this.#columns;
    const action = new Uint8Array(this.#count);
    const org = new Int16Array(this.#count);
    const orgs = this.#cast.orgIds.length;
    for (let i = 0; i < this.#count; i += 1) {
      const chosen = this.#seeded.below(ACTIONS.length, 'audit-action', i);
      action[i] = chosen;
      // There is no login to a single organization.
      org[i] = orgs === 0 || ACTIONS[chosen] === 'login' ? -1 : this.#seeded.below(orgs, 'audit-org', i);
    }
    this.#columns = { action, org };
    return this.#columns;
  }

  #action(i: number): string {
    return this.#liveAt(i)?.action ?? ACTIONS[this.#index().action[i] ?? 0] ?? '';
  }

  #orgId(i: number): string | null {
    const live = this.#liveAt(i);
    return live ? live.org_id : (this.#cast.orgIds[this.#index().org[i] ?? -1] ?? null);
  }

  #pick<T>(from: readonly T[], label: string, i: number): T | undefined {
    return from.length > 0 ? from[this.#seeded.below(from.length, label, i)] : undefined;
  }

  #event(i: number): AuditEvent {
    const live = this.#liveAt(i);
    if (live) return live;
    const byService = this.#seeded.below(4, 'audit-actor', i) === 0 && this.#action(i) !== 'login';
    const user = byService ? undefined : this.#pick(this.#cast.users, 'audit-user', i);
    return {
      audit_log_id: this.#id(i),
      action: this.#action(i),
      created_at: this.#time(i),
      data: {
        source_ip: `192.0.2.${1 + this.#seeded.below(254, 'audit-ip', i)}`,
        note: this.#pick(NOTES, 'audit-note', i),
      },
      org_id: this.#orgId(i),
      user_id: user?.id ?? null,
      user_email: user?.email ?? null,
      service_user_id: byService ? this.#cast.serviceUser.id : null,
      service_user_name: byService ? this.#cast.serviceUser.name : null,
    };
  }
}
