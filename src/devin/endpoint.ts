import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';

// zod/mini has no words of its own: without a language, each of its messages is just "Invalid input".
z.config(english());

/** HTTP methods that the Devin API uses. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Which surface of the API a path belongs to. */
export type ApiVersion = 'v3' | 'v3beta1' | 'v2';

/**
 * How a list is read to its end: `cursor` = `first`/`after`, answered with `end_cursor` and `has_next_page`;
 * `limit-offset` = `limit`/`offset` with the same answer; `offset` = `skip`/`limit` of v2, answered with `has_more` and
 * `next_cursor`; `none` = one answer holds everything.
 */
type Paging = 'cursor' | 'limit-offset' | 'offset' | 'none';

/** A schema that is built when it is first needed, so that a start pays only for what it uses. */
type Lazy<T extends z.ZodMiniType> = () => T;

/** Remembers what `build` made, so that every caller gets the same schema. */
export function lazy<T>(build: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: build() };
    return made.value;
  };
}

/** The names between braces in a path template: `/v3/a/{org_id}/{name}` gives `'org_id' | 'name'`. */
type PathNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | PathNames<Rest> : never;

type PathOf<R extends string> = R extends `${Method} ${infer P}` ? P : never;

interface Details<Q extends z.ZodMiniType, B extends z.ZodMiniType, A extends z.ZodMiniType> {
  /** What it does, in a few words. */
  readonly summary: string;
  /** The permissions of which one is needed; two where the documentation names two. Empty: none is documented. */
  readonly permission: readonly string[];
  readonly paging?: Paging;
  readonly query?: Lazy<Q>;
  /** JSON body, or the fields of a `multipart/form-data` body when `multipart` is set. */
  readonly body?: Lazy<B>;
  readonly multipart?: true;
  readonly answer: Lazy<A>;
  /** The answer is a redirect to a file, on whatever origin. */
  readonly redirects?: true;
  /** Fields of the answer that hold a secret which is shown only this once. */
  readonly secrets?: readonly string[];
  /** Sending it twice leaves the same state as once, although its method does not say so. */
  readonly repeatable?: true;
  /** True where an older page shows the same operation under `/v3beta1`. */
  readonly beta?: true;
  /** `field`: no page documents it, but public clients use it. Its ID and its shapes are ours. */
  readonly seen?: 'field';
}

/** One operation of the Devin API, as a value that client, sandbox and documentation all read. */
export interface Endpoint<
  R extends `${Method} /${string}` = `${Method} /${string}`,
  Q extends z.ZodMiniType = z.ZodMiniType,
  B extends z.ZodMiniType = z.ZodMiniType,
  A extends z.ZodMiniType = z.ZodMiniType,
> extends Omit<Details<Q, B, A>, 'repeatable'> {
  /** The operation id, e.g. `createSession`. */
  readonly id: string;
  /** Method and path template together, e.g. `GET /v3/self`. */
  readonly route: R;
  readonly method: Method;
  readonly path: string;
  readonly version: ApiVersion;
  /** Sending it twice leaves the same state as once: every method except most of POST and PATCH. */
  readonly repeatable: boolean;
  readonly paging: Paging;
}

/** The path parameters of an endpoint, by name. */
export type ParamsOf<E> = E extends Endpoint<infer R> ? { readonly [K in PathNames<PathOf<R>>]: string } : never;

/** The query parameters of an endpoint. */
export type QueryOf<E> = E extends { readonly query?: Lazy<infer Q> } ? z.input<Q> : never;

/** The body of an endpoint. */
export type BodyOf<E> = E extends { readonly body?: Lazy<infer B> } ? z.input<B> : never;

/** The checked answer of an endpoint. */
export type AnswerOf<E> = E extends { readonly answer: Lazy<infer A> } ? z.output<A> : never;

/** The answer of an endpoint as the documentation promises it, which is what the sandbox gives. */
export type DocumentedOf<E> = E extends { readonly answer: Lazy<infer A> } ? z.input<A> : never;

/** One row of a list: of its pages, or of an answer that is the whole list. */
export type ItemOf<E> =
  AnswerOf<E> extends ReadonlyArray<infer I>
    ? I
    : AnswerOf<E> extends { readonly items: ReadonlyArray<infer I> }
      ? I
      : never;

/** Declares an endpoint from its operation id and `METHOD /path`. */
export function endpoint<
  const R extends `${Method} /${string}`,
  A extends z.ZodMiniType,
  Q extends z.ZodMiniType = z.ZodMiniType<Record<string, never>, Record<string, never>>,
  B extends z.ZodMiniType = z.ZodMiniType<undefined, undefined>,
>(id: string, route: R, details: Details<Q, B, A>): Endpoint<R, Q, B, A> {
  const space = route.indexOf(' ');
  // The template type of `route` guarantees a method before the first space.
  const method = route.slice(0, space) as Method;
  const path = route.slice(space + 1);
  return {
    paging: 'none',
    ...details,
    id,
    route,
    method,
    path,
    version: path.startsWith('/v3beta1/') ? 'v3beta1' : path.startsWith('/v3/') ? 'v3' : 'v2',
    repeatable: details.repeatable ?? (method !== 'POST' && method !== 'PATCH'),
  };
}

const isEndpoint = (value: unknown): value is Endpoint =>
  typeof value === 'object' && value !== null && 'route' in value && 'answer' in value;

/** The endpoints among the exports of a module. */
export const endpointsOf = (module: Readonly<Record<string, unknown>>): Endpoint[] =>
  Object.values(module).filter(isEndpoint);
