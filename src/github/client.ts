import * as z from 'zod/mini';
import type { Clock } from '../contract/clock.ts';
import { ActionError } from '../contract/errors.ts';
import { isSafe } from '../contract/kinds.ts';
import { type Download, readFile } from './download.ts';
import { type Fetch, routed, wholeFetch } from './fetch.ts';
import { contractError, failureOf, githubError, type Permissions, Refusal, type RequestFacts } from './problem.ts';
import { delayBefore } from './retry.ts';

/** What a client needs to know. */
export interface GithubOptions {
  /** Value of `github_token`. */
  readonly token: string;
  /** The REST API: `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  /** The GraphQL API: `https://api.github.com/graphql`, or `https://HOST/api/graphql`. */
  readonly graphqlUrl: string;
  readonly userAgent: string;
  /** Lets nothing through that changes something. */
  readonly dryRun: boolean;
  /** Ends every request and every wait. */
  readonly signal: AbortSignal;
  /** Time for one try, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Retries of a request that may be repeated safely; 5 where absent. */
  readonly maxRetries?: number;
  readonly clock: Clock;
  /** Told in one line what keeps a request waiting, and how far a download is. */
  readonly onProgress: (text: string) => void;
}

/** What every request says about itself. */
interface About {
  /** What it is to do, e.g. `Read the comments`. */
  readonly summary: string;
  /** What the token needs for it, for the advice where GitHub itself does not say it. */
  readonly permissions: Permissions;
}

/** One request to the REST API. */
export interface RestCall extends About {
  /** Method and path, e.g. `GET /repos/{owner}/{repo}/issues/{issue_number}/comments`. */
  readonly route: `${'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'} /${string}`;
  /** Values for the path; what is left becomes the query or the body. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** A change that gives the same when it is made twice; reading always may be repeated. */
  readonly repeatable?: true;
}

/** One request to the GraphQL API. */
export interface GraphqlCall extends About {
  /** One query or one mutation. */
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** A mutation that gives the same when it is made twice; a query always may be repeated. */
  readonly repeatable?: true;
  /** Nodes that GitHub does not know are left out, rather than an error. */
  readonly partial?: true;
}

/** The GitHub API as a client. Every method throws an `ActionError` for everything but an answer that fits its schema. */
export interface Github {
  /** Calls the REST API. */
  rest<S extends z.ZodMiniType>(call: RestCall, answer: S): Promise<z.output<S>>;
  /** Reads a list of the REST API page by page, to its end. */
  pages<S extends z.ZodMiniType>(call: RestCall, answer: S): AsyncGenerator<z.output<S>>;
  /** Calls the GraphQL API and gives `data`. */
  graphql<S extends z.ZodMiniType>(call: GraphqlCall, data: S): Promise<z.output<S>>;
  /** Reads a file that the REST API redirects to. Its address must be https or loopback, and never sees the token. */
  download(call: RestCall): Promise<Download>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: unknown;
}

/** A request as octokit takes it. */
interface Ask {
  readonly method: string;
  readonly url: string;
  readonly [parameter: string]: unknown;
}

type Redirect = NonNullable<RequestInit['redirect']>;

interface Connection {
  /** The address that a request would go to. */
  address(ask: Ask): string;
  send(ask: Ask, signal: AbortSignal, redirect: Redirect): Promise<Answer>;
  readonly fetch: Fetch;
}

const MAX_RETRIES = 5;
const HEADERS = { 'x-github-api-version': '2022-11-28' };
const isQuery = (text: unknown) => typeof text === 'string' && /^\s*(query\b|\{)/.test(text);
const isRead = ({ method, url, query }: Ask, graphqlUrl: string) =>
  method === 'GET' || method === 'HEAD' || (url === graphqlUrl && isQuery(query));

/** Loads octokit, which a step that asks GitHub nothing never does. Nothing of it is taken from the environment but the proxy. */
async function connect(options: GithubOptions): Promise<Connection> {
  const { token, apiUrl, graphqlUrl, userAgent, dryRun } = options;
  if (token === '') {
    const fix = 'Leave out `github_token` to use the token of the job, or give it one: `${{ github.token }}`.';
    throw new ActionError('credential_missing', 'GitHub: the input `github_token` is empty.', {
      title: 'No GitHub token',
      fix,
    });
  }
  const { getOctokit } = await import('@actions/github');
  const quiet = () => {};
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const octokit = getOctokit(token, { baseUrl: apiUrl, userAgent, log });
  const { endpoint } = octokit.request;
  // What @actions/github would send with: it knows the runner's proxy.
  const send = routed(endpoint.DEFAULTS.request?.fetch ?? fetch);
  const whole = wholeFetch(send);
  const address = (ask: Ask) => endpoint(ask).url;
  if (dryRun) {
    octokit.hook.before('request', (ask) => {
      if (isRead(ask, graphqlUrl)) return;
      const { pathname } = new URL(address(ask));
      throw new ActionError('gate_closed', `dry run: ${ask.method} ${pathname} was not sent`, {
        fix: 'Set `dry_run: false` to send it.',
      });
    });
  }
  return {
    address,
    fetch: send,
    send: (ask, signal, redirect) =>
      octokit.request({ ...ask, headers: HEADERS, request: { signal, redirect, fetch: whole, log } }),
  };
}

/** Carries a request through its tries. */
function repeater(options: GithubOptions) {
  const { clock, signal, requestTimeoutMs, maxRetries = MAX_RETRIES, onProgress } = options;
  return async <T>(facts: RequestFacts, repeatable: boolean, once: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      const limit = clock.deadline(requestTimeoutMs);
      try {
        return await once(AbortSignal.any([signal, limit]));
      } catch (thrown) {
        signal.throwIfAborted();
        const failure = failureOf(thrown);
        const inner = thrown instanceof ActionError ? thrown : failure?.cause;
        if (failure === undefined || inner instanceof ActionError) throw inner ?? thrown;
        const told = limit.aborted
          ? { status: 0, headers: {}, said: `no whole answer within ${requestTimeoutMs / 1_000} s` }
          : { ...failure, said: failure.said.replaceAll(options.token, '***') };
        const now = clock.now();
        const delayMs = delayBefore(told, { repeatable, attempt, now, random: clock.random() });
        if (delayMs === undefined || attempt > maxRetries) throw githubError(told, facts);
        const reason = told.status === 0 ? told.said : `HTTP ${told.status}`;
        const wait = `retry ${attempt} of ${maxRetries} in ${(delayMs / 1_000).toFixed(1)} s`;
        onProgress(`GitHub: ${reason}: ${facts.method} ${facts.path}, ${wait}`);
        await clock.sleep(delayMs, signal);
      }
    }
  };
}

const STATUSES: Readonly<Record<string, number>> = {
  NOT_FOUND: 404,
  FORBIDDEN: 403,
  INSUFFICIENT_SCOPES: 403,
  RATE_LIMITED: 429,
};

const GraphqlAnswer = z.object({
  data: z.optional(z.unknown()),
  errors: z.optional(z.array(z.object({ type: z.optional(z.string()), message: z.string() }))),
});

/** The data of a GraphQL answer, whose errors come with status 200. */
function dataOf({ data: body, headers }: Answer, facts: RequestFacts, partial: boolean): unknown {
  const answer = checked(GraphqlAnswer, body, facts);
  const errors = answer.errors ?? [];
  const [first] = partial ? errors.filter(({ type }) => type !== 'NOT_FOUND') : errors;
  if (first === undefined && answer.data !== null) return answer.data;
  const said = errors.map(({ message }) => message).join('; ');
  throw new Refusal({ status: STATUSES[first?.type ?? ''] ?? 422, headers, said });
}

function checked<S extends z.ZodMiniType>(schema: S, json: unknown, facts: RequestFacts): z.output<S> {
  const result = z.safeParse(schema, json);
  if (result.success) return result.data;
  const list = result.error.issues.map(({ path, message }) => `${path.join('.') || 'answer'}: ${message}`);
  throw contractError(facts, list);
}

const hasNext = ({ headers }: Answer) => /rel="next"/.test(String(headers['link'] ?? ''));

/** Opens a client. Nothing is loaded and nothing is sent before its first request. */
export function openGithub(options: GithubOptions): Github {
  const { graphqlUrl, onProgress, userAgent } = options;
  const repeat = repeater(options);
  let connection: Promise<Connection> | undefined;
  const connected = () => {
    connection ??= connect(options);
    return connection;
  };
  const prepared = async ({ route, parameters, summary, permissions }: RestCall) => {
    const [method = '', url = ''] = route.split(' ');
    const ask = { ...parameters, method, url };
    const { address, ...rest } = await connected();
    const path = new URL(address(ask)).pathname;
    return { ...rest, ask, facts: { summary, permissions, method, path, changes: method !== 'GET' } };
  };
  const exchange = async (call: RestCall, redirect: Redirect = 'follow') => {
    const { send, ask, facts, fetch: plain } = await prepared(call);
    const repeatable = !facts.changes || call.repeatable === true;
    const answer = await repeat(facts, repeatable, (signal) => send(ask, signal, redirect));
    return { answer, facts, plain };
  };
  return {
    async rest(call, schema) {
      const { answer, facts } = await exchange(call);
      return checked(schema, answer.data, facts);
    },
    async *pages(call, schema) {
      for (let page = 1; ; page += 1) {
        const { answer, facts } = await exchange({
          ...call,
          parameters: { per_page: 100, ...call.parameters, page },
        });
        yield checked(schema, answer.data, facts);
        if (!hasNext(answer)) return;
      }
    },
    async graphql({ query, variables, summary, permissions, repeatable, partial }, schema) {
      const changes = !isQuery(query);
      const path = new URL(graphqlUrl).pathname;
      const facts = { summary, permissions, method: 'POST', path, changes };
      const { send } = await connected();
      const ask = { method: 'POST', url: graphqlUrl, query, variables };
      const data = await repeat(facts, !changes || repeatable === true, async (signal) =>
        dataOf(await send(ask, signal, 'follow'), facts, partial === true),
      );
      return checked(schema, data, facts);
    },
    async download(call) {
      const { answer, facts, plain } = await exchange(call, 'manual');
      const location = URL.parse(String(answer.headers['location'] ?? ''), options.apiUrl);
      if (answer.status < 300 || location === null || !isSafe(location)) {
        throw contractError(facts, ['location: no address that may be read']);
      }
      const headers = { 'user-agent': userAgent };
      const told = (done: string) => onProgress(`GitHub: ${call.summary}: ${done}`);
      return await repeat(facts, true, (signal) => readFile(plain, location, { headers, signal, onProgress: told }));
    },
  };
}
