import { archiveSession, terminateSession } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { operation } from '../operation.ts';
import { FIRST_TURN, judge } from './judge.ts';
import { type Session, type SessionOutcome, spanMs } from './outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './outputs.ts';
import { requestCounts } from './wait.ts';

function ended(
  context: Pick<Context, 'log' | 'facts' | 'journal'>,
  orgId: string,
  session: Session,
  { headline, outcome }: { readonly headline: string; readonly outcome?: SessionOutcome },
) {
  context.log.info(`${session.session_id} ${headline}: ${session.url}`);
  const judged = judge(session, {}, FIRST_TURN, 'auto');
  return sessionReport({
    ...judged,
    verdict: { outcome: outcome ?? judged.verdict.outcome, headline, advice: '' },
    session,
    orgId,
    durationMs: spanMs(session),
    lastMessage: '',
    facts: context.facts,
    requests: requestCounts(context),
  });
}

/** Ends a session for good. */
export const terminateSessionOperation = operation({
  name: 'terminate-session',
  summary: 'Terminates a session permanently.',
  inputs: ['session_id', 'archive'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: ['ManageOrgSessions'],
  scope: 'organization',
  versions: ['v3'],
  prepare: async () => undefined,
  async run(context) {
    const { devin, inputs } = context;
    const orgId = await context.organization();
    const session = await devin.call(terminateSession, {
      params: { org_id: orgId, devin_id: inputs.session_id },
      query: { archive: inputs.archive },
    });
    return ended(context, orgId, session, { outcome: 'terminated', headline: 'was terminated' });
  },
});

/** Archives a session; one that runs is put to sleep. */
export const archiveSessionOperation = operation({
  name: 'archive-session',
  summary: 'Archives a session. A running session is put to sleep.',
  inputs: ['session_id'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: ['ManageOrgSessions'],
  scope: 'organization',
  versions: ['v3'],
  prepare: async () => undefined,
  async run(context) {
    const { devin, inputs } = context;
    const orgId = await context.organization();
    const params = { org_id: orgId, devin_id: inputs.session_id };
    const session = await devin.call(archiveSession, { params });
    return ended(context, orgId, session, { headline: 'was archived' });
  },
});
