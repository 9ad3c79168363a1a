import { type ActionError, asActionError, endsStep } from '../../contract/errors.ts';
import { getSession, sessionFromId } from '../../devin/endpoints/sessions.ts';
import type { Context } from '../operation.ts';
import { FIRST_TURN, judge } from './outcome/judge.ts';
import { type Session, type SessionOutcome, spanMs } from './outcome/outcome.ts';
import { sessionReport } from './outcome/outputs.ts';
import { hasEnded, isEndAccepted } from './wait/end.ts';
import { requestCounts } from './wait/wait.ts';

/** The context of an operation that ends one session. */
export type EndContext = Context<'session_id', 'session_id'>;

/** The report of a session that was ended, or is ending. */
export async function ended(
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
    isDone: outcome !== 'running',
    durationMs: spanMs(session),
    lastMessage: '',
    facts: context.facts,
    requests: requestCounts(context),
  });
}

/** The session as it is; `gone` if it does not exist any more, undefined if it cannot be read. */
export async function readAgain({ devin, inputs }: EndContext, orgId: string): Promise<Session | 'gone' | undefined> {
  try {
    return await devin.call(getSession, { params: { org_id: orgId, devin_id: inputs.session_id } });
  } catch (thrown) {
    const { code } = asActionError(thrown);
    if (endsStep({ code })) throw thrown;
    return code === 'not_found' ? 'gone' : undefined;
  }
}

/** What is known of a session that cannot be read: its id. */
export const unread = ({ inputs }: EndContext): Session => sessionFromId(inputs.session_id);

/**
 * Sends a request to end a session, and gives the session as it is afterwards, or undefined if it cannot be read any
 * more. A session that has ended already is as it should be. Throws whatever else went wrong.
 */
export async function requestEnd(
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
    const session = await readAgain(context, orgId);
    const isOver = session === 'gone' || (session !== undefined && hasEnded(session, how));
    if (error.status === 409 && !isOver) throw error;
    if (session === 'gone' && error.code === 'not_found') {
      const title = 'The session does not exist';
      context.log.annotate('warning', title, `It was deleted, or the ID ${context.inputs.session_id} is wrong.`);
    }
    return session === 'gone' ? undefined : session;
  }
}
