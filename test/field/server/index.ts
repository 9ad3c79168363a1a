import { type FieldClock, fieldClock } from '../clock.ts';
import { type Identity, listen, type Outcome, type Reply, readRequest, type Seen, send } from './http.ts';
import { type Key, type Organization, route, type World } from './routes.ts';
import { type Script, SMALL_TASK } from './script.ts';
import { type Lags, newFile, type StoredFile, StoredSession } from './store.ts';

/** The organization of most tests. */
export const ORG = 'org-0123456789abcdef0123456789abcdef';
/** Another one of the same enterprise. */
export const OTHER_ORG = 'org-fedcba9876543210fedcba9876543210';
/** Key of the service user of `ORG`, in the form of a real one. */
export const ORG_KEY = `cog_${'field2org7'.repeat(5)}aa`;
/** Key of a service user of the enterprise. */
export const ENTERPRISE_KEY = `cog_${'field2ent7'.repeat(5)}bb`;
/** A personal key of the retired v2. */
export const V2_KEY = `apk_user_${'Zm9vYmFy'.repeat(6)}`;

/** How to start the API. */
export interface FieldOptions {
  readonly clock?: FieldClock;
  readonly port?: number;
  readonly identity?: Identity;
  readonly organizations?: readonly Organization[];
  readonly lags?: Lags;
  /** Lifecycle of new sessions. */
  readonly script?: Script;
  /** Lifecycle after a message. */
  readonly onMessage?: Script;
}

/** Which requests a hook is for, and how often. */
export interface Match {
  readonly method?: string;
  /** Text at the end of the path, or an expression. */
  readonly path?: string | RegExp;
  readonly when?: (request: Seen) => boolean;
  /** How many matching requests pass first. */
  readonly skip?: number;
  /** How many are then caught; all where absent. */
  readonly times?: number;
  /** Catches for so many seconds from the first one; without end where absent. */
  readonly seconds?: number;
}

interface Hook<Act> {
  readonly match: Match;
  readonly act: Act;
  seen: number;
  since: number | undefined;
}

type Before = (request: Seen) => Outcome | undefined | Promise<Outcome | undefined>;
type After = (reply: Reply, request: Seen) => Outcome;

/** An API that behaves as its public clients report, and what a test does to it from outside. */
export interface Field {
  readonly url: string;
  readonly clock: FieldClock;
  readonly sessions: readonly StoredSession[];
  /** An outcome that comes after so many seconds. */
  late(seconds: number, outcome: Outcome): Before;
  /** Every request so far, oldest first. */
  readonly requests: readonly Seen[];
  /** Names of the files that were uploaded. */
  readonly uploads: readonly StoredFile[];
  /** Requests as `GET /v3/…`, of one method where it is given. */
  lines(method?: string): string[];
  /** The only session; an error where there are more or fewer. */
  session(): StoredSession;
  /** Catches requests before they are handled. */
  before(match: Match, act: Before | Outcome): void;
  /** Changes or drops responses after the request took effect. */
  after(match: Match, act: After | Outcome): void;
  /** Sets the lifecycle of new sessions from now on. */
  script(script: Script): void;
  /** Sets the lifecycle after a message. */
  onMessage(script: Script): void;
  /** Starts a session beside the step under test. */
  start(body: Readonly<Record<string, unknown>>, script?: Script, orgId?: string): StoredSession;
  /** Puts a file of Devin's into a session. */
  addFile(session: StoredSession, name: string, content: string): void;
  close(): Promise<void>;
}

const matches = ({ method, path, when }: Match, request: Seen): boolean =>
  (method === undefined || method === request.method) &&
  (path === undefined || (typeof path === 'string' ? request.path.endsWith(path) : path.test(request.path))) &&
  (when === undefined || when(request));

/** Whether a hook catches this request; counts it. */
function catches(hook: Hook<unknown>, request: Seen): boolean {
  const { skip = 0, times = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = hook.match;
  if (!matches(hook.match, request)) return false;
  hook.seen += 1;
  if (hook.seen <= skip || hook.seen > skip + times) return false;
  hook.since ??= request.at;
  return request.at - hook.since <= seconds;
}

const AFTER_WAKING: Script = [
  { at: 3, status: 'running', detail: 'working' },
  { at: 20, detail: 'waiting_for_user', message: 'Done as well.' },
];

/** The server behind signed addresses: it takes no credential, as the storage behind the API. */
function openFiles(seen: Seen[], at: () => number, now: () => number) {
  const files = new Map<string, StoredFile>();
  const server = listen(async (incoming, response) => {
    const request = await readRequest(incoming, at(), 'files');
    seen.push(request);
    const file = files.get(request.path);
    const refused: Reply = { status: 400, raw: '<Error><Code>InvalidArgument</Code></Error>' };
    const found: Reply = { status: 200, headers: { 'content-type': 'text/plain' }, raw: file?.content ?? '' };
    const isSigned = request.query.get('signature') === 'ok';
    if (request.authorization.length > 0 || !isSigned) send(request, response, refused, now());
    else send(request, response, file === undefined ? { status: 404, raw: '<Error/>' } : found, now());
  });
  return { files, server };
}

/** Starts the API on loopback. */
export async function openField(options: FieldOptions = {}): Promise<Field> {
  const clock = options.clock ?? fieldClock();
  const startedAt = clock.now();
  const at = () => (clock.now() - startedAt) / 1000;
  const requests: Seen[] = [];
  const befores: Hook<Before | Outcome>[] = [];
  const afters: Hook<After | Outcome>[] = [];
  const { files, server } = openFiles(requests, at, clock.now);
  const fileServer = await server;
  const world: World = {
    store: { sessions: [], uploads: [] },
    keys: {
      [ORG_KEY]: { orgId: ORG, version: 'v3' },
      [ENTERPRISE_KEY]: { orgId: null, version: 'v3' },
      [V2_KEY]: { orgId: null, version: 'v2' },
    } satisfies Record<string, Key>,
    organizations: options.organizations ?? [
      { org_id: ORG, name: 'Engineering Team' },
      { org_id: OTHER_ORG, name: 'Data Team' },
    ],
    lags: options.lags ?? {},
    scripts: { create: options.script ?? SMALL_TASK, message: options.onMessage ?? AFTER_WAKING },
    now: clock.now,
    sign(file) {
      const path = `/signed/${file.uuid}`;
      files.set(path, file);
      return `${fileServer.url}${path}?signature=ok`;
    },
  };
  const handle = async (request: Seen): Promise<Outcome> => {
    const before = befores.find((hook) => catches(hook, request));
    const early = typeof before?.act === 'function' ? await before.act(request) : before?.act;
    if (early !== undefined) return early;
    const reply = route(world, request);
    const after = afters.find((hook) => catches(hook, request));
    return typeof after?.act === 'function' ? after.act(reply, request) : (after?.act ?? reply);
  };
  const api = await listen(
    async (incoming, response) => {
      const request = await readRequest(incoming, at(), 'api');
      requests.push(request);
      send(request, response, await handle(request), clock.now());
    },
    options.port,
    options.identity,
  );
  return control(api.url, clock, world, requests, befores, afters, async () => {
    await Promise.all([api.close(), fileServer.close()]);
  });
}

function control(
  url: string,
  clock: FieldClock,
  world: World,
  requests: readonly Seen[],
  befores: Hook<Before | Outcome>[],
  afters: Hook<After | Outcome>[],
  close: () => Promise<void>,
): Field {
  const { sessions, uploads } = world.store;
  return {
    url,
    clock,
    sessions,
    late: (seconds, outcome) => async () => {
      await clock.sleep(seconds);
      return outcome;
    },
    requests,
    uploads,
    lines: (method) =>
      requests
        .filter((request) => method === undefined || request.method === method)
        .map((request) => `${request.method} ${request.path}`),
    session() {
      const [only, ...others] = sessions;
      if (only === undefined || others.length > 0) throw new Error(`${sessions.length} sessions`);
      return only;
    },
    before: (match, act) => void befores.push({ match, act, seen: 0, since: undefined }),
    after: (match, act) => void afters.push({ match, act, seen: 0, since: undefined }),
    script(script) {
      world.scripts.create = script;
    },
    onMessage(script) {
      world.scripts.message = script;
    },
    start(body, script = world.scripts.create, orgId = ORG) {
      const session = new StoredSession(orgId, body, script, clock.now(), world.lags);
      sessions.push(session);
      return session;
    },
    addFile: (session, name, content) => void session.files.push(newFile(name, content)),
    close,
  };
}
