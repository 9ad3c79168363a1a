import * as z from 'zod/mini';
import type { InputValues } from '../contract/inputs.ts';
import { lazy } from '../devin/endpoint.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { WriteState } from '../runner/state.ts';

type Ending = InputValues<'on_cancel'>['on_cancel'];

/** The key of a session: its tag, and whether only this run has it. */
interface Key {
  readonly tag: string;
  readonly scope: 'run' | 'text';
}

/** Why a step could not find out whether its request started a session. */
export type Cut = 'timeout' | 'other';

/**
 * Sessions that a step would leave behind if it were killed now. Only those that it made itself belong here. Each change
 * is written at once: the step may be killed right after.
 */
export interface Remains {
  /** Before a request that may start a session with the tag of the key. */
  pending(orgId: string, key: Key): Promise<void>;
  /** The session exists, and the step waits for it. It takes the place of what was pending in the organization. */
  open(orgId: string, sessionId: string): Promise<void>;
  /** A request has no clear response, and the step ends without one: the post step looks for its session. */
  doubtful(orgId: string, key: Key, cut: Cut): Promise<void>;
  /** A request was sent again, and `keep` is its session. The first one may still start another: `settledTwin` ends that. */
  twin(orgId: string, key: Key, keep: string): Promise<void>;
  settledTwin(orgId: string): void;
  /** Nothing is left to do in the organization: its session has ended, or continues as the inputs ask. */
  settled(orgId: string): void;
  /** The step has ended by itself: nothing is left to do anywhere, except for what is in doubt. */
  allSettled(): void;
}

/** What happens to sessions that a step leaves behind. */
export interface Endings {
  readonly onCancel: Ending;
  readonly onTimeout: Ending;
}

type Note = Omit<Remaining, 'proof'>;

interface Slot {
  readonly at: number;
  isDoubtful: boolean;
}

/** Keeps account of them where the post step finds it. `prove` signs each note, see `prover`. */
export function openRemains(write: WriteState, prove: Prove, { onCancel, onTimeout }: Endings): Remains {
  const places = new Map<string, Slot>();
  const free: number[] = [];
  let used = 0;
  const put = async (name: string, note: Note, isDoubtful: boolean) => {
    const proof = await prove(note);
    const place = places.get(name) ?? { at: free.pop() ?? used++, isDoubtful };
    place.isDoubtful = isDoubtful;
    places.set(name, place);
    write(place.at, { ...note, proof });
  };
  const settled = (name: string) => {
    const place = places.get(name);
    if (place === undefined) return;
    places.delete(name);
    free.push(place.at);
    write(place.at, undefined);
  };
  const twinOf = (orgId: string) => `${orgId} twin`;
  // A session with a key of several runs may be that of another step: the post step only says where it is.
  const endOf = ({ scope }: Key, end: Ending): Ending => (scope === 'run' ? end : 'leave');
  return {
    pending: (orgId, key) => put(orgId, { org_id: orgId, tag: key.tag, end: endOf(key, onCancel) }, false),
    open: async (orgId, sessionId) => {
      if (onCancel === 'leave') settled(orgId);
      else await put(orgId, { org_id: orgId, session_id: sessionId, end: onCancel }, false);
    },
    doubtful: (orgId, key, cut) =>
      put(orgId, { org_id: orgId, tag: key.tag, end: endOf(key, cut === 'timeout' ? onTimeout : onCancel) }, true),
    twin: (orgId, key, keep) =>
      put(twinOf(orgId), { org_id: orgId, tag: key.tag, keep, end: endOf(key, 'terminate') }, true),
    settledTwin: (orgId) => settled(twinOf(orgId)),
    settled,
    allSettled: () => {
      for (const [name, { isDoubtful }] of [...places]) if (!isDoubtful) settled(name);
    },
  };
}

const Id = lazy(() => z.string().check(z.regex(/^[A-Za-z0-9_-]{1,200}$/)));
const Tag = lazy(() => z.string().check(z.regex(/^devin-action:[\w.:-]{1,200}$/)));
const End = lazy(() => z.enum(['leave', 'terminate', 'archive']));

const Remaining = lazy(() =>
  z.strictObject({
    org_id: Id(),
    /** The session to end. */
    session_id: z.optional(Id()),
    /** Where its id is not known, the tag that it has if it was started at all. */
    tag: z.optional(Tag()),
    /** A session with the tag that is to continue. */
    keep: z.optional(Id()),
    end: End(),
    proof: z.string(),
  }),
);

/** A session that was left behind: by its id, or by the tag that it has if it was started at all. */
export type Remaining = z.output<ReturnType<typeof Remaining>>;

/** Signs a note. */
export type Prove = (note: Note) => Promise<string>;

/**
 * Signs notes with the credential and the job. Any step of a job can set variables like those that the runner makes of
 * our state, so a note counts only if a step with this credential has written it in this job.
 */
export function prover(token: string, { repository, runId, attempt, job }: RunFacts): Prove {
  return async ({ org_id, session_id, tag, keep, end }) => {
    const { createHmac } = await import('node:crypto');
    const said = JSON.stringify([repository, runId, attempt, job, org_id, session_id, tag, keep, end]);
    return createHmac('sha256', token).update(said).digest('hex');
  };
}

/** Whether a note was written by a step of this job; any other may name sessions that are not ours. */
export async function isProven({ proof, ...note }: Remaining, prove: Prove): Promise<boolean> {
  const { timingSafeEqual } = await import('node:crypto');
  const [given, expected] = [Buffer.from(proof), Buffer.from(await prove(note))];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Reads what a step has left in one place; undefined for anything that `openRemains` does not write. */
export function parseRemaining(text: string): Remaining | undefined {
  try {
    const { data } = z.safeParse(Remaining(), JSON.parse(text));
    const isOne = data !== undefined && (data.session_id === undefined) !== (data.tag === undefined);
    return isOne && (data.keep === undefined || data.tag !== undefined) ? data : undefined;
  } catch {
    return undefined;
  }
}
