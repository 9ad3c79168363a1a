import { archiveSession, terminateSession } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { operation } from '../operation.ts';
import { type Session, spanMs, type Verdict, verdictOf } from './outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './report.ts';
import { requestCounts } from './wait.ts';

function ended(context: Pick<Context, 'log' | 'facts' | 'journal'>, session: Session, verdict: Verdict) {
  context.log.info(`${session.session_id} ${verdict.headline}: ${session.url}`);
  return sessionReport({
    session,
    verdict,
    durationMs: spanMs(session),
    lastMessage: '',
    facts: context.facts,
    requests: requestCounts(context),
  });
}

/** Ends a session for good. */
export const terminateSessionOperation = operation({
  name: 'terminate-session',
  summary: 'Ends a session for good.',
  inputs: ['session_id', 'archive'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: ['ManageOrgSessions'],
  scope: 'organization',
  versions: ['v3'],
  prepare: async () => undefined,
  async run(context) {
    const { devin, inputs } = context;
    const session = await devin.call(terminateSession, {
      params: { org_id: await context.organization(), devin_id: inputs.session_id },
      query: { archive: inputs.archive },
    });
    return ended(context, session, { outcome: 'terminated', headline: 'was terminated', advice: '' });
  },
});

/** Archives a session; one that runs is put to sleep. */
export const archiveSessionOperation = operation({
  name: 'archive-session',
  summary: 'Archives a session; one that runs is put to sleep.',
  inputs: ['session_id'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: ['ManageOrgSessions'],
  scope: 'organization',
  versions: ['v3'],
  prepare: async () => undefined,
  async run(context) {
    const { devin, inputs } = context;
    const params = { org_id: await context.organization(), devin_id: inputs.session_id };
    const session = await devin.call(archiveSession, { params });
    return ended(context, session, { ...verdictOf(session, true), headline: 'was archived', advice: '' });
  },
});
