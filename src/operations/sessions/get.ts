import { getSession } from '../../devin/endpoints/sessions.ts';
import { operation } from '../operation.ts';
import { Watch } from './follow.ts';
import { spanMs, verdictOf } from './outcome.ts';
import { closingLine, SESSION_OUTPUTS, sessionReport } from './report.ts';
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
    const quiet = { ...inputs, follow: false, poll_interval: 0, on_waiting: 'succeed' } as const;
    const watch = new Watch({ ...context, inputs: quiet }, orgId, session);
    await watch.readMessages(inputs.session_id, false);
    const story = {
      session,
      verdict: verdictOf(session),
      durationMs: spanMs(session),
      lastMessage: watch.lastMessage,
      facts,
      requests: requestCounts(context),
    };
    log.info(closingLine(story));
    return sessionReport(story);
  },
});
