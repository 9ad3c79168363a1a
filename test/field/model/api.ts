import type { Transport, TransportRequest } from '../../../src/devin/transport.ts';
import type { HttpResponse } from '../../../src/http/body.ts';
import { RequestFailure } from '../../../src/http/failure.ts';
import type { Reply, Seen } from '../server/http.ts';
import { ORG, ORG_KEY } from '../server/index.ts';
import { route, type World } from '../server/routes.ts';
import type { ScriptStep } from '../server/script.ts';
import type { StoredSession } from '../server/store.ts';
import type { VirtualClock } from './clock.ts';

/** What happens to a request that creates a session. */
export type Fault =
  | 'none'
  /** It never arrives, and gets no response. */
  | 'dropped'
  /** It is carried out, and the response is lost. */
  | 'lost'
  | '429'
  | '429 carried out'
  /** A gateway gives up, and the API carries it out so many seconds later. */
  | { readonly late: number };

/** How a session lives. */
export type Fate = 'done' | 'asks' | 'sleeps' | 'fails' | 'exits' | 'works';

const STARTS: readonly ScriptStep[] = [
  { at: 0, status: 'new', detail: null },
  { at: 3, status: 'running', detail: 'working' },
];
const report = (outcome: string) => ({ outcome, summary: 'As asked.' });

/** The end of each life; the work takes 20 seconds. */
const ENDS: Readonly<Record<Fate, readonly ScriptStep[]>> = {
  done: [
    { at: 20, detail: 'waiting_for_user', output: report('done'), message: 'Done.' },
    { at: 35, status: 'suspended', detail: 'inactivity' },
  ],
  asks: [{ at: 20, status: 'suspended', detail: 'inactivity', output: report('question'), message: 'Which?' }],
  sleeps: [{ at: 20, status: 'suspended', detail: 'inactivity', message: 'Hm.' }],
  fails: [{ at: 20, status: 'error', detail: null }],
  exits: [{ at: 20, status: 'exit', detail: null }],
  works: [],
};

const LATENCY_MS = 200;

/** A session that a request started, with what is known from outside. */
export interface Made {
  readonly session: StoredSession;
  readonly fate: Fate;
  readonly at: number;
}

/** The independent API at a virtual time, without a network. */
export class ModelApi {
  readonly clock: VirtualClock;
  readonly world: World;
  readonly made: Made[] = [];
  /** When each request for a session was sent. */
  readonly creates: number[] = [];
  /** Messages to sessions that had done their work. */
  needless = 0;
  readonly #fates: Fate[];

  constructor(clock: VirtualClock, lists: number, fates: readonly Fate[]) {
    this.clock = clock;
    this.#fates = [...fates];
    this.world = {
      store: { sessions: [], uploads: [] },
      keys: { [ORG_KEY]: { orgId: ORG, version: 'v3' } },
      organizations: [{ org_id: ORG, name: 'Engineering Team' }],
      lags: { lists, delete: 10 },
      scripts: { create: [], message: [...STARTS, ...ENDS.done] },
      now: () => clock.now(),
      sign: () => '',
    };
  }

  /** What each session of the API shows now. */
  shown(): Array<Made & { readonly view: Record<string, unknown> }> {
    return this.made.map((one) => ({ ...one, view: one.session.show(this.clock.now()) }));
  }

  #noteMessage(path: string): void {
    const to = this.made.find(({ session }) => path.includes(session.id));
    if (JSON.stringify(to?.session.show(this.clock.now())['structured_output']).includes('"done"')) this.needless += 1;
  }

  #create(body: unknown): Reply {
    const fate = this.#fates.shift() ?? 'done';
    this.world.scripts.create = [...STARTS, ...ENDS[fate]];
    const reply = route(this.world, seen('POST', `/v3/organizations/${ORG}/sessions`, body, this.clock.now()));
    const session = this.world.store.sessions.at(-1);
    if (session !== undefined) this.made.push({ session, fate, at: this.clock.now() });
    return reply;
  }

  #faulty(fault: Fault, body: unknown): Reply | 'lost' {
    if (typeof fault === 'object') {
      this.clock.at(this.clock.now() + fault.late * 1_000, () => void this.#create(body));
      return { status: 504 };
    }
    if (fault === 'dropped') return 'lost';
    if (fault === '429') return { status: 429 };
    const reply = this.#create(body);
    if (fault === 'lost') return 'lost';
    return fault === '429 carried out' ? { status: 429 } : reply;
  }

  /** A client of one step. `isGone`: its process was killed, so that nothing comes back any more. */
  transport(faults: Fault[], signal: AbortSignal, isGone: () => boolean): Transport {
    const { clock, world } = this;
    const handle = (request: TransportRequest): Reply | 'lost' => {
      const body: unknown = typeof request.body === 'string' ? JSON.parse(request.body) : '';
      const { method, path } = request;
      if (method === 'POST' && path.endsWith('/messages')) this.#noteMessage(path);
      if (method !== 'POST' || !path.endsWith('/sessions')) return route(world, seen(method, path, body, clock.now()));
      this.creates.push(clock.now());
      return this.#faulty(faults.shift() ?? 'none', body);
    };
    return {
      journal: [],
      close: async () => undefined,
      now: () => clock.now(),
      heldMs: () => 0,
      earliest: () => undefined,
      async send(request) {
        const stop = request.signal ?? signal;
        const aborted = (left: boolean) =>
          new RequestFailure('aborted', 'it was stopped', { left, cause: stop.reason });
        if (stop.aborted) throw aborted(false);
        const reply = isGone() ? 'lost' : handle(request);
        await clock.sleep(LATENCY_MS, stop).catch(() => {
          throw aborted(true);
        });
        if (isGone()) return await new Promise<HttpResponse>(() => undefined);
        if (reply === 'lost') throw new RequestFailure('connection', 'the connection was reset', { left: true });
        const text = reply.raw ?? (reply.body === undefined ? '' : JSON.stringify(reply.body));
        return { status: reply.status, headers: { 'content-type': 'application/json' }, body: Buffer.from(text) };
      },
    };
  }
}

function seen(method: string, path: string, body: unknown, at: number): Seen {
  const { pathname, searchParams } = new URL(path, 'http://field');
  return {
    method,
    path: pathname,
    query: searchParams,
    headers: {},
    authorization: [`Bearer ${ORG_KEY}`],
    body,
    httpVersion: '1.1',
    at,
    server: 'api',
  };
}
