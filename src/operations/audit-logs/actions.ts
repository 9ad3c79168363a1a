import { nearestOf } from '../../contract/kinds.ts';
import { AUDIT_LOG_ACTIONS } from '../../devin/endpoints/audit-log-actions.ts';

/** Whether an action meets one of some patterns, in which `*` stands for any text. */
export function actionMatcher(patterns: readonly string[]): (action: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const open = patterns
    .filter((pattern) => pattern.includes('*'))
    .map((pattern) => new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 's'));
  return (action) => exact.has(action) || open.some((pattern) => pattern.test(action));
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Patterns that meet no documented action, each with the nearest one that does. New actions appear over time. */
export function unknownActions(patterns: readonly string[]): { readonly pattern: string; readonly nearest?: string }[] {
  return patterns
    .filter((pattern) => !AUDIT_LOG_ACTIONS.some(actionMatcher([pattern])))
    .map((pattern) => {
      const nearest = nearestOf(pattern, AUDIT_LOG_ACTIONS);
      return { pattern, ...(nearest === undefined ? {} : { nearest }) };
    });
}
