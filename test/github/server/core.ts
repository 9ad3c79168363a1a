import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { answerMisfit, isFields, requestMisfits, routeOf } from './document.ts';
import { type Fault, Faults } from './faults.ts';
import { answerGraphql } from './graphql.ts';
import { bodyOf, sendJson } from './http.ts';
import type { Answer } from './paging.ts';
import { HANDLERS } from './routes.ts';
import { mayUse, notAccessible, Refused, State, type Token } from './state.ts';

/** One request that the local GitHub got. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query below the API's root; `/files/…` for what was redirected to. */
  readonly path: string;
  /** 0 where the answer was lost. */
  readonly status: number;
  readonly authorization: boolean;
}

const DOCS = 'https://docs.github.com/rest';

/** The state of the server, and how it answers by it. */
export class Core {
  readonly state: State;
  readonly prefix: string;
  readonly faults = new Faults();
  readonly seen: SeenRequest[] = [];
  readonly breaches: string[] = [];
  latencyMs = 0;
  /** Called with each request before it is answered. */
  before: (method: string, path: string) => void = () => {};
  api = '';
  files = '';

  constructor(repository: string, prefix: string) {
    this.state = new State(repository);
    this.prefix = prefix;
  }

  token(request: IncomingMessage): Token | undefined {
    const [, value = ''] = /^(?:token|bearer) (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
    return this.state.tokens.get(value);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search, searchParams } = new URL(request.url ?? '/', 'http://api');
    const method = request.method ?? 'GET';
    const graphql = pathname === (this.prefix === '' ? '/graphql' : '/api/graphql');
    const path = graphql ? '/graphql' : pathname.slice(this.prefix.length);
    const text = await bodyOf(request);
    this.before(method, path);
    const fault = this.faults.take(method, path, text);
    if (this.latencyMs > 0) await delay(this.latencyMs);
    const token = this.token(request);
    const carryOut = () =>
      graphql ? this.graphql(text, token) : this.rest(method, pathname, searchParams, text, token);
    const answer = fault === undefined || fault.afterCommit === true ? await carryOut() : { status: 200, body: {} };
    const authorization = request.headers.authorization !== undefined;
    const note = (status: number) => this.seen.push({ method, path: path + search, status, authorization });
    if (fault?.lost !== undefined) {
      note(0);
      if (fault.lost === 'reset') request.socket.resetAndDestroy();
      if (fault.lost === 'truncate') {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('[{', () => request.socket.destroy());
      }
      return;
    }
    const { status, headers = {}, body } = fault === undefined ? answer : faulty(fault);
    note(status);
    sendJson(response, status, headers, body);
  }

  async graphql(text: string, token: Token | undefined): Promise<Answer> {
    if (token === undefined) return problem(new Refused(401, 'Bad credentials'));
    const asked: unknown = text === '' ? {} : JSON.parse(text);
    const { query, variables } = isFields(asked) ? asked : {};
    const ask = { query: String(query), variables: isFields(variables) ? variables : {} };
    return { status: 200, body: await answerGraphql(this.state, token, ask, (what) => this.breaches.push(what)) };
  }

  async rest(method: string, pathname: string, query: URLSearchParams, text: string, token?: Token): Promise<Answer> {
    const below = pathname.startsWith(`${this.prefix}/`);
    const route = below ? routeOf(method, pathname.slice(this.prefix.length)) : undefined;
    if (route === undefined) {
      this.breaches.push(`${method} ${pathname}: GitHub has no such route`);
      return problem(new Refused(404, 'Not Found'));
    }
    if (token === undefined) return problem(new Refused(401, 'Bad credentials'));
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const wrong = requestMisfits(route, query, body);
    if (wrong.length > 0) {
      this.breaches.push(...wrong.map((each) => `${route.name}: ${each}`));
      return problem(new Refused(422, `Invalid request.\n\n${wrong.join('\n')}`));
    }
    const handler = HANDLERS[route.name];
    if (handler === undefined) {
      this.breaches.push(`${route.name}: the local GitHub does not serve it`);
      return problem(new Refused(404, 'Not Found'));
    }
    const { state, api, files } = this;
    const asked = { params: route.params, query, body: isFields(body) ? body : {}, token, state, api, files };
    const accepted = handler.accepted(asked);
    const names = accepted.map((set) =>
      Object.entries(set).map(([name, level]) => `${name.replaceAll('-', '_')}=${level}`),
    );
    const header = { 'x-accepted-github-permissions': names.map((set) => set.join(',')).join('; ') };
    const answer = orProblem(() => {
      const { owner, repo } = route.params;
      if (owner !== undefined && `${owner}/${repo}` !== state.repository) throw new Refused(404, 'Not Found');
      if (!mayUse(token, accepted)) throw new Refused(403, notAccessible(token));
      return handler.serve(asked);
    });
    const misfit = answerMisfit(route, answer.status, answer.body);
    if (misfit !== undefined) this.breaches.push(`answer: ${misfit}`);
    return { ...answer, headers: { ...header, ...answer.headers } };
  }
}

const problem = ({ status, message, extra }: Refused): Answer => ({
  status,
  body: { message, ...extra, documentation_url: DOCS, status: String(status) },
});

function orProblem(serve: () => Answer): Answer {
  try {
    return serve();
  } catch (thrown) {
    if (thrown instanceof Refused) return problem(thrown);
    throw thrown;
  }
}

function faulty({ status = 500, message = 'A fault that the test asked for', headers, retryAfter }: Fault): Answer {
  const retry = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return { ...problem(new Refused(status, message)), headers: { ...headers, ...retry } };
}
