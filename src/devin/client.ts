import * as z from 'zod/mini';
import { ActionError } from '../contract/errors.ts';
import { isSafe } from '../contract/kinds.ts';
import type { HttpResponse } from '../http/body.ts';
import type { AnswerOf, ApiVersion, BodyOf, Endpoint, ItemOf, ParamsOf, QueryOf } from './endpoint.ts';
import { type PageOf, readPages } from './pagination.ts';
import { answerError, connectionError, type RequestFacts } from './problem.ts';
import type { Transport, TransportRequest } from './transport.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One call of an endpoint. */
export interface Call<E> {
  readonly params: ParamsOf<E>;
  readonly query?: QueryOf<E> & Fields;
  readonly body?: BodyOf<E> & Fields;
  /** Fields that the schema of the body does not know; they override nothing. */
  readonly extraBody?: Fields;
  /** A file to upload, for an endpoint that takes one. */
  readonly file?: NonNullable<AnyCall['file']>;
  /** Ends this call; the run's own signal where absent. */
  readonly signal?: AbortSignal;
  /** End of its attempts, in milliseconds since 1970; the run's own if absent. */
  readonly deadlineAt?: number;
  /** It waits neither for the pace after a 429 nor for other requests: it ends what costs money. */
  readonly urgent?: boolean | undefined;
}

/** Joins a list of issues into `pull_requests.0.pr_url: expected string`. */
export function issueList(issues: readonly z.core.$ZodIssue[]): string[] {
  return issues.map(({ path, message }) => `${path.length === 0 ? 'answer' : path.join('.')}: ${message}`);
}

function queryText(query: Fields): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const entry of Array.isArray(value) ? value : [value]) {
      if (entry !== undefined && entry !== null) pairs.append(name, String(entry));
    }
  }
  return pairs.size === 0 ? '' : `?${pairs}`;
}

/** The Devin API as a client: calls endpoints of the catalogue and checks their answers. */
export class Devin {
  readonly #transport: Transport;
  readonly #prefix: string;
  readonly #version: ApiVersion;

  /** `prefix` is the path of `api_url`, without a slash at its end. */
  constructor(transport: Transport, prefix: string, version: ApiVersion) {
    this.#transport = transport;
    this.#prefix = prefix;
    this.#version = version;
  }

  /** Calls an endpoint. Throws an `ActionError` for everything but a 2xx answer that fits the endpoint's schema. */
  async call<E extends Endpoint>(endpoint: E, call: Call<E>): Promise<AnswerOf<E>> {
    // The schema that checked the answer is the endpoint's own, so what it gives is what AnswerOf names.
    return (await this.#checked(endpoint, endpoint.answer, call)) as AnswerOf<E>;
  }

  /** Reads a list row by row, a page at a time. */
  async *items<E extends Endpoint>(endpoint: E, call: Call<E>): AsyncGenerator<ItemOf<E>> {
    for await (const { items } of this.pages(endpoint, call)) yield* items;
  }

  /** Reads a list page by page, as `readPages` says. */
  async *pages<E extends Endpoint>(endpoint: E, call: Call<E>): AsyncGenerator<PageOf<ItemOf<E>>> {
    const fetch = (query: Fields) => this.#checked(endpoint, endpoint.answer, { ...call, query });
    for await (const page of readPages(endpoint, call.query ?? {}, fetch)) {
      // The endpoint's own schema has checked the rows.
      yield { items: page.items as readonly ItemOf<E>[], next: page.next };
    }
  }

  /** Calls an endpoint and gives the answer as it is: any JSON, unchecked, or undefined where there is none. */
  async raw(endpoint: Endpoint, call: AnyCall): Promise<RawAnswer> {
    const [answer, facts] = await this.#exchange(endpoint, call);
    return { status: answer.status, bytes: answer.body, body: parseAnswer(answer, facts) };
  }

  /**
   * Reads a file that an endpoint redirects to. Its address gets no credential, and must be https unless it is on
   * loopback; a further redirect is not followed.
   */
  async download(endpoint: Endpoint, call: AnyCall): Promise<Buffer> {
    const [redirect, facts] = await this.#exchange(endpoint, call);
    const address = URL.parse(String(redirect.headers['location'] ?? ''));
    if (address === null || !isSafe(address)) {
      throw new ActionError('api_contract', `${facts.summary}: the answer redirects to no address that may be read.`);
    }
    const path = address.pathname + address.search;
    const answer = await this.#deliver(facts, { method: 'GET', path, origin: address.origin, signal: call.signal });
    if (answer.status < 200 || answer.status > 299) throw answerError(answer, facts);
    return answer.body;
  }

  /** Reads a list page by page, its rows as they are. */
  rawPages(endpoint: Endpoint, call: AnyCall): AsyncGenerator<PageOf<unknown>> {
    const fetch = async (query: Fields) => (await this.raw(endpoint, { ...call, query })).body;
    return readPages(endpoint, call.query ?? {}, fetch, true);
  }

  async #checked(endpoint: Endpoint, schema: () => z.ZodMiniType, call: AnyCall): Promise<unknown> {
    const [answer, facts] = await this.#exchange(endpoint, call);
    return check(schema(), parseAnswer(answer, facts), answer, facts);
  }

  async #exchange(endpoint: Endpoint, call: AnyCall): Promise<[HttpResponse, RequestFacts]> {
    const path = this.#path(endpoint, call);
    const facts: RequestFacts = { ...endpoint, path };
    const body = call.extraBody === undefined ? call.body : { ...call.extraBody, ...call.body };
    const answer = await this.#send(facts, call, path + queryText(call.query ?? {}), endpoint, body);
    const isRedirect = endpoint.redirects === true && answer.status >= 300 && answer.status <= 399;
    if (!isRedirect && (answer.status < 200 || answer.status > 299)) throw answerError(answer, facts);
    return [answer, facts];
  }

  async #send(
    facts: RequestFacts,
    call: AnyCall,
    path: string,
    { method }: Endpoint,
    body: unknown,
  ): Promise<HttpResponse> {
    const { signal, deadlineAt, urgent, file } = call;
    const content = file === undefined ? jsonContent(body) : await formContent(file);
    return await this.#deliver(facts, { method, path, ...content, signal, deadlineAt, urgent });
  }

  async #deliver(facts: RequestFacts, request: TransportRequest): Promise<HttpResponse> {
    try {
      return await this.#transport.send(request);
    } catch (thrown) {
      throw connectionError(thrown, facts);
    }
  }

  #path(endpoint: Endpoint, { params, version = this.#version }: AnyCall): string {
    const filled = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
    const versioned = version === 'v3beta1' ? filled.replace(/^\/v3\//, '/v3beta1/') : filled;
    return this.#prefix + versioned;
  }
}

/** An answer as it came: its bytes, and what they say. */
export interface RawAnswer {
  readonly status: number;
  readonly bytes: Buffer;
  readonly body: unknown;
}

/** A call of any endpoint. */
export interface AnyCall {
  readonly params: Readonly<Record<string, string>>;
  readonly query?: Fields;
  readonly body?: Fields | readonly unknown[];
  readonly extraBody?: Fields;
  /** A file to upload, for an endpoint that takes one. */
  readonly file?: { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> };
  readonly signal?: AbortSignal;
  readonly deadlineAt?: number;
  readonly urgent?: boolean | undefined;
  /** The version whose path to use, where it is not the client's own. */
  readonly version?: ApiVersion;
}

type Content = Pick<TransportRequest, 'body' | 'headers'>;

const jsonContent = (body: unknown): Content =>
  body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };

/** One file as `multipart/form-data`. */
async function formContent({ name, bytes }: NonNullable<AnyCall['file']>): Promise<Content> {
  const form = new FormData();
  form.append('file', new Blob([bytes]), name);
  const encoded = new Response(form);
  const body = new Uint8Array(await encoded.arrayBuffer());
  return { body, headers: { 'content-type': encoded.headers.get('content-type') ?? 'multipart/form-data' } };
}

const aboutAnswer = ({ summary, method, path }: RequestFacts) => `${summary}: the answer to ${method} ${path}`;
const detailsOf = ({ status }: HttpResponse, { method }: RequestFacts) => ({ status, ambiguous: method !== 'GET' });

/** The JSON of an answer; undefined for an answer without a body, as some changes give it. */
function parseAnswer(answer: HttpResponse, facts: RequestFacts): unknown {
  if (answer.body.length === 0 && answer.status !== 200) return undefined;
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch (cause) {
    const type = String(answer.headers['content-type'] ?? 'no content type');
    throw new ActionError('api_contract', `${aboutAnswer(facts)} is not JSON (${type}, ${answer.body.length} bytes).`, {
      cause,
      ...detailsOf(answer, facts),
    });
  }
}

function check(schema: z.ZodMiniType, json: unknown, answer: HttpResponse, facts: RequestFacts): unknown {
  const checked = z.safeParse(schema, json);
  if (checked.success) return checked.data;
  throw new ActionError('api_contract', `${aboutAnswer(facts)} breaks the API's contract.`, {
    list: issueList(checked.error.issues),
    ...detailsOf(answer, facts),
  });
}
