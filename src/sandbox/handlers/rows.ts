import type * as z from 'zod/mini';
import type { Endpoint, Method, ParamsOf } from '../../devin/endpoint.ts';
import { existing, type Handler, on } from '../handler.ts';
import { pageOf } from '../page.ts';
import type { World } from '../state.ts';
import type { Row, Table } from '../table.ts';

type Route = `${Method} /${string}`;
type Parameter<R extends Route> = keyof ParamsOf<Endpoint<R>> & string;
type PageQuerySchema = z.ZodMiniType<{ first?: number | undefined; after?: string | null | undefined }>;

/** Which rows a list holds, and from where. */
interface Rows<T, R extends Route, Q extends z.ZodMiniType> {
  /** Where the rows are kept. */
  readonly table: (world: World) => Table<T>;
  /** Leaves out rows; without it, every row is listed. */
  readonly where?: (row: Row<T>, given: { param(name: Parameter<R>): string; query: z.output<Q> }) => boolean;
  /** Refuses the call before anything is listed, such as for a parent that is missing. */
  readonly guard?: (world: World, given: { param(name: Parameter<R>): string }) => void;
}

/** Declares a cursor-paged list over a table's rows. */
export function lists<T, R extends Route, Q extends PageQuerySchema, B extends z.ZodMiniType, A extends z.ZodMiniType>(
  endpoint: Endpoint<R, Q, B, A>,
  rows: Rows<T, R, Q>,
): Handler {
  const handler = on<R, Q, B, z.ZodMiniType>(endpoint, (call) => {
    rows.guard?.(call.world, call);
    const { where } = rows;
    const all = rows.table(call.world).all();
    const query: z.output<PageQuerySchema> = call.query;
    return pageOf(endpoint.id, where ? all.filter((row) => where(row, call)) : all, query, (row) => row.value);
  });
  return handler;
}

/** Declares the answer that shows one row, found by the id in the path parameter `key`. */
export function shows<T, R extends Route, Q extends z.ZodMiniType, B extends z.ZodMiniType, A extends z.ZodMiniType>(
  endpoint: Endpoint<R, Q, B, A>,
  row: { readonly table: (world: World) => Table<T>; readonly key: Parameter<R>; readonly what: string },
): Handler {
  return on<R, Q, B, z.ZodMiniType>(endpoint, (call) => {
    return existing(row.table(call.world).get(call.param(row.key)), row.what).value;
  });
}
