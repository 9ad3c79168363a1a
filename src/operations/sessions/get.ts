import { getSession } from '../../devin/endpoints/sessions.ts';
import { operation } from '../operation.ts';
import { FIRST_TURN, judge } from './judge.ts';
import { MessageReader } from './messages.ts';
import { spanMs } from './outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './outputs.ts';
import { closingLine } from './summary.ts';
import { requestCounts } from './wait.ts';

/** Shows a session as it is now. */
export const getSessionOperation = operation({
  name: 'get-session',
  summary: 'Shows a session as it is now.',
  inputs: ['session_id'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: ['ViewOrgSessions'],
  scope: 'organization',
  versions: ['v3'],
  prepare: async () => undefined,
  async run(context) {
    const { devin, log, facts, inputs } = context;
    const orgId = await context.organization();
    const session = await devin.call(getSession, { params: { org_id: orgId, devin_id: inputs.session_id } });
    const reader = new MessageReader(context, orgId, inputs.session_id);
    await reader.read(false, true);
    const story = {
      ...(await judge(session, {}, FIRST_TURN, 'auto')),
      session,
      orgId,
      durationMs: spanMs(session),
      lastMessage: reader.last,
      facts,
      requests: requestCounts(context),
    };
    log.info(closingLine(story));
    return sessionReport(story);
  },
});
