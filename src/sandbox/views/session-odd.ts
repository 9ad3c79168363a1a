import type { Seeded } from '../world/seeded.ts';
import type { SessionView } from '../world/sessions.ts';

/** A value of a session's member that is shown instead of the usual one; undefined leaves the member out. */
type Odd = (session: SessionView) => unknown;

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
const orNull =
  <T>(usual: (session: SessionView) => readonly T[]): Odd =>
  (session) =>
    usual(session).length === 0 ? null : usual(session);

const hasBegun = ({ status }: SessionView) => status !== 'new' && status !== 'claimed';

/**
 * Odd values that clients have seen or must survive, by member. None hides what a session has come to: a list is null
 * only while it is empty, and the status is missing only before the work begins.
 */
const ODD: Readonly<Record<string, readonly Odd[]>> = {
  acus_consumed: [() => null, () => '0', () => undefined, ({ acus_consumed: acus }) => String(acus)],
  updated_at: [() => null, ({ updated_at: at }) => at + 0.5, ({ updated_at: at }) => iso(at)],
  created_at: [({ created_at: at }) => String(at), ({ created_at: at }) => iso(at)],
  pull_requests: [
    orNull(({ pull_requests: list }) => list),
    ({ pull_requests: list }) => list.map(({ pr_url }) => ({ pr_url })),
    ({ pull_requests: list }) => [...list, { pr_url: null, pr_state: 'open' }],
  ],
  tags: [orNull(({ tags }) => tags), ({ tags }) => tags],
  status: [(session) => (hasBegun(session) ? session.status : null), ({ status }) => status],
  url: [() => null, () => undefined, ({ url }) => url],
  structured_output: [
    ({ structured_output: output }) => (output === null ? 'null' : output),
    ({ structured_output: output }) => (output === null ? null : JSON.stringify(output)),
    ({ structured_output: output }) => (output === null ? [] : output),
  ],
  org_id: [() => undefined, () => null, ({ org_id: id }) => id],
  origin: [() => 'carrier_pigeon', () => null],
  devin_mode: [() => 'turbo', () => undefined],
  category: [() => 'gardening', () => null],
};

/** A session with odd values; which of them depends on its number. */
export function oddly(seeded: Seeded, n: number, session: SessionView): Record<string, unknown> {
  const odd = Object.entries(ODD).map(([name, choices]) => {
    const choose = choices[seeded.below(choices.length, `odd-${name}`, n)];
    return [name, choose?.(session)] as const;
  });
  return { ...session, ...Object.fromEntries(odd) };
}
