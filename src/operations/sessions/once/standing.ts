import { type Asked, FIRST_TURN, type Judged, judge, judgeBy } from '../outcome/judge.ts';
import type { Session } from '../outcome/outcome.ts';

/**
 * What an existing session means for a step that was asked for the same: it still works or waits (`live`), its result is
 * complete (`finished`), it fell asleep with a question (`asks`) or without one (`asleep`), or nothing will come of it
 * any more (`over`).
 */
export type Standing = 'live' | 'finished' | 'asks' | 'asleep' | 'over';

/** The better ones first. */
const ORDER: readonly Standing[] = ['live', 'finished', 'asks', 'asleep', 'over'];

/** Whether one standing is to be preferred, as a sort function. */
export const byStanding = (a: Standing, b: Standing): number => ORDER.indexOf(a) - ORDER.indexOf(b);

/** Judges an existing session by the table of outcomes, and its output by the schema that it was asked to follow. */
export async function standingBy(session: Session, asked: Asked): Promise<Standing> {
  return standing(session, await judge(session, asked, FIRST_TURN, 'auto'));
}

/** The same for a session of which no schema is known: then any output counts. */
export const standingOf = (session: Session): Standing =>
  standing(session, judgeBy([], session, {}, FIRST_TURN, 'auto'));

function standing(session: Session, { verdict, report }: Judged): Standing {
  const { status, status_detail: detail, is_archived: isArchived } = session;
  if (verdict.outcome === 'finished') return 'finished';
  if (status === 'exit' || status === 'error' || detail === 'error' || isArchived === true) return 'over';
  // A suspended session without a reason is on its way to another state.
  if (verdict.outcome === 'running' || status !== 'suspended') return 'live';
  return report?.outcome === 'question' ? 'asks' : 'asleep';
}

/** Why nothing will come of a session any more, as a clause that follows "which". */
export function whyOver({ status, status_detail: detail, is_archived: isArchived }: Session): string {
  if (status === 'error' || detail === 'error') return 'stopped with an error';
  if (status !== 'exit' && isArchived === true) return 'was archived before it finished';
  return 'ended before it finished';
}
