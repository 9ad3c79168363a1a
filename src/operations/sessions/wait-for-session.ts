import { operation, ready } from '../operation.ts';
import { SESSION_OUTPUTS, sessionReport } from './outcome/outputs.ts';
import { prepareSchema, SCHEMA_INPUTS } from './request/request.ts';
import { WAIT_INPUTS, waitForSession } from './wait/wait.ts';

/** Waits for a session that another step, or a person, has created. It never ends that session. */
export const waitForSessionOperation = operation({
  name: 'wait-for-session',
  summary: 'Waits until a session has finished, or only until it has started.',
  inputs: ['session_id', ...WAIT_INPUTS, ...SCHEMA_INPUTS, 'structured_output_required'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: [{ all: ['ViewOrgSessions'] }],
  versions: ['v3'],
  async prepare(inputs, checks) {
    const isLater = inputs.wait === 'later';
    if (isLater) checks.problem('wait', 'is later, which only create-session supports; use finished');
    return ready(await prepareSchema(inputs, checks));
  },
  async run(context, schema) {
    const { inputs, log } = context;
    const orgId = await context.organization();
    log.info(`Waiting for ${inputs.session_id}`);
    const goal = inputs.wait === 'started' ? 'started' : 'finished';
    const outputRequired = inputs.structured_output_required ?? true;
    const waited = { goal, orgId, sessionId: inputs.session_id, asked: { schema }, outputRequired } as const;
    return sessionReport(await waitForSession(context, waited));
  },
});
