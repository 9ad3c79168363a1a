import { createSession } from '../../devin/endpoints/sessions.ts';
import { count, duration } from '../../report/units.ts';
import type { Context } from '../operation.ts';
import { operation } from '../operation.ts';
import type { Session } from './outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './report.ts';
import { type PreparedSession, prepareSession, promptFacts, REQUEST_INPUTS, shortHash } from './request.ts';
import { requestCounts, WAIT_INPUTS, waitForSession } from './wait.ts';

/** A request that is out when the workflow is cancelled gets this long to tell which session it made. */
const CREATE_GRACE_MS = 1_500;

const INPUTS = [...REQUEST_INPUTS, ...WAIT_INPUTS, 'on_timeout', 'on_cancel'] as const;

type CreateContext = Context<(typeof INPUTS)[number]>;

/** A signal that aborts `ms` after another one did, with its reason. */
function later({ signal, clock }: CreateContext, ms: number): AbortSignal {
  const late = new AbortController();
  const follow = () => clock.deadline(ms).addEventListener('abort', () => late.abort(signal.reason));
  if (signal.aborted) late.abort(signal.reason);
  else signal.addEventListener('abort', follow, { once: true });
  return late.signal;
}

async function create(context: CreateContext, { body, extraBody }: PreparedSession): Promise<Session> {
  const orgId = await context.organization();
  context.signal.throwIfAborted();
  return await context.devin.call(createSession, {
    params: { org_id: orgId },
    body,
    extraBody,
    signal: later(context, CREATE_GRACE_MS),
  });
}

/** Starts a session, and stays with it as long as `wait` says. */
export const createSessionOperation = operation({
  name: 'create-session',
  summary: 'Starts a session, waits for it if asked, and hands its results to the next steps.',
  inputs: INPUTS,
  required: [],
  outputs: [...SESSION_OUTPUTS, 'created'],
  permissions: ['UseDevinSessions', 'ViewOrgSessions (to wait)', 'ManageOrgSessions (to end on cancel)'],
  scope: 'organization',
  versions: ['v3'],
  prepare: prepareSession,
  async run(context, prepared) {
    const { log, facts, clock, inputs } = context;
    const about = [facts.repository, inputs.org_id].filter((part) => part !== undefined).join(' · ');
    log.info(`Devin session${about === '' ? '' : ` for ${about}`}`);
    const sentAt = clock.now();
    const session = await create(context, prepared);
    const took = duration(clock.now() - sentAt);
    const prompt = await promptFacts(prepared.body.prompt, context.redact);
    log.info(`  prompt   ${JSON.stringify(prompt.beginning)} (sha256 ${shortHash(prompt)}, ${prompt.bytes} bytes)`);
    log.info(`  created  ${session.url} (${count(requestCounts(context).count, 'request')}, ${took})`);
    const story = await waitForSession(context, {
      goal: inputs.wait,
      orgId: session.org_id,
      sessionId: session.session_id,
      created: { session, onTimeout: inputs.on_timeout, onCancel: inputs.on_cancel },
      schema: prepared.schema,
      outputRequired: inputs.structured_output_required ?? true,
      prompt,
      maxAcus: inputs.max_acu_limit,
    });
    return sessionReport(story, true);
  },
});
