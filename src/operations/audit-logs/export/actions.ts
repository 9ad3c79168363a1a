import { nearestOf } from '../../../contract/kinds.ts';
import { AUDIT_LOG_ACTIONS } from '../../../devin/endpoints/audit-log-actions.ts';

/** Whether an action matches one of some patterns, in which `*` matches any text. */
export function actionMatcher(patterns: readonly string[]): (action: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const open = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('*'));
  return (action) => exact.has(action) || open.some((pieces) => fits(action, pieces));
}

/**
 * Whether a text consists of these pieces, in order, with any text between them. The earliest place for each is as good as
 * any other, so nothing is tried twice, unlike a regular expression for a pattern with many stars.
 */
function fits(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** Patterns that match no documented action, each with the nearest action. New actions appear over time. */
export function unknownActions(patterns: readonly string[]): { readonly pattern: string; readonly nearest?: string }[] {
  return patterns
    .filter((pattern) => !AUDIT_LOG_ACTIONS.some(actionMatcher([pattern])))
    .map((pattern) => {
      const nearest = nearestOf(pattern, AUDIT_LOG_ACTIONS);
      return { pattern, ...(nearest === undefined ? {} : { nearest }) };
    });
}
