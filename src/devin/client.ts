import * as z from 'zod/mini';
import { ActionError } from '../contract/errors.ts';
import { isSafe } from '../contract/kinds.ts';
import { prefixedId } from '../contract/session-id.ts';
import type { HttpResponse } from '../http/body.ts';
import { missingApi } from './advice.ts';
import type { AnswerOf, ApiVersion, BodyOf, Endpoint, ItemOf, ParamsOf, QueryOf } from './endpoint.ts';
import { type PageOf, readPages } from './pagination.ts';
import { answerError, connectionError, isWebPage } from './problem.ts';
import type { RequestFacts } from './request-facts.ts';
import { type Dropped, droppedFrom } from './tolerant.ts';
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
  /** `return`: a 429 is thrown at once, so that the caller decides when the request is sent again. */
  readonly limited?: 'return' | undefined;
  /** It is sent once, whatever happens: the caller has to check something before each attempt. */
  readonly once?: boolean | undefined;
  /** A list of which a part is missing is an error: a plan that is made of it could open or remove the wrong things. */
  readonly complete?: boolean | undefined;
  /** Told that a page is repeated; without this, it is an error. */
  readonly onRepeat?: () => void;
}

/** Joins a list of issues into `pull_requests.0.pr_url: expected string`. */
function issueList(issues: readonly z.core.$ZodIssue[]): string[] {
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

/** What a client knows of its step. */
export interface ClientFacts {
  /** Address of the API, for what an error advises. */
  readonly apiUrl?: string;
  /** Tells of something that the step survives: a title, and a sentence. */
  readonly warn?: (title: string, message: string) => void;
}

/** The rows of a list: of a page, or of an answer that is the whole list. */
function rowsIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const items = typeof value === 'object' && value !== null && 'items' in value ? value.items : [value];
  return Array.isArray(items) ? items : [];
}

/** A page whose list is null is one without rows. */
const withItems = (json: unknown): unknown =>
  typeof json === 'object' && json !== null && 'items' in json && json.items === null ? { ...json, items: [] } : json;

/** What was left out of the lists of a response. */
function droppedIn(value: unknown): Dropped[] {
  const members = typeof value === 'object' && value !== null ? [value, ...Object.values(value)] : [];
  return members.flatMap((member) => (Array.isArray(member) ? (droppedFrom(member) ?? []) : []));
}

const incomplete = ({ summary, route }: Endpoint, { reason }: Dropped) =>
  new ActionError('api_contract', `${summary}: a row of the list could not be read (${route}): ${reason}`);

/** The Devin API as a client: calls endpoints of the catalogue and checks their answers. */
export class Devin {
  readonly #transport: Transport;
  readonly #prefix: string;
  readonly #version: ApiVersion;

  readonly #facts: ClientFacts;
  readonly #told = new Set<string>();

  /** `prefix` is the path of `api_url`, without a slash at its end. */
  constructor(transport: Transport, prefix: string, version: ApiVersion, facts: ClientFacts = {}) {
    this.#transport = transport;
    this.#prefix = prefix;
    this.#version = version;
    this.#facts = facts;
  }

  /** The time of the API, in milliseconds since 1970: ages and limits depend on it, not on this machine's clock. */
  now(): number {
    return this.#transport.now();
  }

  /** The earliest time that a response has said, in milliseconds since 1970; undefined if none has said any. */
  earliest(): number | undefined {
    return this.#transport.earliest();
  }

  /** How long the next request would wait after a 429, in milliseconds. */
  heldMs(): number {
    return this.#transport.heldMs();
  }

  /** Calls an endpoint. Throws an `ActionError` for everything but a 2xx answer that fits the endpoint's schema. */
  async call<E extends Endpoint>(endpoint: E, call: Call<E>): Promise<AnswerOf<E>> {
    // The schema that checked the answer is the endpoint's own, so what it gives is what AnswerOf names.
    const { value } = await this.#read(endpoint, call);
    this.#tell(endpoint, droppedIn(value));
    return value as AnswerOf<E>;
  }

  /** Reads a list row by row, a page at a time. */
  async *items<E extends Endpoint>(endpoint: E, call: Call<E>): AsyncGenerator<ItemOf<E>> {
    for await (const { items } of this.pages(endpoint, call)) yield* items;
  }

  /** Reads a list page by page, as `readPages` says. */
  async *pages<E extends Endpoint>(endpoint: E, call: Call<E>): AsyncGenerator<PageOf<ItemOf<E>>> {
    let rows: readonly unknown[] = [];
    const dropped: Dropped[] = [];
    const fetch = async (query: Fields) => {
      const { json, value } = await this.#read(endpoint, { ...call, query });
      rows = rowsIn(value);
      dropped.push(...droppedIn(value));
      const [first] = dropped;
      if (first !== undefined && call.complete === true) throw incomplete(endpoint, first);
      return call.complete === true ? json : withItems(json);
    };
    try {
      const onCut = call.complete === true ? undefined : () => this.#tellCut(endpoint);
      const options = { onCut, onRepeat: call.onRepeat };
      for await (const { next, total } of readPages(endpoint, call.query ?? {}, fetch, options)) {
        // The endpoint's own schema has read the rows.
        yield { items: rows as readonly ItemOf<E>[], next, total };
      }
    } finally {
      this.#tell(endpoint, dropped);
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
      throw new ActionError(
        'api_contract',
        `${facts.summary}: the response redirects to an address that is not allowed.`,
      );
    }
    const path = address.pathname + address.search;
    const answer = await this.#deliver(facts, {
      method: 'GET',
      path,
      origin: address.origin,
      signal: call.signal,
    });
    if (answer.status < 200 || answer.status > 299) throw answerError(answer, { ...facts, apiUrl: undefined });
    return answer.body;
  }

  /** Reads a list page by page, its rows as they are. */
  rawPages(endpoint: Endpoint, call: AnyCall): AsyncGenerator<PageOf<unknown>> {
    const fetch = async (query: Fields) => (await this.raw(endpoint, { ...call, query })).body;
    return readPages(endpoint, call.query ?? {}, fetch, { ahead: true });
  }

  async #read(endpoint: Endpoint, call: AnyCall): Promise<{ readonly json: unknown; readonly value: unknown }> {
    const [answer, facts] = await this.#exchange(endpoint, call);
    const json = parseAnswer(answer, facts);
    return { json, value: check(endpoint.answer(), json, answer, facts) };
  }

  /** Warns that a list does not say where it continues. */
  #tellCut({ summary, route }: Endpoint): void {
    const why = 'a page announces a next page, but has no cursor';
    this.#facts.warn?.('Part of a list was left out', `${summary}: ${why} (${route}).`);
  }

  /** Warns of rows that were left out, once for each endpoint: a list that is read again and again is one list. */
  #tell({ id, summary, route }: Endpoint, dropped: readonly Dropped[]): void {
    const [first] = dropped;
    if (first === undefined || this.#told.has(id)) return;
    this.#told.add(id);
    const total = dropped.reduce((sum, { count }) => sum + count, 0);
    const rows = total === 1 ? '1 row was' : `${total} rows were`;
    this.#facts.warn?.('Part of a list was left out', `${summary}: ${rows} not readable (${route}). ${first.reason}`);
  }

  async #exchange(endpoint: Endpoint, call: AnyCall): Promise<[HttpResponse, RequestFacts]> {
    const path = this.#path(endpoint, call);
    const facts: RequestFacts = { ...endpoint, path, apiUrl: this.#facts.apiUrl };
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
    { method, repeatable }: Endpoint,
    body: unknown,
  ): Promise<HttpResponse> {
    const { signal, deadlineAt, urgent, limited, once, file } = call;
    const content = file === undefined ? jsonContent(body) : await formContent(file);
    const sending = { signal, deadlineAt, urgent, limited, once };
    return await this.#deliver(facts, { method, path, repeatable, ...content, ...sending });
  }

  async #deliver(facts: RequestFacts, request: TransportRequest): Promise<HttpResponse> {
    try {
      return await this.#transport.send(request);
    } catch (thrown) {
      throw connectionError(thrown, facts);
    }
  }

  #path(endpoint: Endpoint, { params, version = this.#version }: AnyCall): string {
    const inPath = (name: string) => (name === 'devin_id' ? prefixedId(params[name] ?? '') : (params[name] ?? ''));
    const filled = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(inPath(name)));
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
  readonly limited?: 'return' | undefined;
  readonly once?: boolean | undefined;
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

const aboutAnswer = ({ summary, method, path }: RequestFacts) => `${summary}: the response to ${method} ${path}`;
const detailsOf = ({ status }: HttpResponse, { method }: RequestFacts) => ({ status, ambiguous: method !== 'GET' });

/** The JSON of an answer; undefined for an answer without a body, as some changes give it. */
function parseAnswer(answer: HttpResponse, facts: RequestFacts): unknown {
  if (answer.body.length === 0 && answer.status !== 200) return undefined;
  try {
    // A byte order mark is no part of JSON, and readers may ignore it.
    return JSON.parse(answer.body.toString('utf8').replace(/^\uFEFF/, ''));
  } catch (cause) {
    const type = String(answer.headers['content-type'] ?? 'no content type');
    const advice = isWebPage(type, answer.body) ? missingApi(facts.apiUrl) : {};
    throw new ActionError('api_contract', `${aboutAnswer(facts)} is not JSON (${type}, ${answer.body.length} bytes).`, {
      ...advice,
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
