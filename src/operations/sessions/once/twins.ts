import { asActionError } from '../../../contract/errors.ts';
import { bareId } from '../../../contract/session-id.ts';
import type { Context } from '../../operation.ts';
import type { Remains } from '../../remains.ts';
import type { Session } from '../outcome/outcome.ts';
import { endSession } from '../wait/end.ts';
import type { Key } from './idempotency.ts';
import { type Search, twinsOf } from './lookup.ts';

/** A request is not carried out later than this after it was lost, in milliseconds, as far as is known. */
const LATEST_MS = 60_000;

type TwinContext = Pick<Context, 'devin' | 'log' | 'clock' | 'signal'> & {
  readonly remains: Pick<Remains, 'settledTwin'>;
};

/** With a key of others, a second session may be theirs, so that it is only a warning. */
export function warnOfTwin(log: TwinContext['log'], tag: string, url: string, kept: string): void {
  const message = `${url} has the same tag (${tag}) as ${kept}. If it is not needed, terminate it: it may spend ACUs.`;
  log.annotate('warning', 'Two sessions have the same key', message);
}

/** Ends sessions that a lost request started besides the one to keep. With a key of others, they may be theirs. */
export async function endTwins(
  { devin, log, clock }: Pick<TwinContext, 'devin' | 'log' | 'clock'>,
  orgId: string,
  { scope, tag }: Key,
  twins: readonly Session[],
  keptUrl: string,
): Promise<void> {
  for (const { session_id: id, url } of twins) {
    if (scope === 'text') {
      warnOfTwin(log, tag, url, keptUrl);
      continue;
    }
    // Without the notes for the post step: those are about the session to keep.
    const { terminated } = await endSession({ devin, log, clock }, orgId, id, 'terminate');
    if (terminated) log.info(`  ended    ${url}, a second session of the same request`);
  }
}

/** A session to keep, and where a second one of the same request would be found. */
export interface Kept {
  readonly orgId: string;
  readonly key: Key;
  readonly session: Session;
  readonly search: () => Promise<Search>;
  /** Sessions that existed before the request. */
  readonly before: ReadonlySet<string>;
  /** When the last request was sent, in milliseconds. */
  readonly sentAt: number;
}

/** Checks once for a second session. While one may still come, the note for the post step remains. Never throws. */
export async function checkTwin(context: TwinContext, kept: Kept): Promise<void> {
  const { orgId, key, session, search, before, sentAt } = kept;
  const { clock, signal, log, remains } = context;
  if (signal.aborted) return;
  try {
    const checkedAt = clock.now();
    const found = await twinsOf(context, { ...(await search()), once: true }, session.session_id);
    const twins = found.filter(({ session_id: id }) => !before.has(bareId(id)));
    await endTwins(context, orgId, key, twins, session.url);
    if (checkedAt - sentAt >= LATEST_MS) remains.settledTwin(orgId);
  } catch (thrown) {
    log.progress(`The check for a second session failed: ${asActionError(thrown).message}`);
  }
}
