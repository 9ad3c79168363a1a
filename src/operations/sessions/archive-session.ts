import { archiveSession } from '../../devin/endpoints/sessions.ts';
import { nothingToPrepare, operation } from '../operation.ts';
import { ended, requestEnd, unread } from './ending.ts';
import { SESSION_OUTPUTS } from './outcome/outputs.ts';

/** Archives a session; one that runs is put to sleep. */
export const archiveSessionOperation = operation({
  name: 'archive-session',
  summary: 'Archives a session. A running session is put to sleep.',
  inputs: ['session_id'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: [{ all: ['ManageOrgSessions'] }],
  versions: ['v3'],
  prepare: nothingToPrepare,
  async run(context) {
    const { devin, inputs } = context;
    const orgId = await context.organization();
    const params = { org_id: orgId, devin_id: inputs.session_id };
    const session = await requestEnd(context, orgId, 'archive', () => devin.call(archiveSession, { params }));
    return ended(context, orgId, session ?? unread(context), { headline: 'archived' });
  },
});
