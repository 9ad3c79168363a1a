import type { AnswerOf } from '../../../devin/endpoint.ts';
import type { getSession } from '../../../devin/endpoints/sessions.ts';

/** A session as the API reports it. */
export type Session = AnswerOf<typeof getSession>;

/** From the creation of a session to its last change, in milliseconds; 0 if the response does not say. */
export const spanMs = ({ created_at: from, updated_at: to }: Session): number =>
  from === null || to === null ? 0 : (to - from) * 1_000;

/** The result of a session, seen from a workflow. */
export type SessionOutcome = 'running' | 'finished' | 'waiting' | 'blocked' | 'failed' | 'timed_out' | 'terminated';

/** An outcome in words: what it is, and what a person can do. */
export interface Verdict {
  readonly outcome: SessionOutcome;
  /** Follows "Devin": `finished`, `has a question`, `stopped: out of credits`. */
  readonly headline: string;
  /** What to do; empty if there is nothing to do. */
  readonly advice: string;
  /** The state is not in this release's table: it is unknown whether more time would help. */
  readonly unknown?: true;
}

/** What is known of a session when it is judged. Only what came after the request counts as output, report or reply. */
export interface Evidence {
  readonly status: string;
  readonly detail: string | null;
  /** Output of the user's own schema, checked against it if the schema is known. */
  readonly output: 'none' | 'fits' | 'misfits';
  /** What the completion report says. */
  readonly report: 'none' | 'done' | 'question' | 'blocked';
  /** The session opened a pull request. */
  readonly pullRequest: boolean;
  /** Devin replied to the message of this turn, and left the report or output as it was before. */
  readonly replied: boolean;
  /** The poll before this one saw the session finished. */
  readonly finishedBefore: boolean;
}

const RESUME = 'then send the session a message: it continues where it stopped.';

/** Reasons for a suspension that a person has to remove: in words, and how. */
const LIMITS: Readonly<Record<string, readonly [headline: string, advice: string]>> = {
  usage_limit_exceeded: ['stopped: usage limit reached', `Raise the limit, ${RESUME}`],
  out_of_credits: ['stopped: out of credits', `Add credits to the account, ${RESUME}`],
  out_of_quota: ['stopped: out of quota', `Raise the quota, ${RESUME}`],
  no_quota_allocation: ['stopped: no quota is allocated', `Allocate quota to the organization, ${RESUME}`],
  payment_declined: ['stopped: a payment was declined', `Correct the payment method, ${RESUME}`],
  org_usage_limit_exceeded: ["stopped: the organization's usage limit is reached", `Raise its ACU limit, ${RESUME}`],
  user_usage_limit_exceeded: ["stopped: the user's usage limit is reached", `Raise the user's limit, ${RESUME}`],
  total_session_limit_exceeded: [
    'stopped: too many sessions at once',
    `End sessions that are no longer needed, ${RESUME}`,
  ],
  contract_expired: ['stopped: the contract has expired', `Renew the contract with Cognition, ${RESUME}`],
};

const ANSWER = 'Reply in the session, or with the operation `send-message`.';

/** States in which a session sleeps: in words, and what helps. */
const SLEEPS: Readonly<Record<string, readonly [headline: string, advice: string]>> = {
  inactivity: ['fell asleep without a result', `${ANSWER} A message wakes it.`],
  user_request: ['was put to sleep by a user', `${ANSWER} A message wakes it.`],
};

/** An entry of a table; inherited members of an object are not entries. */
const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

const STARTING = new Set(['new', 'claimed', 'resuming']);
const STOPPED_DETAILS = new Set(['waiting_for_user', 'waiting_for_approval', 'finished']);

/** Whether a state is one of work, one that has stopped, or one that this release does not know. */
function motionOf({ status, detail }: Pick<Evidence, 'status' | 'detail'>): 'working' | 'stopped' | 'unknown' {
  const what = detail ?? '';
  if (STARTING.has(status)) return 'working';
  if (status === 'exit' || status === 'error') return 'stopped';
  if (status === 'running') {
    if (what === '' || what === 'working') return 'working';
    return STOPPED_DETAILS.has(what) ? 'stopped' : 'unknown';
  }
  if (status !== 'suspended') return 'unknown';
  // Without a reason it is on its way from one state to another: sessions were seen to work again after that.
  if (what === '') return 'working';
  return what === 'error' || own(LIMITS, what) !== undefined || own(SLEEPS, what) !== undefined ? 'stopped' : 'unknown';
}

/** One row of the table: the first one that applies decides. */
export interface Rule {
  /** When it applies, in the words of docs/outcomes.md. */
  readonly when: string;
  readonly outcome: SessionOutcome;
  readonly applies: (evidence: Evidence) => boolean;
  readonly words: (evidence: Evidence) => readonly [headline: string, advice: string];
}

const says = (headline: string, advice = '') => {
  const words = [headline, advice] as const;
  return () => words;
};

const OPEN = 'Open the session to see what happened, then start a new one.';
const FINISHED = says('finished');
const QUESTION = says('has a question', ANSWER);

const stateText = ({ status, detail }: Pick<Evidence, 'status' | 'detail'>): string =>
  [status, detail].filter(Boolean).join(' · ').replaceAll('_', ' ');

/** The verdict on a session, as a table in the order of its rules. docs/outcomes.md shows the same table. */
export const RULES: readonly Rule[] = [
  {
    when: 'the state is not in this table',
    outcome: 'running',
    applies: (evidence) => motionOf(evidence) === 'unknown',
    words: (evidence) => [
      `is in a state that is unknown to this release: ${stateText(evidence)}`,
      'Open the session to see its state, and check whether a newer release of this action knows it.',
    ],
  },
  {
    when: 'Devin has not stopped',
    outcome: 'running',
    applies: (evidence) => motionOf(evidence) === 'working',
    words: says('is working'),
  },
  {
    when: 'status `error`, or detail `error`',
    outcome: 'failed',
    applies: ({ status, detail }) => status === 'error' || detail === 'error',
    words: says('stopped with an error', OPEN),
  },
  {
    when: 'detail `waiting_for_approval`',
    outcome: 'waiting',
    applies: ({ detail }) => detail === 'waiting_for_approval',
    words: says('needs an approval', 'Approve or reject the action in the session.'),
  },
  {
    when: 'structured output that matches your schema',
    outcome: 'finished',
    applies: ({ output }) => output === 'fits',
    words: FINISHED,
  },
  {
    when: 'the completion report says `done`',
    outcome: 'finished',
    applies: ({ report }) => report === 'done',
    words: FINISHED,
  },
  {
    when: 'the completion report says `question`',
    outcome: 'waiting',
    applies: ({ report }) => report === 'question',
    words: QUESTION,
  },
  {
    when: 'the completion report says `blocked`',
    outcome: 'blocked',
    applies: ({ report }) => report === 'blocked',
    words: says('is blocked', `Remove what blocks Devin, ${RESUME}`),
  },
  {
    when: 'detail `finished`',
    outcome: 'finished',
    applies: ({ detail }) => detail === 'finished',
    words: FINISHED,
  },
  {
    when: 'it was `finished` before it ended or fell asleep',
    outcome: 'finished',
    applies: ({ status, detail, finishedBefore }) =>
      finishedBefore && (status === 'exit' || own(SLEEPS, detail ?? '') !== undefined),
    words: FINISHED,
  },
  {
    when: 'a pull request of its own since the request',
    outcome: 'finished',
    applies: ({ pullRequest }) => pullRequest,
    words: FINISHED,
  },
  {
    when: 'status `exit`',
    outcome: 'terminated',
    applies: ({ status }) => status === 'exit',
    words: says(
      'ended before it finished',
      'A user may have terminated the session. Open it to see how far it got, then start a new one.',
    ),
  },
  {
    when: 'a limit, credits, a payment, or the contract',
    outcome: 'blocked',
    applies: ({ detail }) => own(LIMITS, detail ?? '') !== undefined,
    words: ({ detail }) => own(LIMITS, detail ?? '') ?? ['stopped', ''],
  },
  {
    when: 'a reply to your message, with the report or output left as it was',
    outcome: 'finished',
    applies: ({ replied }) => replied,
    words: FINISHED,
  },
  {
    when: 'anything else: `waiting_for_user`, or asleep',
    outcome: 'waiting',
    applies: () => true,
    words: (evidence) => own(SLEEPS, evidence.detail ?? '') ?? QUESTION(),
  },
];

/** What a session's state means, given everything that is known of it. */
export function verdictOf(evidence: Evidence): Verdict {
  const rule = RULES.find(({ applies }) => applies(evidence));
  // The last rule applies to everything.
  if (rule === undefined) throw new RangeError('No rule applies.');
  const [headline, advice] = rule.words(evidence);
  return {
    outcome: rule.outcome,
    headline,
    advice,
    ...(motionOf(evidence) === 'unknown' ? { unknown: true } : {}),
  };
}

/** Why a suspended session does not take up work by a message alone, as a clause; undefined if a message wakes it. */
export function suspensionOf(detail: string | null): string | undefined {
  const what = detail ?? '';
  if (own(SLEEPS, what) !== undefined) return undefined;
  if (what === 'error') return 'stopped with an error';
  const limit = own(LIMITS, what);
  if (limit !== undefined) return limit[0];
  return what === '' ? 'is suspended' : `is suspended: ${what.replaceAll('_', ' ')}`;
}

/** A session's state as a person reads it: `running · waiting for user`. */
export const stateOf = ({ status, status_detail: detail }: Pick<Session, 'status' | 'status_detail'>): string =>
  stateText({ status, detail: detail ?? null });

/** True once the session has a machine and works, or has stopped; false for a state that this release does not know. */
export const hasStarted = ({ status }: Pick<Session, 'status'>): boolean =>
  ['running', 'suspended', 'exit', 'error'].includes(status);

/** A verdict as a sentence. */
export const sentenceOf = ({ headline }: Verdict): string => `Devin ${headline}.`;
