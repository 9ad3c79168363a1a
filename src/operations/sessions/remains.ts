import * as z from 'zod/mini';
import type { InputValues } from '../../contract/inputs.ts';
import { lazy } from '../../devin/endpoint.ts';
import type { WriteState } from '../../runner/state.ts';

/** Sessions that a step would leave behind if it were killed now. Only those that it made itself belong here. */
export interface Remains {
  /** Said before a request that may start a session with a tag that no other step uses. */
  pending(orgId: string, tag: string): void;
  /** The session is there, and the step stays with it. It takes the place of what was pending in the organization. */
  open(orgId: string, sessionId: string): void;
  /** Nothing is left to do in the organization: its session has ended, or goes on as the inputs ask. */
  settled(orgId: string): void;
  /** Nothing is left to do anywhere. */
  allSettled(): void;
}

/** Keeps account of them where the post step finds it. With `leave` there is never anything to do. */
export function openRemains(write: WriteState, onCancel: InputValues<'on_cancel'>['on_cancel']): Remains {
  const places = new Map<string, number>();
  const free: number[] = [];
  let used = 0;
  const put = (orgId: string, what: Readonly<Record<string, string>>) => {
    if (onCancel === 'leave') return;
    let at = places.get(orgId);
    if (at === undefined) {
      at = free.pop() ?? used++;
      places.set(orgId, at);
    }
    write(at, { org_id: orgId, ...what, end: onCancel });
  };
  const settled = (orgId: string) => {
    const at = places.get(orgId);
    if (at === undefined) return;
    places.delete(orgId);
    free.push(at);
    write(at, undefined);
  };
  return {
    pending: (orgId, tag) => put(orgId, { tag }),
    open: (orgId, sessionId) => put(orgId, { session_id: sessionId }),
    settled,
    allSettled: () => {
      for (const orgId of [...places.keys()]) settled(orgId);
    },
  };
}

const Id = lazy(() => z.string().check(z.regex(/^[A-Za-z0-9_-]{1,200}$/)));
const Tag = lazy(() => z.string().check(z.regex(/^devin-action:[\w.:-]{1,200}$/)));
const End = lazy(() => z.enum(['terminate', 'archive']));

const Remaining = lazy(() =>
  z.union([
    z.strictObject({ org_id: Id(), session_id: Id(), end: End() }),
    z.strictObject({ org_id: Id(), tag: Tag(), end: End() }),
  ]),
);

/** A session that was left behind: by its id, or by the tag that it has if it was started at all. */
export type Remaining = z.output<ReturnType<typeof Remaining>>;

/** Reads what a step has left in one place; undefined for anything that `openRemains` does not write. */
export function parseRemaining(text: string): Remaining | undefined {
  try {
    return z.safeParse(Remaining(), JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
