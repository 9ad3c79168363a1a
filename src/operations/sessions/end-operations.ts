import { type ActionError, asActionError } from '../../contract/errors.ts';
import { archiveSession, getSession, sessionFromId, terminateSession } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { operation } from '../operation.ts';
import { FIRST_TURN, judge } from './outcome/judge.ts';
import { type Session, type SessionOutcome, spanMs } from './outcome/outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './outcome/outputs.ts';
import { hasEnded, isEndAccepted } from './wait/end.ts';
import { requestCounts } from './wait/wait.ts';

/** A session takes 10 to 13 seconds to end. It is polled so often and so long, in milliseconds, if the step has the time. */
const POLL_MS = 2_000;
const LONGEST_MS = 20_000;

type EndContext = Context<'session_id', 'session_id'>;

async function ended(
  context: Pick<Context, 'log' | 'facts' | 'journal'>,
  orgId: string,
  session: Session,
  { headline, outcome }: { readonly headline: string; readonly outcome?: SessionOutcome },
) {
  context.log.info(`${session.session_id} ${headline}: ${session.url}`);
  const judged = await judge(session, {}, FIRST_TURN, 'auto');
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

/** The session as it is; `gone` if it does not exist any more, undefined if it cannot be read. */
async function read({ devin, inputs }: EndContext, orgId: string): Promise<Session | 'gone' | undefined> {
  try {
    return await devin.call(getSession, { params: { org_id: orgId, devin_id: inputs.session_id } });
  } catch (thrown) {
    const { code } = asActionError(thrown);
    if (code === 'cancelled' || code === 'timeout') throw thrown;
    return code === 'not_found' ? 'gone' : undefined;
  }
}

const unread = ({ inputs }: EndContext): Session => sessionFromId(inputs.session_id);

/**
 * Sends a request to end a session, and gives the session as it is afterwards, or undefined if it cannot be read any
 * more. A session that has ended already is as it should be. Throws whatever else went wrong.
 */
async function request(
  context: EndContext,
  orgId: string,
  how: 'terminate' | 'archive',
  send: () => Promise<Session>,
): Promise<Session | undefined> {
  try {
    return await send();
  } catch (thrown) {
    const error: ActionError = asActionError(thrown);
    if (!isEndAccepted(error) && error.status !== 409) throw error;
    const session = await read(context, orgId);
    const isOver = session === 'gone' || (session !== undefined && hasEnded(session, how));
    if (error.status === 409 && !isOver) throw error;
    if (session === 'gone' && error.code === 'not_found') {
      const title = 'The session does not exist';
      context.log.annotate('warning', title, `It was deleted, or the id ${context.inputs.session_id} is wrong.`);
    }
    return session === 'gone' ? undefined : session;
  }
}

/** Polls a session until it has ended, as long as the step may. */
async function untilEnded(context: EndContext, orgId: string, first: Session): Promise<Session | undefined> {
  const { clock, signal, inputs, startedAt, log } = context;
  const until = Math.min(clock.now() + LONGEST_MS, startedAt + inputs.timeout - POLL_MS);
  let session = first;
  if (!hasEnded(session, 'terminate')) log.progress('The request was accepted, and the session is ending.');
  while (!hasEnded(session, 'terminate') && clock.now() + POLL_MS <= until) {
    await clock.sleep(POLL_MS, signal);
    const now = await read(context, orgId);
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
  permissions: ['ManageOrgSessions', 'ViewOrgSessions (to see the end)'],
  scope: 'organization',
  versions: ['v3'],
  prepare: async () => undefined,
  async run(context) {
    const { devin, inputs } = context;
    const orgId = await context.organization();
    const params = { org_id: orgId, devin_id: inputs.session_id };
    const session = await request(context, orgId, 'terminate', () =>
      devin.call(terminateSession, { params, query: { archive: inputs.archive } }),
    );
    const last = session === undefined ? undefined : await untilEnded(context, orgId, session);
    if (last !== undefined && !hasEnded(last, 'terminate')) {
      return ended(context, orgId, last, { outcome: 'running', headline: 'is ending' });
    }
    return ended(context, orgId, last ?? unread(context), { outcome: 'terminated', headline: 'was terminated' });
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
    const session = await request(context, orgId, 'archive', () => devin.call(archiveSession, { params }));
    return ended(context, orgId, session ?? unread(context), { headline: 'was archived' });
  },
});
