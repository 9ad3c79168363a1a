import { getSession } from '../../devin/endpoints/sessions.ts';
import { nothingToPrepare, operation } from '../operation.ts';
import { FIRST_TURN, judge } from './outcome/judge.ts';
import { spanMs } from './outcome/outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './outcome/outputs.ts';
import { closingLine } from './outcome/summary.ts';
import { MessageReader } from './wait/messages.ts';
import { requestCounts } from './wait/wait.ts';

/** Shows the current state of a session. */
export const getSessionOperation = operation({
  name: 'get-session',
  summary: 'Shows the current state of a session.',
  inputs: ['session_id'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: [{ all: ['ViewOrgSessions'] }],
  versions: ['v3'],
  prepare: nothingToPrepare,
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
