import { jsonText } from '../../../contract/json.ts';
import type { OperationOutput, OutputValues } from '../../../contract/outputs.ts';
import type { Report } from '../../operation.ts';
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
const firstPullRequest = ({ pull_requests: requests }: Session) =>
  (requests.find(({ pr_state: state }) => state !== 'closed') ?? requests[0])?.pr_url;

/** The outputs of a session, as texts. */
export function sessionOutputs(story: SessionStory): OutputValues<SessionOutput> {
  const { session, verdict, report, output = null, outputFits = false, lastMessage } = story;
  return {
    session_id: session.session_id,
    session_url: session.url,
    session_status: session.status,
    session_status_detail: session.status_detail ?? '',
    session_outcome: verdict.outcome,
    pull_request_url: firstPullRequest(session) ?? '',
    pull_requests: jsonText(session.pull_requests),
    structured_output: output === null ? '' : jsonText(output),
    structured_output_checked: String(outputFits),
    summary: readable(report?.summary ?? ''),
    last_message: readable(lastMessage),
    acus_consumed: session.acus_consumed === null ? '' : String(session.acus_consumed),
  };
}

/** The same as values. */
function sessionData(story: SessionStory): Record<string, unknown> {
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

/** One report of a session out of its story. */
export function sessionReport(
  story: SessionStory,
  started?: { readonly created: boolean; readonly reused: boolean },
): Report<SessionOutput | 'created' | 'reused'> {
  const { error } = story;
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    outputs: {
      ...sessionOutputs(story),
      ...(started === undefined ? {} : { created: String(started.created), reused: String(started.reused) }),
    },
    data: {
      ...sessionData(story),
      ...(started === undefined ? {} : { created: started.created, reused: started.reused }),
    },
    summary: sessionSummary(story),
  };
}
