import type * as z from 'zod/mini';
import type { Endpoint, Method, ParamsOf } from '../../devin/endpoint.ts';
import { notFound } from '../request/problem.ts';
import { check, checkQuery } from '../request/validate.ts';
import { type Caller, holds, lacks } from './credentials.ts';
import type { World } from './state.ts';
import type { Row } from './table.ts';

/** A request that has found its endpoint and whose caller may use it. */
interface Incoming {
  readonly world: World;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The parsed JSON body, the fields of a form, or undefined where there is none. */
  readonly body: unknown;
}

/** A handler's answer that sends the caller elsewhere. */
export class Redirect {
  readonly location: string;

  /** `location` is an absolute URL. */
  constructor(location: string) {
    this.location = location;
  }
}

/** A checked request, as the handler of one endpoint sees it. */
export interface Call<R extends `${Method} /${string}`, Q extends z.ZodMiniType, B extends z.ZodMiniType> {
  readonly world: World;
  readonly caller: Caller;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  /** A parameter of the path, decoded. */
  param(name: keyof ParamsOf<Endpoint<R>> & string): string;
}

/** The code behind one endpoint. */
export interface Handler {
  readonly endpoint: Endpoint;
  /** Checks query and body, then carries the request out. @throws {Problem} */
  answer(incoming: Incoming): unknown;
}

/** Declares what an endpoint does. `run` gets query and body checked by the endpoint's own schemas. */
export function on<
  R extends `${Method} /${string}`,
  Q extends z.ZodMiniType,
  B extends z.ZodMiniType,
  A extends z.ZodMiniType,
>(endpoint: Endpoint<R, Q, B, A>, run: (call: Call<R, Q, B>) => z.input<A> | Redirect): Handler {
  return {
    endpoint,
    answer({ world, caller, params, query, body }) {
      // Without a schema, the types say "nothing", and the handler has nothing to read.
      const checkedQuery = (endpoint.query ? checkQuery(endpoint.query(), query) : {}) as z.output<Q>;
      const checkedBody = (endpoint.body ? check(endpoint.body(), body, ['body']) : undefined) as z.output<B>;
      return run({ world, caller, query: checkedQuery, body: checkedBody, param: (name) => params[name] ?? '' });
    },
  };
}

/** `on` for an endpoint whose responses may differ from the catalog's types, as those of sessions do on purpose. */
export function loosely<R extends `${Method} /${string}`, Q extends z.ZodMiniType, B extends z.ZodMiniType>(
  endpoint: Endpoint<R, Q, B, z.ZodMiniType>,
  run: (call: Call<R, Q, B>) => unknown,
): Handler {
  return on<R, Q, B, z.ZodMiniType>(endpoint, run);
}

/** The row of a table by id. @throws a 404 that names what is missing. */
export function existing<T>(row: Row<T> | undefined, what: string): Row<T> {
  if (!row) throw notFound(what);
  return row;
}

/** @throws a 403 unless the caller has the permission. */
export function demand(caller: Caller, permission: string): void {
  if (!holds(caller, permission)) throw lacks(caller, [permission]);
}
