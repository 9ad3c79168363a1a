import type * as z from 'zod/mini';
import type { Endpoint, Method } from '../../../devin/endpoint.ts';
import { invalid, invalidField, Problem } from '../../request/problem.ts';
import type { Change } from '../../world/changes.ts';
import type { Handler } from '../../world/handler.ts';

/** The answer of a change that says no more than that it was made. */
export const SUCCESS = { status: 'success' };

/** An ISO date-time of Unix seconds. */
export function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Milliseconds of an ISO date or date-time, which is UTC without an offset; undefined for nothing. @throws a 422 */
export function instant(text: string | null | undefined, name: string): number | undefined {
  if (text === undefined || text === null) return undefined;
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes(':') ? text : `${text}Z`);
  if (!Number.isNaN(ms)) return ms;
  throw invalidField(['query', name], 'Input should be a valid date or date-time', 'datetime_parsing');
}

/** What a v2 request asks of a v3 operation. */
interface Ask {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Carries a v2 request out as the v3 operation that means the same, so that both have one state and one set of rules.
 * `names` says what v2 calls fields of the body that a 422 complains of.
 */
export function viaV3<
  R extends `${Method} /${string}`,
  Q extends z.ZodMiniType,
  B extends z.ZodMiniType,
  A extends z.ZodMiniType,
>(
  handlers: readonly Handler[],
  endpoint: Endpoint<R, Q, B, A>,
  { world, caller }: Change,
  { params = {}, query = {}, body }: Ask,
  names: Readonly<Record<string, string>> = {},
): z.input<A> {
  const handler = handlers.find((one) => one.endpoint.id === endpoint.id);
  if (!handler) throw new Error(`No handler for ${endpoint.id}`);
  try {
    // The handler was declared for this endpoint by `on`, which holds its result to the documented form.
    return handler.answer({ world, caller, params, query: new URLSearchParams(query), body }) as z.input<A>;
  } catch (error) {
    if (!(error instanceof Problem) || !error.errors) throw error;
    const renamed = (part: string | number) => names[part] ?? part;
    throw invalid(error.errors.map((one) => ({ ...one, loc: one.loc.map(renamed) })));
  }
}
