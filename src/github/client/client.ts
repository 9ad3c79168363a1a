import * as z from 'zod/mini';
import type { Clock } from '../../contract/clock.ts';
import { ActionError } from '../../contract/errors.ts';
import { isSafe } from '../../contract/kinds.ts';
import { type Http, openHttp, type Retry } from '../../http/exchange.ts';
import type { Env } from '../../http/proxy.ts';
import { type Download, readFile } from './download.ts';
import { fetchOver, type Traits } from './fetch.ts';
import { limitOf } from './limit.ts';
import {
  contractError,
  failureOf,
  githubError,
  type Permissions,
  Refusal,
  type RequestFacts,
  redirectFailure,
  statusOfType,
} from './problem.ts';

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
  /** The environment, for the proxies. */
  readonly env: Env;
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
  readonly parameters: Readonly<Record<string, unknown>>;
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
  /** The address that a request would be sent to. */
  address(ask: Ask): string;
  send(ask: Ask, traits: Traits, redirect: Redirect): Promise<Answer>;
}

const MAX_RETRIES = 5;
const CONCURRENCY = 6;
const HEADERS = { 'x-github-api-version': '2022-11-28' };
const isQuery = (text: unknown) => typeof text === 'string' && /^\s*(query\b|\{)/.test(text);

function httpOf(options: GithubOptions): Http {
  const { maxRetries = MAX_RETRIES, onProgress } = options;
  return openHttp({
    ...options,
    maxRetries,
    concurrency: CONCURRENCY,
    deadlineAt: Number.POSITIVE_INFINITY,
    limitOf,
    givesUpOnLongLimits: true,
    onRetry: ({ method, path, attempt, delayMs, reason }: Retry) => {
      const wait = `retry ${attempt} of ${maxRetries} in ${(delayMs / 1_000).toFixed(1)} s`;
      onProgress(`GitHub: ${reason}: ${method} ${path}, ${wait}`);
    },
  });
}

/** Loads octokit, which a step that requests nothing of GitHub never does. It sends by our own client alone. */
async function connect({ token, apiUrl, userAgent }: GithubOptions, http: Http): Promise<Connection> {
  if (token === '') {
    const fix = 'Leave out `github_token` to use the token of the job, or set it: `${{ github.token }}`.';
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
  return {
    address: (ask) => endpoint(ask).url,
    send: (ask, traits, redirect) =>
      octokit.request({ ...ask, headers: HEADERS, request: { redirect, fetch: fetchOver(http, traits), log } }),
  };
}

/** Carries out a request, and gives its failure the form that users see. */
async function told<T>(facts: RequestFacts, { token, signal }: GithubOptions, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (thrown) {
    signal.throwIfAborted();
    const failure = failureOf(thrown);
    const inner = thrown instanceof Error && thrown.cause instanceof ActionError ? thrown.cause : thrown;
    if (failure === undefined || inner instanceof ActionError) throw inner;
    throw githubError({ ...failure, said: failure.said.replaceAll(token, '***') }, facts);
  }
}

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
  throw new Refusal({ status: statusOfType(first?.type), headers, said });
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
  let opened: { readonly http: Http; readonly connection: Promise<Connection> } | undefined;
  const connected = () => {
    if (opened === undefined) {
      const http = httpOf(options);
      opened = { http, connection: connect(options, http) };
    }
    return opened;
  };
  const exchange = async (call: RestCall, redirect: Redirect = 'follow') => {
    const { route, parameters, summary, permissions } = call;
    const [method = '', url = ''] = route.split(' ');
    const ask = { ...parameters, method, url };
    const { http, connection } = connected();
    const { address, send } = await connection;
    const path = new URL(address(ask)).pathname;
    const facts = { summary, permissions, method, path, changes: method !== 'GET' };
    const traits = { repeatable: !facts.changes || call.repeatable === true };
    const answer = await told(facts, options, async () => {
      const received = await send(ask, traits, redirect);
      const moved = redirect === 'manual' ? undefined : redirectFailure(received.status, received.headers);
      if (moved !== undefined) throw new Refusal(moved);
      return received;
    });
    return { answer, facts, http };
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
      const { send } = await connected().connection;
      const ask = { method: 'POST', url: graphqlUrl, query, variables };
      const traits = { reads: !changes, repeatable: !changes || repeatable === true };
      const data = await told(facts, options, async () =>
        dataOf(await send(ask, traits, 'follow'), facts, partial === true),
      );
      return checked(schema, data, facts);
    },
    async download(call) {
      const { answer, facts, http } = await exchange(call, 'manual');
      const location = URL.parse(String(answer.headers['location'] ?? ''), options.apiUrl);
      if (answer.status < 300 || location === null || !isSafe(location)) {
        throw contractError(facts, ['location: an address that is not allowed']);
      }
      const headers = { 'user-agent': userAgent };
      const onDone = (done: string) => onProgress(`GitHub: ${call.summary}: ${done}`);
      return await told(facts, options, () => readFile(http, location, { headers, onProgress: onDone }));
    },
  };
}
