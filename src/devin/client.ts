import * as z from 'zod/mini';
import { ActionError } from '../contract/errors.ts';
import {
  type AnswerOf,
  type ApiVersion,
  type BodyOf,
  type Endpoint,
  type ItemOf,
  lazy,
  type ParamsOf,
  type QueryOf,
} from './endpoint.ts';
import { answerError, connectionError, type RequestFacts } from './problem.ts';
import type { Answer, Transport } from './transport.ts';

/** One page of a list, and the cursor behind it. */
export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** One call of an endpoint. */
export interface Call<E> {
  readonly params: ParamsOf<E>;
  readonly query?: QueryOf<E> & Fields;
  readonly body?: BodyOf<E> & Fields;
  /** Fields that the schema of the body does not know; they override nothing. */
  readonly extraBody?: Fields;
  /** Ends this call; the run's own signal where absent. */
  readonly signal?: AbortSignal;
  /** End of its tries, in milliseconds since 1970; the run's own where absent. */
  readonly deadlineAt?: number;
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

  /** Reads a cursor-paged list row by row, a page at a time. */
  async *items<E extends Endpoint>(endpoint: E, call: Call<E>): AsyncGenerator<ItemOf<E>> {
    for await (const { items } of this.pages(endpoint, call)) yield* items;
  }

  /**
   * Reads a cursor-paged list page by page. `next` is the cursor behind a page, undefined on the last one. A cursor that
   * comes back is an error, not a loop.
   */
  async *pages<E extends Endpoint>(endpoint: E, call: Call<E>): AsyncGenerator<PageOf<ItemOf<E>>> {
    const seen = new Set<string>();
    let query: Fields = call.query ?? {};
    for (;;) {
      const answer = await this.#checked(endpoint, endpoint.answer, { ...call, query });
      const page = z.parse(Page(), answer);
      // The endpoint's own schema has checked the rows.
      const items = page.items as readonly ItemOf<E>[];
      if (page.has_next_page !== true) {
        yield { items, next: undefined };
        return;
      }
      const next = page.end_cursor;
      if (typeof next !== 'string' || seen.has(next)) {
        throw new ActionError(
          'api_contract',
          `${endpoint.summary}: the list does not come to its end (${endpoint.route}).`,
        );
      }
      yield { items, next };
      seen.add(next);
      query = { ...query, after: next };
    }
  }

  async #checked(endpoint: Endpoint, schema: () => z.ZodMiniType, call: AnyCall): Promise<unknown> {
    const path = this.#path(endpoint, call.params);
    const facts: RequestFacts = { ...endpoint, path };
    const body =
      call.body === undefined && call.extraBody === undefined ? undefined : { ...call.extraBody, ...call.body };
    const answer = await this.#send(facts, call, path + queryText(call.query ?? {}), endpoint, body);
    if (answer.status < 200 || answer.status > 299) throw answerError(answer, facts);
    return check(schema(), answer, facts);
  }

  async #send(facts: RequestFacts, call: AnyCall, path: string, { method }: Endpoint, body: unknown): Promise<Answer> {
    const json =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    try {
      return await this.#transport.send({ method, path, ...json, signal: call.signal, deadlineAt: call.deadlineAt });
    } catch (thrown) {
      throw connectionError(thrown, facts);
    }
  }

  #path(endpoint: Endpoint, params: Readonly<Record<string, string>>): string {
    const filled = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
    const versioned = this.#version === 'v3beta1' ? filled.replace(/^\/v3\//, '/v3beta1/') : filled;
    return this.#prefix + versioned;
  }
}

/** A call of any endpoint. */
interface AnyCall {
  readonly params: Readonly<Record<string, string>>;
  readonly query?: Fields;
  readonly body?: Fields;
  readonly extraBody?: Fields;
  readonly signal?: AbortSignal;
  readonly deadlineAt?: number;
}

/** The envelope that all cursor-paged lists share; the endpoint's own schema has checked the rows. */
const Page = lazy(() =>
  z.object({
    items: z.array(z.unknown()),
    end_cursor: z.nullish(z.string()),
    has_next_page: z.optional(z.boolean()),
  }),
);

function check(schema: z.ZodMiniType, answer: Answer, facts: RequestFacts): unknown {
  const about = `${facts.summary}: the answer to ${facts.method} ${facts.path}`;
  const details = { status: answer.status, ambiguous: facts.method !== 'GET' };
  let json: unknown;
  try {
    json = JSON.parse(answer.body.toString('utf8'));
  } catch (cause) {
    const type = String(answer.headers['content-type'] ?? 'no content type');
    throw new ActionError('api_contract', `${about} is not JSON (${type}, ${answer.body.length} bytes).`, {
      cause,
      ...details,
    });
  }
  const checked = z.safeParse(schema, json);
  if (checked.success) return checked.data;
  const list = issueList(checked.error.issues);
  throw new ActionError('api_contract', `${about} breaks the API's contract.`, { list, ...details });
}
