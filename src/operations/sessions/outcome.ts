import type { AnswerOf } from '../../devin/endpoint.ts';
import type { getSession } from '../../devin/endpoints/sessions.ts';

/** A session as the API answers it. */
export type Session = AnswerOf<typeof getSession>;

/** What a session's status says. */
export interface SessionState {
  readonly status: string;
  readonly status_detail?: string | null | undefined;
}

/** From the creation of a session to its last change, in milliseconds; 0 where the response does not say. */
export const spanMs = ({ created_at: from, updated_at: to }: Session): number =>
  from === null || to === null ? 0 : (to - from) * 1_000;

/** What a session came to, seen from a workflow. */
export type SessionOutcome = 'running' | 'finished' | 'waiting' | 'blocked' | 'failed' | 'timed_out' | 'terminated';

/** An outcome, in words: what it is, and what a person can do. */
export interface Verdict {
  readonly outcome: SessionOutcome;
  /** Follows "Devin": `finished`, `waits for you`, `stopped: out of credits`. */
  readonly headline: string;
  /** What to do; empty where there is nothing to do. */
  readonly advice: string;
}

const RESUME = 'then send the session a message: it goes on where it stopped.';

/** Why a session is suspended: in words, and what helps. */
const SUSPENSIONS: Readonly<Record<string, readonly [headline: string, advice: string]>> = {
  inactivity: ['sleeps after inactivity', 'Send it a message to wake it.'],
  user_request: ['was put to sleep by a user', 'Send it a message to wake it.'],
  usage_limit_exceeded: ['stopped: usage limit reached', `Raise the limit, ${RESUME}`],
  out_of_credits: ['stopped: out of credits', `Add credits to the account, ${RESUME}`],
  out_of_quota: ['stopped: out of quota', `Raise the quota, ${RESUME}`],
  no_quota_allocation: ['stopped: no quota is allocated', `Allocate quota to the organization, ${RESUME}`],
  payment_declined: ['stopped: a payment was declined', `Mend the payment method, ${RESUME}`],
  org_usage_limit_exceeded: ["stopped: the organization's usage limit is reached", `Raise its ACU limit, ${RESUME}`],
  user_usage_limit_exceeded: ["stopped: the user's usage limit is reached", `Raise the user's limit, ${RESUME}`],
  total_session_limit_exceeded: ['stopped: too many sessions at once', `End sessions that nobody needs, ${RESUME}`],
};

const RUNNING: Readonly<Record<string, Verdict>> = {
  waiting_for_user: {
    outcome: 'waiting',
    headline: 'is waiting for you',
    advice: 'Answer in the session, or with the operation send-message.',
  },
  waiting_for_approval: {
    outcome: 'waiting',
    headline: 'is waiting for an approval',
    advice: 'Approve or refuse the action in the session.',
  },
  finished: { outcome: 'finished', headline: 'finished', advice: '' },
};

const ENDED: Verdict = {
  outcome: 'terminated',
  headline: 'ended before it finished',
  advice: 'Somebody may have terminated the session. Open it to see how far it came.',
};

const FAILED: Verdict = {
  outcome: 'failed',
  headline: 'stopped with an error',
  advice: 'Open the session to see what happened, then start a new one.',
};

/** An entry of a table; what every object has besides is none. */
const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/**
 * What a session's status means. `finishedBefore` says that it was seen as finished: a session that then ends or falls
 * asleep has done its task all the same. A status that this release does not know counts as running.
 * https://docs.devin.ai/api-reference/v3/sessions
 */
export function verdictOf(session: SessionState, finishedBefore = false): Verdict {
  const detail = session.status_detail ?? '';
  const done = RUNNING['finished'] ?? ENDED;
  if (session.status === 'error') return FAILED;
  if (session.status === 'exit') return detail === 'finished' || finishedBefore ? done : ENDED;
  if (session.status === 'suspended') {
    if (detail === 'error') return FAILED;
    if (finishedBefore && (detail === 'inactivity' || detail === '')) return done;
    const [headline, advice] = own(SUSPENSIONS, detail) ?? [
      detail === '' ? 'is suspended' : `is suspended: ${detail.replaceAll('_', ' ')}`,
      'Open the session to see why.',
    ];
    return { outcome: 'blocked', headline, advice };
  }
  const known = session.status === 'running' ? own(RUNNING, detail) : undefined;
  return known ?? { outcome: 'running', headline: 'is running', advice: '' };
}

/** A verdict as a sentence: what an error about it says, and by which a summary knows that error again. */
export const sentenceOf = ({ headline }: Verdict): string => `Devin ${headline}.`;

/** True once the session has a machine and works, or is past that. */
export const hasStarted = (session: Pick<Session, 'status'>): boolean =>
  !['new', 'claimed', 'resuming'].includes(session.status);
