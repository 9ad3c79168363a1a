import { terminateSession } from '../../devin/endpoints/sessions.ts';
import { nothingToPrepare, operation } from '../operation.ts';
import { type EndContext, ended, readAgain, requestEnd, unread } from './ending.ts';
import type { Session } from './outcome/outcome.ts';
import { SESSION_OUTPUTS } from './outcome/outputs.ts';
import { hasEnded } from './wait/end.ts';

/** A session takes 10 to 13 seconds to end. It is polled so often and so long, in milliseconds, if the step has the time. */
const POLL_MS = 2_000;
const LONGEST_MS = 20_000;

/** Polls a session until it has ended, as long as the step may. */
async function untilEnded(context: EndContext, orgId: string, first: Session): Promise<Session | undefined> {
  const { clock, signal, inputs, startedAt, log } = context;
  const until = Math.min(clock.now() + LONGEST_MS, startedAt + inputs.timeout - POLL_MS);
  let session = first;
  if (!hasEnded(session, 'terminate')) log.progress('The request was accepted, and the session is ending.');
  while (!hasEnded(session, 'terminate') && clock.now() + POLL_MS <= until) {
    await clock.sleep(POLL_MS, signal);
    const now = await readAgain(context, orgId);
    if (now === 'gone') return undefined;
    session = now ?? session;
  }
  return session;
}

/** Ends a session for good. */
export const terminateSessionOperation = operation({
  name: 'terminate-session',
  summary: 'Terminates a session permanently.',
  inputs: ['session_id', 'archive'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: [{ all: ['ManageOrgSessions'] }, { all: ['ViewOrgSessions'], for: ['confirm'] }],
  versions: ['v3'],
  prepare: nothingToPrepare,
  async run(context) {
    const { devin, inputs } = context;
    const orgId = await context.organization();
    const params = { org_id: orgId, devin_id: inputs.session_id };
    const session = await requestEnd(context, orgId, 'terminate', () =>
      devin.call(terminateSession, { params, query: { archive: inputs.archive } }),
    );
    const last = session === undefined ? undefined : await untilEnded(context, orgId, session);
    if (last !== undefined && !hasEnded(last, 'terminate')) {
      return ended(context, orgId, last, { outcome: 'running', headline: 'is ending' });
    }
    return ended(context, orgId, last ?? unread(context), { outcome: 'terminated', headline: 'terminated' });
  },
});
