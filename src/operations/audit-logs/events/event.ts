/** One audit event, as a format sees it. */
export interface AuditEvent {
  /** `audit_log_id`. */
  readonly id: string;
  /** When it happened: Unix seconds as the API gave them, which may have a fraction. */
  readonly at: number;
  readonly action: string;
  /** Every field of the event. It may be parsed at each access: read it once. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The event's JSON as it came, on one line; numbers that JavaScript cannot hold stay what they were. */
  readonly json?: string;
}

/** The order of every file: by time, then by id. */
export const byTimeAndId = (a: AuditEvent, b: AuditEvent): number =>
  a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
