import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** An event as an API answers it. */
export interface ApiEvent {
  readonly audit_log_id: string;
  readonly action: string;
  /** Unix seconds. */
  readonly created_at: number;
  readonly org_id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A number from 0 up to, not including, 1, and the next at each call; the same ones for the same seed. */
export function chance(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 97) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** How an API answers one request. */
export type Trick = 'right' | 'status' | 'reset' | 'truncate' | 'garbage' | 'repeat-last';

/** An API of audit events whose events and manners a test sets. It counts its borders in. */
export class AuditApi {
  events: ApiEvent[] = [];
  /** Events of a page, whatever the client asks for. */
  pageSize = 200;
  /** How the next request is answered. */
  trick: () => Trick = () => 'right';
  /** Turns the fields of an answer into others. */
  distort: (answer: Record<string, unknown>, query: URLSearchParams) => unknown = (answer) => answer;
  /** The bytes of a response, if a test wants others than its JSON. */
  bytes: (answer: unknown) => Uint8Array | string = (answer) => JSON.stringify(answer);
  /** Compares events as the API orders them. */
  order: (a: ApiEvent, b: ApiEvent) => number = (a, b) => a.created_at - b.created_at;
  /** Milliseconds before a response. */
  latency = 0;
  /** Responses wait for it. */
  gate: Promise<unknown> | undefined;
  /** What the `Date` of a response says, in milliseconds since 1970; undefined for no such header. */
  time: number | undefined;
  /** The same as any text. */
  date: string | undefined;
  /** The most events that v2 returns at once, whatever the client asks for. */
  v2Limit = 200;
  readonly queries: URLSearchParams[] = [];
  readonly #server = createServer((request, response) => this.#answer(request, response));
  url = '';

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    // A server that listens on a port has an address with one.
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.url);
    this.queries.push(url.searchParams);
    const trick = this.trick();
    response.setHeader('content-type', 'application/json');
    response.sendDate = false;
    const date = this.time === undefined ? this.date : new Date(this.time).toUTCString();
    if (date !== undefined) response.setHeader('date', date);
    const send = () => {
      if (trick === 'reset') request.socket.destroy();
      else if (trick === 'status') response.writeHead(503).end('{"detail":"down"}');
      else if (trick === 'garbage') response.end('<html>proxy</html>');
      else if (trick === 'truncate') {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"items": [', () => request.socket.destroy());
      } else response.end(this.bytes(this.#page(url, trick)));
    };
    if (this.gate !== undefined) void this.gate.then(send);
    else if (this.latency > 0) setTimeout(send, this.latency);
    else send();
  }

  #page({ searchParams: query, pathname }: URL, trick: Trick): unknown {
    return pathname.startsWith('/v2/') ? this.#v2(query) : this.distort(this.#v3(query, trick), query);
  }

  #v3(query: URLSearchParams, trick: Trick): Record<string, unknown> {
    const [from, to] = [Number(query.get('time_after')), Number(query.get('time_before'))];
    const action = query.get('action');
    const found = this.events
      .filter(({ created_at: at }) => at >= from && at <= to)
      .filter((event) => action === null || event.action === action)
      .sort(this.order);
    const start = Number.parseInt(query.get('after') ?? '0', 10) || 0;
    const size = Math.min(this.pageSize, Number(query.get('first')));
    const items = found.slice(trick === 'repeat-last' ? Math.max(0, start - 1) : start, start + size);
    const more = start + size < found.length;
    return { items, end_cursor: more ? String(start + size) : null, has_next_page: more, total: found.length };
  }

  #v2(query: URLSearchParams): unknown {
    const [after, before] = ['after', 'before'].map((name) => Date.parse(query.get(name) ?? '') / 1_000);
    const found = this.events
      .filter(({ created_at: at }) => at > (after ?? 0) && at < (before ?? 0))
      .sort((a, b) => b.created_at - a.created_at)
      .slice(0, Math.min(this.v2Limit, Number(query.get('limit'))));
    const audit_logs = found.map((event) => ({
      ...event,
      created_at: new Date(event.created_at * 1_000).toISOString(),
    }));
    return { audit_logs };
  }
}

/** An event of a time, with a text that is two bytes a character and one that a careless writer would break. */
export const event = (id: number | string, at: number, action = 'login', org: string | null = null): ApiEvent => ({
  audit_log_id: `event-${id}`,
  action,
  created_at: at,
  org_id: org,
  data: { note: 'two\nlines, "quoted" ✓', id: 1 },
});

/** Every file below a folder, by path; hidden ones are left out. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !path
          .slice(folder.length)
          .split(/[\\/]/)
          .some((part) => part.startsWith('.')),
    )
    .sort();
}

/** Ids of every event in the JSONL files of an export, in the order of the files. */
export function exportedIds(folder: string): string[] {
  return filesIn(folder)
    .filter((path) => /\.jsonl(\.gz)?$/.test(path))
    .flatMap((path) => {
      const bytes = readFileSync(path);
      const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      return text.split('\n').filter((line) => line !== '');
    })
    .map((line) => JSON.parse(line).audit_log_id);
}
