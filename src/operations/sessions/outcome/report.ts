import type { ActionError } from '../../../contract/errors.ts';
import { isRecord } from '../../../contract/json.ts';
import type { PreparedSession } from '../request/request.ts';
import type { Session } from './outcome.ts';

/** The tag of sessions that were asked for a completion report. */
const REPORT_TAG = 'devin-action:report';

const OUTCOMES = ['done', 'question', 'blocked'] as const;

/** What Devin says of its own work when its turn ends. */
export interface CompletionReport {
  readonly outcome: (typeof OUTCOMES)[number];
  /** One or two sentences; empty if it says only the outcome. */
  readonly summary: string;
}

/** The schema of the report, in place of one of the user's own. Devin reads its descriptions. */
const REPORT_SCHEMA = {
  type: 'object',
  required: ['outcome', 'summary'],
  additionalProperties: false,
  properties: {
    outcome: {
      type: 'string',
      enum: [...OUTCOMES],
      description:
        'done: the task is complete. question: you need a reply from a person before you can continue. blocked: something other than a question prevents you from completing the task.',
    },
    summary: {
      type: 'string',
      description: 'What you did, or the full question, or what blocks you. Markdown, a few sentences.',
    },
  },
} as const;

/** The last line of a message to a session that has a report: without it Devin may leave the old one. */
export const REPORT_LINE =
  'When you stop, update the structured output: `outcome` (done, question or blocked) and `summary`.';

type Body = PreparedSession['body'];

/** The request of a session that is to give a report. */
export const withReport = (body: Body): Body => ({
  ...body,
  structured_output_schema: REPORT_SCHEMA,
  structured_output_required: true,
  tags: [...(body.tags ?? []), REPORT_TAG],
});

/** Whether the API rejects a request for its schema: then nothing was created, and it may go without a report. */
export const isReportRejected = ({ status, message, list }: ActionError): boolean =>
  (status === 400 || status === 422) && [message, ...list].some((text) => /structured.?output/i.test(text));

/** Whether a session was asked for a report. */
export const hasReportTag = ({ tags }: Pick<Session, 'tags'>): boolean => tags.includes(REPORT_TAG);

const MEMBERS = new Set(['outcome', 'summary']);

/** Whether output is a report, or a part of one: Devin may fill it in while it works. */
export const isReportLike = (output: unknown): boolean =>
  isRecord(output) && Object.keys(output).every((key) => MEMBERS.has(key));

/** Whether output is a complete report. */
export const isReport = (output: unknown): boolean => readReport(output) !== undefined;

/** Reads a report, whose summary may be empty; undefined for output that is none, or not complete yet. */
export function readReport(output: unknown): CompletionReport | undefined {
  if (!isRecord(output) || !('summary' in output)) return undefined;
  const said = typeof output['outcome'] === 'string' ? output['outcome'].trim().toLowerCase() : '';
  const outcome = OUTCOMES.find((each) => each === said);
  if (outcome === undefined) return undefined;
  const { summary } = output;
  return { outcome, summary: typeof summary === 'string' ? summary.trim() : '' };
}
