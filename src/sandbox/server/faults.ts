import * as z from 'zod/mini';
import { lazy } from '../../devin/endpoint.ts';

const KINDS = ['status', 'reset', 'hang', 'truncate', 'garbage'] as const;

/** What `POST /sandbox/faults` takes. Each fault is of exactly one kind. */
export const FaultList = lazy(() =>
  z.array(
    z
      .strictObject({
        method: z.optional(z.enum(['*', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE'])),
        path: z.string().check(z.startsWith('/')),
        times: z.optional(z.int().check(z.gte(1))),
        status: z.optional(z.int().check(z.gte(200), z.lte(599))),
        reset: z.optional(z.boolean()),
        hang: z.optional(z.boolean()),
        truncate: z.optional(z.boolean()),
        garbage: z.optional(z.boolean()),
        retry_after: z.optional(z.union([z.number(), z.string()])),
        after_commit: z.optional(z.boolean()),
        body: z.optional(z.string()),
        content_type: z.optional(z.string()),
      })
      .check(
        z.refine((fault) => KINDS.filter((kind) => fault[kind] !== undefined && fault[kind] !== false).length === 1, {
          error: `A fault should have exactly one of ${KINDS.join(', ')}`,
        }),
      ),
  ),
);

/** A fault, as asked for. */
export type Fault = z.output<ReturnType<typeof FaultList>>[number];

function withoutVersion(path: string): string {
  return path.replace(/^\/(?:v3beta1|v3|v2)(?=\/)/, '');
}

/** Whether a pattern, with or without a version and with `*` for one segment, is met by a path without query. */
export function pathMatches(pattern: string, path: string): boolean {
  const plain = pattern.split('?')[0] ?? '';
  const given = withoutVersion(plain) === plain ? withoutVersion(path) : path;
  const segments = given.split('/');
  const wanted = plain.split('/');
  return wanted.length === segments.length && wanted.every((one, i) => one === '*' || one === segments[i]);
}

/** Faults that wait for their request, in the order in which they were asked for. */
export class Faults {
  #waiting: Array<{ readonly fault: Fault; left: number }> = [];

  /** How many requests will still be hit. */
  get left(): number {
    return this.#waiting.reduce((sum, { left }) => sum + left, 0);
  }

  /** Adds faults behind those that wait already. */
  add(faults: readonly Fault[]): void {
    for (const fault of faults) this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault for a request, used up by one; undefined where none matches. */
  take(method: string, path: string): Fault | undefined {
    const hit = this.#waiting.find(
      ({ fault }) => [undefined, '*', method].includes(fault.method) && pathMatches(fault.path, path),
    );
    if (!hit) return undefined;
    hit.left -= 1;
    if (hit.left === 0) this.#waiting = this.#waiting.filter((one) => one !== hit);
    return hit.fault;
  }

  /** Forgets every fault. */
  clear(): void {
    this.#waiting = [];
  }
}
