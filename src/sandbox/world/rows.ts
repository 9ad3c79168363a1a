import type * as z from 'zod/mini';
import type { Endpoint, Method, ParamsOf } from '../../devin/endpoint.ts';
import { pageOf } from '../request/page.ts';
import { recordChange } from './changes.ts';
import { existing, type Handler, on } from './handler.ts';
import type { State, World } from './state.ts';
import type { Row, Table } from './table.ts';

type Route = `${Method} /${string}`;
type Parameter<R extends Route> = keyof ParamsOf<Endpoint<R>> & string;
type PageQuerySchema = z.ZodMiniType<{ first?: number | undefined; after?: string | null | undefined }>;

/** An organization as the state keeps it. */
export type OrganizationRow = ReturnType<State['organizations']['add']>;

/** The organization that a path names. @throws a 404 */
export function organizationOf({ world, param }: { world: World; param(name: 'org_id'): string }): OrganizationRow {
  return existing(world.state.organizations.get(param('org_id')), 'Organization');
}

/** A row that belongs to an organization. @throws a 404, also for one of another organization. */
export function rowOf<T>(table: Table<T>, id: string, orgId: string, what: string): Row<T> {
  const row = table.get(id);
  return existing(row?.orgId === orgId ? row : undefined, what);
}

/** Whether a row belongs to the enterprise or to an organization that is still there. */
export function isInReach<T>({ state }: World, { orgId }: Row<T>): boolean {
  return orgId === null || state.organizations.get(orgId) !== undefined;
}

/** A row of the enterprise or of any organization that is still there. @throws a 404 */
export function anyRow<T>(world: World, table: Table<T>, id: string, what: string): Row<T> {
  const row = table.get(id);
  return existing(row && isInReach(world, row) ? row : undefined, what);
}

/** Which rows a list holds, and from where. */
interface Rows<T, R extends Route, Q extends z.ZodMiniType> {
  /** Where the rows are kept. */
  readonly table: (world: World) => Table<T>;
  /** The path parameter that names an organization: only its rows are listed, and it has to exist. */
  readonly of?: Parameter<R>;
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
    const { of, where } = rows;
    const all = rows.table(call.world).all();
    let found: readonly Row<T>[];
    if (of === undefined) found = all.filter((row) => isInReach(call.world, row));
    else {
      const { id } = existing(call.world.state.organizations.get(call.param(of)), 'Organization');
      found = all.filter((row) => row.orgId === id);
    }
    if (where) found = found.filter((row) => where(row, call));
    const query: z.output<PageQuerySchema> = call.query;
    return pageOf(endpoint.id, found, query, (row) => row.value);
  });
  return handler;
}

/** One row that a path names. */
interface OneRow<T, R extends Route> {
  /** Where the row is kept. */
  readonly table: (world: World) => Table<T>;
  /** The path parameter that holds its id. */
  readonly key: Parameter<R>;
  /** The path parameter that names the organization to which the row has to belong. */
  readonly of?: Parameter<R>;
  /** What a 404 calls it. */
  readonly what: string;
}

function find<T, R extends Route>(
  row: OneRow<T, R>,
  world: World,
  param: (name: Parameter<R>) => string,
): { readonly table: Table<T>; readonly found: Row<T> } {
  const table = row.table(world);
  const id = param(row.key);
  if (row.of === undefined) return { table, found: anyRow(world, table, id, row.what) };
  const organization = existing(world.state.organizations.get(param(row.of)), 'Organization');
  return { table, found: rowOf(table, id, organization.id, row.what) };
}

/** Declares the answer that shows one row. */
export function shows<T, R extends Route, Q extends z.ZodMiniType, B extends z.ZodMiniType, A extends z.ZodMiniType>(
  endpoint: Endpoint<R, Q, B, A>,
  row: OneRow<T, R>,
): Handler {
  return on<R, Q, B, z.ZodMiniType>(endpoint, ({ world, param }) => find(row, world, param).found.value);
}

/** Declares the change that takes one row away and shows it for the last time. */
export function removes<T, R extends Route, Q extends z.ZodMiniType, B extends z.ZodMiniType, A extends z.ZodMiniType>(
  endpoint: Endpoint<R, Q, B, A>,
  row: OneRow<T, R> & {
    /** The audit action. */
    readonly action: string;
    /** What the audit event says besides the row's id. */
    readonly data?: (value: T) => Record<string, unknown>;
  },
): Handler {
  return on<R, Q, B, z.ZodMiniType>(endpoint, (call) => {
    const { table, found } = find(row, call.world, call.param);
    table.remove(found.id);
    recordChange(call, row.action, found.orgId, { [row.key]: found.id, ...row.data?.(found.value) });
    return found.value;
  });
}
