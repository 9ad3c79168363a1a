import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A permission in the server, whatever the version of the API that shows it. */
export interface Grant {
  id: string;
  connection: string;
  subject: 'repo' | 'group' | 'prefix';
  path: string;
  readOnly: boolean;
}

/** A request that the server got. */
export interface Got {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** What goes wrong with the next request of a method: it is answered by a status, or its connection is reset. */
interface Fault {
  readonly method: string;
  readonly status?: number;
  /** The change is made, and only then the response is lost. */
  readonly afterCommit?: boolean;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

type Json = Readonly<Record<string, unknown>>;

const CONNECTIONS = [
  { id: 'git-connection-a', name: 'hub', host: 'github.com', type: 'github_app' },
  { id: 'git-connection-b', name: 'lab', host: 'gitlab.example.com', type: 'gitlab_oauth' },
];
const V3_FIELD = { repo: 'repo_path', group: 'group_prefix', prefix: 'prefix_path' } as const;
const SUBJECTS = ['repo', 'group', 'prefix'] as const;
const objectOf = (value: unknown): Json => Object(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const missing = (what: string): Reply => ({ status: 404, body: { detail: `${what} not found` } });
const id = (kind: string) => `${kind}-${randomBytes(16).toString('hex')}`;

/**
 * A server of Git permissions after the reference and the field notes alone: v3 and v2, lists with the newest row first,
 * whose cursors are offsets, so that every change between two pages shifts the rest.
 */
export class PermissionServer {
  readonly organizations = [
    { id: 'org-1', name: 'Engineering' },
    { id: 'org-2', name: 'Data' },
  ];
  readonly grants = new Map<string, Grant[]>();
  repositories: readonly string[] | 'missing' = [];
  /** Rows of a page, whatever a request asks for. */
  pageSize = 200;
  /** Whether a list reports its length: v3 may leave it out. */
  totals: 'right' | 'none' | 'wrong' = 'none';
  /** Each page begins with the last row of the one before. */
  repeatsRows = false;
  readonly got: Got[] = [];
  readonly faults: Fault[] = [];
  /** Called before and after each request, for what others do meanwhile. */
  before: (got: Got) => void = () => {};
  after: (got: Got) => void = () => {};
  url = '';
  readonly #server = createServer((request, response) => {
    void this.#read(request).then((got) => {
      const at = this.faults.findIndex(({ method }) => method === got.method);
      const [fault] = at < 0 ? [] : this.faults.splice(at, 1);
      if (fault === undefined || fault.afterCommit === true) this.before(got);
      const reply = fault === undefined || fault.afterCommit === true ? this.#serve(got) : undefined;
      this.got.push(got);
      this.after(got);
      if (fault !== undefined && fault.status === undefined) return request.socket.resetAndDestroy();
      const { status, body } =
        fault?.status === undefined ? (reply ?? missing('page')) : { status: fault.status, body: {} };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      return response;
    });
  });

  async open(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((done) => void this.#server.close(() => done()));
  }

  /** Grants as texts: `repo acme/api`, `repo acme/docs!` for a read-only one. */
  texts(org = 'org-1'): string[] {
    return this.of(org)
      .map(({ subject, path, readOnly }) => `${subject} ${path}${readOnly ? '!' : ''}`)
      .toSorted();
  }

  of(org: string): Grant[] {
    const rows = this.grants.get(org) ?? [];
    this.grants.set(org, rows);
    return rows;
  }

  /** Adds a grant as another client would: it is the first row of the list from now on. */
  add(text: string, org = 'org-1', connection = 'git-connection-a'): Grant {
    const [, subject, path = '', mark] = /^(repo|group|prefix) (.*?)(!?)$/.exec(text) ?? [];
    const known = SUBJECTS.find((one) => one === subject) ?? 'repo';
    const grant: Grant = { id: id('git-permission'), connection, subject: known, path, readOnly: mark === '!' };
    this.of(org).unshift(grant);
    return grant;
  }

  /** Requests that change something: `POST`, `PUT`, … */
  changes(): string[] {
    return this.got.map(({ method }) => method).filter((method) => method !== 'GET');
  }

  async #read(request: IncomingMessage): Promise<Got> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString('utf8');
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://server');
    return { method: request.method ?? 'GET', path, query, body: text === '' ? undefined : JSON.parse(text) };
  }

  #serve(got: Got): Reply {
    const [, version = '', , ...rest] = got.path.split('/');
    return version === 'v2' ? this.#serveV2(got, rest) : this.#serveV3(got, rest);
  }

  /** A page of v3: the cursor is an offset, and the last page may have one too. */
  #cursorPage<T>(rows: readonly T[], { query }: Got, show: (row: T) => unknown): Reply {
    const size = Math.min(Number(query.get('first') ?? 100), this.pageSize);
    const at = Number(Buffer.from(query.get('after') ?? '', 'base64').toString() || 0);
    const from = this.repeatsRows && at > 0 ? at - 1 : at;
    const items = rows.slice(from, at + size).map(show);
    const total = this.totals === 'none' ? null : rows.length + (this.totals === 'wrong' ? 7 : 0);
    const end_cursor = Buffer.from(String(at + size)).toString('base64');
    return { status: 200, body: { items, end_cursor, has_next_page: at + size < rows.length, total } };
  }

  #offsetPage<T>(rows: readonly T[], { query }: Got, show: (row: T) => unknown): Reply {
    const limit = Math.min(Number(query.get('limit') ?? 100), this.pageSize);
    const skip = Number(query.get('skip') ?? 0);
    const has_more = skip + limit < rows.length;
    const total = rows.length + (this.totals === 'wrong' ? 7 : 0);
    const items = rows.slice(skip, skip + limit).map(show);
    return { status: 200, body: { items, total, skip, limit, has_more, next_cursor: has_more ? skip + limit : null } };
  }

  #serveV3(got: Got, [root, ...rest]: readonly string[]): Reply {
    if (root === 'organizations' && rest.length === 0) {
      return this.#cursorPage(this.organizations, got, ({ id: org_id, name }) => ({ org_id, name, created_at: 1 }));
    }
    if (root === 'git-providers' && rest.length === 1) {
      return this.#cursorPage(CONNECTIONS, got, ({ id: git_connection_id, name, host, type }) => {
        return { git_connection_id, name, host, git_provider_type: type, created_at: 1 };
      });
    }
    if (root === 'git-providers') {
      if (this.repositories === 'missing' || rest[1] !== 'git-connection-a') return missing('path');
      return this.#cursorPage(this.repositories, got, (repo_path) => ({
        ...{ provider_repository_id: repo_path, git_connection_id: rest[1], git_connection_host: 'github.com' },
        ...{ repo_name: repo_path, repo_path, repo_description: null, last_updated_at: null, repo_language: null },
      }));
    }
    const [org = '', , , one] = rest;
    return this.#permissionsV3(got, org, one);
  }

  #permissionsV3(got: Got, org: string, one: string | undefined): Reply {
    const rows = this.of(org);
    const show = (grant: Grant) => ({
      git_permission_id: grant.id,
      git_connection_id: grant.connection,
      repo_path: null,
      group_prefix: null,
      prefix_path: null,
      [V3_FIELD[grant.subject]]: grant.path,
      read_only: grant.readOnly,
      created_at: 1,
    });
    const made = listOf(objectOf(got.body)['permissions']).map((wanted): Grant => {
      const fields = objectOf(wanted);
      const subject = SUBJECTS.find((name) => typeof fields[V3_FIELD[name]] === 'string') ?? 'repo';
      const path = String(fields[V3_FIELD[subject]]);
      const readOnly = fields['read_only'] === true;
      return { id: id('git-permission'), connection: String(fields['git_connection_id']), subject, path, readOnly };
    });
    if (one === undefined) {
      if (got.method === 'GET') return this.#cursorPage(rows, got, show);
      if (made.length > 200) return { status: 422, body: { detail: 'at most 200' } };
      if (got.method === 'PUT') rows.length = 0;
      rows.unshift(...made);
      return { status: 200, body: made.map(show) };
    }
    const grant = rows.find((row) => row.id === one);
    if (grant === undefined) return missing('permission');
    if (got.method === 'PATCH') grant.readOnly = objectOf(got.body)['read_only'] === true;
    else rows.splice(rows.indexOf(grant), 1);
    return { status: 200, body: show(grant) };
  }

  #serveV2(got: Got, [, org = '', , what, one]: readonly string[]): Reply {
    if (org === '') {
      return this.#offsetPage(this.organizations, got, ({ id: org_id, name }) => ({ org_id, org_name: name }));
    }
    if (what === 'connections') {
      return this.#offsetPage(CONNECTIONS, got, ({ id: connection_id, name, host, type }) => {
        return { connection_id, name, host, type, created_at: '2026-01-01T00:00:00Z' };
      });
    }
    const rows = this.of(org);
    if (got.method === 'GET') {
      return this.#offsetPage(rows, got, ({ id: permission_id, connection, subject, path }) => ({
        permission_id,
        host: CONNECTIONS.find((known) => known.id === connection)?.host,
        ...{ repo_path: null, group_prefix: null, prefix_path: null, [V3_FIELD[subject]]: path },
      }));
    }
    if (got.method === 'POST') {
      const made = listOf(got.body).map((wanted): Grant => {
        const fields = objectOf(wanted);
        const subject = SUBJECTS.find((name) => (fields[V3_FIELD[name]] ?? null) !== null) ?? 'repo';
        const path = [fields[V3_FIELD[subject]]].flat().join('/');
        return { id: id('permission'), connection: String(fields['connection_id']), subject, path, readOnly: false };
      });
      rows.unshift(...made);
      return {
        status: 200,
        body: { permission_ids: made.map((grant) => grant.id), permission_names: {}, status: 'ok' },
      };
    }
    const at = rows.findIndex((row) => row.id === one);
    if (at < 0) return missing('permission');
    rows.splice(at, 1);
    return { status: 200, body: { status: 'success' } };
  }
}
