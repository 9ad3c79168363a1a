import { problem, type Reply, type Seen } from './http.ts';
import type { Script } from './script.ts';
import { attachmentUrl, type Body, type Lags, newFile, type Store, type StoredFile, StoredSession } from './store.ts';

/** Who a key belongs to. */
export interface Key {
  /** The only organization of an organization's service user; null for one of the enterprise. */
  readonly orgId: string | null;
  readonly version: 'v3' | 'v2';
}

/** An organization. */
export interface Organization {
  readonly org_id: string;
  readonly name: string;
}

/** What a request is handled with. */
export interface World {
  readonly store: Store;
  readonly keys: Readonly<Record<string, Key>>;
  readonly organizations: readonly Organization[];
  readonly lags: Lags;
  readonly scripts: { create: Script; message: Script };
  /** Milliseconds. */
  now(): number;
  /** The signed address of a file. */
  sign(file: StoredFile): string;
}

const UNAUTHORIZED: Reply = { status: 403, body: { detail: 'Unauthorized' } };
const FORBIDDEN: Reply = { status: 403, body: { detail: 'Forbidden' } };
const NOT_FOUND = problem(404, 'Not Found', 'Not found');
const ok = (body: unknown): Reply => ({ status: 200, body });

const isRecord = (value: unknown): value is Body => typeof value === 'object' && value !== null;
const fieldsOf = (value: unknown): Body => (isRecord(value) ? value : {});

/** A page of a list. The cursor is set on the last page too, and `total` is null (field note 12). */
function page(rows: readonly unknown[], query: URLSearchParams): Reply {
  const size = Number(query.get('first') ?? 100);
  if (!(size >= 1 && size <= 200)) return problem(422, 'Unprocessable Content', 'first: from 1 to 200');
  const after = query.get('after');
  const start = after === null ? 0 : Number(/^cursor-(\d+)$/.exec(after)?.[1] ?? Number.NaN);
  if (Number.isNaN(start)) return problem(422, 'Unprocessable Content', 'after: not a cursor');
  const items = rows.slice(start, start + size);
  const hasNext = start + size < rows.length;
  return ok({
    items,
    end_cursor: items.length === 0 ? after : `cursor-${start + items.length}`,
    has_next_page: hasNext,
    total: null,
  });
}

type Handler = (world: World, request: Seen, names: readonly string[]) => Reply;

const sessionHandler =
  (handle: (session: StoredSession, world: World, request: Seen) => Reply): Handler =>
  (world, request, [orgId = '', id = '']) => {
    if (!id.startsWith('devin-')) return FORBIDDEN;
    const session = world.store.sessions.find((one) => one.orgId === orgId && `devin-${one.id}` === id);
    return session === undefined ? problem(404, 'Not Found', 'Session not found') : handle(session, world, request);
  };

const create: Handler = ({ store, scripts, lags, now }, { body }, [orgId = '']) => {
  const fields = fieldsOf(body);
  if (typeof fields['prompt'] !== 'string') return problem(422, 'Unprocessable Content', 'body.prompt: Field required');
  const session = new StoredSession(orgId, fields, scripts.create, now(), lags);
  store.sessions.push(session);
  return ok(session.showNew(now()));
};

const list: Handler = ({ store, lags, now }, { query }, [orgId = '']) => {
  const time = now();
  const [after, before] = [query.get('created_after'), query.get('created_before')];
  const ids = query.getAll('session_ids').map((id) => id.replace(/^devin-/, ''));
  const tags = query.getAll('tags');
  const rows = store.sessions.filter(
    (session) =>
      session.orgId === orgId &&
      session.createdAt + (lags.lists ?? 0) * 1000 <= time &&
      (after === null || session.createdAt >= Number(after) * 1000) &&
      (before === null || session.createdAt <= Number(before) * 1000) &&
      (ids.length === 0 || ids.includes(session.id)) &&
      (tags.length === 0 || tags.some((tag) => session.tags(time).includes(tag))),
  );
  return page(
    rows.map((session) => session.show(time)),
    query,
  );
};

const get = sessionHandler((session, { now }) => ok(session.show(now(), true)));

const terminate = sessionHandler((session, { now }, { query }) => {
  session.terminate(now());
  if (query.get('archive') === 'true') session.archived = true;
  return ok(session.show(now()));
});

const archive = sessionHandler((session, { now }) => {
  session.archived = true;
  return ok(session.show(now()));
});

const listMessages = sessionHandler((session, { now }, { query }) => page(session.showMessages(now()), query));

const sendMessage = sessionHandler((session, { now, scripts }, { body }) => {
  const { message } = fieldsOf(body);
  if (typeof message !== 'string') return problem(422, 'Unprocessable Content', 'body.message: Field required');
  session.receive(message, scripts.message, now());
  return ok(session.show(now()));
});

const getTags = sessionHandler((session, { now }) => ok({ tags: session.tags(now()) }));

const tagsOf = (body: unknown): string[] | undefined => {
  const { tags } = fieldsOf(body);
  return Array.isArray(tags) ? tags.map(String) : undefined;
};

const changeTags = (keep: boolean) =>
  sessionHandler((session, { now }, { body }) => {
    const tags = tagsOf(body);
    if (tags === undefined) return problem(422, 'Unprocessable Content', 'body.tags: Field required');
    const all = [...new Set([...(keep ? session.writtenTags : []), ...tags])];
    if (all.length > 50) return problem(422, 'Unprocessable Content', 'body.tags: at most 50');
    session.setTags(all, now());
    return ok({ tags: all });
  });

const shownFile = (file: StoredFile) => ({
  attachment_id: file.attachment_id,
  name: file.name,
  url: attachmentUrl(file),
});

const listFiles = sessionHandler((session) =>
  ok(session.files.map((file) => ({ ...shownFile(file), source: 'devin', content_type: 'text/plain' }))),
);

const upload: Handler = ({ store }, { body }) => {
  const [, name, content] =
    /\bname="file"; filename="([^"]*)"[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(typeof body === 'string' ? body : '') ??
    [];
  if (name === undefined || content === undefined) return problem(422, 'Unprocessable Content', 'body.file: required');
  const file = newFile(name, content);
  store.uploads.push(file);
  return ok(shownFile(file));
};

const download: Handler = ({ store, sign }, _request, [orgId = '', uuid = '', name = '']) => {
  const ofOrganization = store.sessions.filter((session) => session.orgId === orgId);
  const file = [...store.uploads, ...ofOrganization.flatMap(({ files }) => files)].find(
    (one) => one.uuid === uuid && one.name === name,
  );
  return file === undefined ? NOT_FOUND : { status: 307, headers: { location: sign(file) } };
};

const self: Handler = ({ keys }, { authorization: [header = ''] }) => {
  const key = keys[header.replace('Bearer ', '')];
  return ok({
    principal_type: 'service_user',
    service_user_id: 'service-user-11111111111111111111111111111111',
    service_user_name: 'ci-bot',
    org_id: key?.orgId ?? null,
  });
};

const listOrganizations: Handler = ({ organizations }, { query }) =>
  page(
    organizations.map((organization) => ({
      ...organization,
      created_at: 1_700_000_000,
      updated_at: 1_700_000_000,
      max_cycle_acu_limit: null,
      max_session_acu_limit: null,
    })),
    query,
  );

const listOrganizationsV2: Handler = ({ organizations }) =>
  ok({
    items: organizations.map(({ org_id, name }) => ({ org_id, org_name: name, org_member_count: 3 })),
    total: organizations.length,
    skip: 0,
    limit: 200,
    has_more: false,
    next_cursor: null,
  });

const noConsumption: Handler = () => ok({ total_acus: 0.0, consumption_by_date: [] });
const emptyList: Handler = (_world, { query }) => page([], query);

const ORG = '/v3/organizations/([^/]+)';
const SESSION = `${ORG}/sessions/([^/]+)`;

const ROUTES: readonly (readonly [method: string, path: RegExp, Handler])[] = (
  [
    ['POST', `${ORG}/sessions`, create],
    ['GET', `${ORG}/sessions`, list],
    ['GET', SESSION, get],
    ['DELETE', SESSION, terminate],
    ['POST', `${SESSION}/archive`, archive],
    ['GET', `${SESSION}/messages`, listMessages],
    ['POST', `${SESSION}/messages`, sendMessage],
    ['GET', `${SESSION}/tags`, getTags],
    ['PUT', `${SESSION}/tags`, changeTags(false)],
    ['POST', `${SESSION}/tags`, changeTags(true)],
    ['GET', `${SESSION}/attachments`, listFiles],
    ['POST', `${ORG}/attachments`, upload],
    ['GET', `${ORG}/attachments/([^/]+)/([^/]+)`, download],
    ['GET', '/v3/self', self],
    ['GET', '/v3/enterprise/organizations', listOrganizations],
    ['GET', '/v2/enterprise/organizations', listOrganizationsV2],
    ['GET', `(?:${ORG}|/v3/enterprise)/consumption/daily(?:/.*)?`, noConsumption],
    ['GET', '/v3/enterprise/consumption/cycles', emptyList],
  ] as const
).map(([method, path, handler]) => [method, new RegExp(`^${path}$`), handler] as const);

/** Permission is checked before existence: what a key may not see looks like a wrong key (field note 14). */
function refusal({ keys, organizations }: World, { authorization, path }: Seen): Reply | undefined {
  const [header = ''] = authorization;
  const token = /^Bearer (\S+)$/.exec(header)?.[1] ?? '';
  const key = Object.hasOwn(keys, token) ? keys[token] : undefined;
  if (authorization.length !== 1 || key === undefined) return UNAUTHORIZED;
  if (!path.startsWith(key.version === 'v2' ? '/v2/' : '/v3')) return UNAUTHORIZED;
  if (key.orgId !== null && path.includes('/enterprise/')) return UNAUTHORIZED;
  const [, orgId] = /^\/v3\w*\/organizations\/([^/]+)/.exec(path) ?? [];
  if (orgId === undefined) return undefined;
  const isKnown = organizations.some((organization) => organization.org_id === orgId);
  return isKnown && (key.orgId === null || key.orgId === orgId) ? undefined : UNAUTHORIZED;
}

/** Handles a request as the API is reported to. */
export function route(world: World, request: Seen): Reply {
  const refused = refusal(world, request);
  if (refused !== undefined) return refused;
  for (const [method, path, handler] of ROUTES) {
    const match = path.exec(request.path);
    if (match !== null && method === request.method)
      return handler(
        world,
        request,
        match.slice(1).map((name) => decodeURIComponent(name ?? '')),
      );
  }
  return NOT_FOUND;
}
