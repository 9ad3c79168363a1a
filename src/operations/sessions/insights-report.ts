import type { ActionError } from '../../contract/errors.ts';
import { plain, sections, table } from '../../report/markdown.ts';
import { markOf, title } from '../../report/marks.ts';
import { acus, acusCell, acusTotal, count, instant, number } from '../../report/units.ts';
import { errorPart } from '../failure.ts';
import { onlyNewest } from './filters.ts';
import { sessionLink } from './outcome/summary.ts';

/** Rows that a summary shows; more say no more to a reader. */
const SHOWN_ROWS = 200;

/** A session with figures about it, as the output `sessions` has it. What the API does not tell is null. */
export interface InsightsRow {
  /** Null where the list is of the whole enterprise and the response does not say. */
  readonly org_id: string | null;
  readonly session_id: string;
  readonly url: string;
  readonly title: string | null;
  readonly status: string;
  readonly status_detail: string | null;
  readonly tags: readonly string[];
  /** Unix seconds. */
  readonly created_at: number | null;
  /** Null where the API reports none. */
  readonly acus_consumed: number | null;
  readonly session_size: string | null;
  readonly num_user_messages: number | null;
  readonly num_devin_messages: number | null;
  readonly pull_requests: readonly { readonly pr_url: string; readonly pr_state: string | null }[];
  /** Null until insights have been generated. */
  readonly analysis: {
    readonly classification?: { readonly category: string | null } | null | undefined;
    readonly issues?: readonly unknown[] | undefined;
    readonly action_items?: readonly unknown[] | undefined;
  } | null;
}

const numberCell = (value: number | null) => (value === null ? 'unknown' : number(value));

/** What Devin found, in short: `bug fixing · 2 issues · 1 action item`. */
function insightsCell(analysis: InsightsRow['analysis']): string {
  if (analysis === null) return 'not generated';
  const { classification, issues = [], action_items: actions = [] } = analysis;
  const about = plain((classification?.category ?? '').replaceAll('_', ' '));
  const found = [count(issues.length, 'issue'), count(actions.length, 'action item')];
  return [about, ...found].filter((part) => part !== '').join(' · ');
}

const rowOf = (session: InsightsRow): string[] => [
  sessionLink(session),
  insightsCell(session.analysis),
  acusCell(session.acus_consumed),
  plain(session.session_size?.toUpperCase() ?? ''),
  numberCell(session.num_user_messages),
  numberCell(session.num_devin_messages),
  instant((session.created_at ?? Number.NaN) * 1_000),
];

const HEAD = ['Session', 'Insights', 'ACUs', 'Size', 'User messages', 'Devin messages', 'Created (UTC)'];

/** How many of the sessions have insights. */
export const analysed = (sessions: readonly InsightsRow[]): number =>
  sessions.filter(({ analysis }) => analysis !== null).length;

/** The summary of a list, of which there may be `more`; `hint` is Markdown. */
export function insightsSummary(
  sessions: readonly InsightsRow[],
  more: boolean,
  { error, hint = '' }: { readonly error?: ActionError | undefined; readonly hint?: string },
): string {
  const used = acusTotal(sessions.map((session) => session.acus_consumed));
  const left = sessions.length - SHOWN_ROWS;
  const found = [
    `${count(sessions.length, 'session')}${more ? ', and more' : ''}`,
    `${analysed(sessions)} with insights`,
  ];
  return sections(
    title(markOf(error), [...found, acus(used)].join(' · ')),
    error === undefined ? '' : errorPart(error),
    more ? `${onlyNewest(sessions.length)}.` : '',
    sessions.length === 0 ? '' : table(HEAD, sessions.slice(0, SHOWN_ROWS).map(rowOf)),
    left > 0 ? `${count(left, 'more session')} in the result.` : '',
    hint,
  );
}
