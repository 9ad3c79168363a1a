import type { OperationOutput, OutputData } from '../../../contract/outputs.ts';
import type { Report, ReportData } from '../../operation.ts';
import { questionOf, sessionComment } from './comment.ts';
import { readable } from './message-text.ts';
import type { Session } from './outcome.ts';
import { type SessionStory, sessionSummary } from './summary.ts';

/** Outputs that describe one session. */
export const SESSION_OUTPUTS = [
  'session_id',
  'session_url',
  'session_status',
  'session_status_detail',
  'session_outcome',
  'pull_request_url',
  'pull_requests',
  'structured_output',
  'structured_output_checked',
  'summary',
  'last_message',
  'acus_consumed',
] as const satisfies readonly OperationOutput[];

type SessionOutput = (typeof SESSION_OUTPUTS)[number];

/** The pull request that matters most: an open or merged one before one that was closed. */
export const firstPullRequest = ({ pull_requests: requests }: Session) =>
  (requests.find(({ pr_state: state }) => state !== 'closed') ?? requests[0])?.pr_url;

/** What the result says of a session. */
export function sessionData(story: SessionStory): ReportData<SessionOutput> {
  const { session, orgId, verdict, report, output = null, outputFits = false, lastMessage } = story;
  return {
    session_id: session.session_id,
    session_url: session.url,
    session_status: session.status,
    session_status_detail: session.status_detail ?? null,
    session_outcome: verdict.outcome,
    org_id: orgId,
    title: session.title ?? null,
    tags: session.tags,
    pull_request_url: firstPullRequest(session) ?? null,
    pull_requests: session.pull_requests,
    structured_output: output,
    structured_output_checked: outputFits,
    summary: report === undefined ? null : readable(report.summary),
    last_message: readable(lastMessage),
    acus_consumed: session.acus_consumed,
  };
}

/** The same where no session is known: then the outputs stay as they are. */
export const NO_SESSION: OutputData<SessionOutput> = {
  session_id: undefined,
  session_url: undefined,
  session_status: undefined,
  session_status_detail: undefined,
  session_outcome: undefined,
  pull_request_url: undefined,
  pull_requests: undefined,
  structured_output: undefined,
  structured_output_checked: undefined,
  summary: undefined,
  last_message: undefined,
  acus_consumed: undefined,
};

/** What the thread of the event is told. */
function commentOf(story: SessionStory): Pick<Report, 'comment' | 'question' | 'ended'> {
  const { verdict } = story;
  const question = questionOf(story);
  return {
    comment: sessionComment(story),
    ...(question === undefined ? {} : { question }),
    ...(verdict.outcome === 'running' ? {} : { ended: verdict.outcome === 'finished' ? 'finished' : 'attention' }),
  };
}

/** The report of a session, out of its story. */
export function sessionReport(story: SessionStory): Report<SessionOutput> {
  const { error } = story;
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    data: sessionData(story),
    summary: sessionSummary(story),
    ...commentOf(story),
  };
}
