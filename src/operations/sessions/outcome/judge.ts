import type { InputValues } from '../../../contract/inputs.ts';
import type { OutputSchema } from '../request/structured.ts';
import { type Evidence, type Session, type Verdict, verdictOf } from './outcome.ts';
import { type CompletionReport, hasReportTag, isReport, isReportLike, readReport } from './report.ts';

/** What a session was asked to give. */
export interface Asked {
  /** The user's own schema, if it is known. */
  readonly schema?: OutputSchema | undefined;
  /** This step asked for a completion report. A session that another step asked has the tag of it. */
  readonly report?: boolean | undefined;
}

/** What is known of a session's turn besides the session itself. */
export interface Turn {
  /** The output is the one from before the message of this turn. */
  readonly isOutputOld: boolean;
  /** Addresses of the pull requests from before it. */
  readonly pullRequestsBefore: ReadonlySet<string>;
  readonly replied: boolean;
  readonly finishedBefore: boolean;
}

/** The turn of a session that got no message since its prompt, as far as this step knows. */
export const FIRST_TURN: Turn = {
  isOutputOld: false,
  pullRequestsBefore: new Set(),
  replied: false,
  finishedBefore: false,
};

/** A session with what it means. */
export interface Judged {
  readonly verdict: Verdict;
  /** The completion report of this turn. */
  readonly report: CompletionReport | undefined;
  /** The user's own structured output; null for none, and for one that is a completion report. */
  readonly output: unknown;
  /** The output was checked against its schema, and matches. */
  readonly outputFits: boolean;
  /** What is wrong with the output, if its schema is known. */
  readonly misfits: readonly string[];
  /** Nothing that the session was asked for is missing. */
  readonly isComplete: boolean;
  /** Devin replied to the message of this turn, and left the report or output as it was. */
  readonly replied: boolean;
}

type OnWaiting = InputValues<'on_waiting'>['on_waiting'];

/** With `fail`, a session that shows `waiting_…` asks, whatever its output says. */
const isStrict = ({ status, status_detail: detail }: Session, onWaiting: OnWaiting) =>
  onWaiting === 'fail' && status === 'running' && (detail ?? '').startsWith('waiting_');

/** Whether the output of a session is a completion report. A session whose tags are not shown is known by its output. */
function isAskedToReport({ tags, structured_output: given }: Session, { schema, report }: Asked): boolean {
  if (schema !== undefined) return false;
  return report === true || hasReportTag({ tags }) || (tags.length === 0 && isReportLike(given) && isReport(given));
}

/** Judges a session by the table of outcomes, and its output by the schema, which may take a moment. */
export async function judge(session: Session, asked: Asked, turn: Turn, onWaiting: OnWaiting): Promise<Judged> {
  const given = session.structured_output ?? null;
  const misfits = given === null || asked.schema === undefined ? [] : await asked.schema.check(given);
  return judgeBy(misfits, session, asked, turn, onWaiting);
}

/** Judges a session by the table of outcomes; `misfits` are what is wrong with its output, if its schema is known. */
export function judgeBy(
  misfits: readonly string[],
  session: Session,
  asked: Asked,
  turn: Turn,
  onWaiting: OnWaiting,
): Judged {
  const given = session.structured_output ?? null;
  const reports = isAskedToReport(session, asked);
  const read = reports ? readReport(given) : undefined;
  // What is no report, or a part of one, is the user's, wherever it comes from: nothing that was paid for is dropped.
  const output = reports && isReportLike(given) ? null : given;
  const isNew = given !== null && !turn.isOutputOld;
  const report = isNew ? read : undefined;
  const strict = isStrict(session, onWaiting);
  const evidence: Evidence = {
    status: session.status,
    detail: session.status_detail ?? null,
    output: strict || !isNew || output === null || reports ? 'none' : misfits.length === 0 ? 'fits' : 'misfits',
    report: strict ? 'none' : (report?.outcome ?? 'none'),
    pullRequest: !strict && session.pull_requests.some(({ pr_url: url }) => !turn.pullRequestsBefore.has(url)),
    replied: !strict && turn.replied && given !== null && turn.isOutputOld,
    finishedBefore: turn.finishedBefore,
  };
  return {
    verdict: verdictOf(evidence),
    report,
    output,
    outputFits: asked.schema !== undefined && output !== null && misfits.length === 0,
    misfits,
    replied: evidence.replied,
    isComplete: reports ? report !== undefined || evidence.replied : asked.schema === undefined || isNew,
  };
}
