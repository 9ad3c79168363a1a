import type { Habits } from '../../../contract/habits.ts';
import { parseHabit } from '../../../contract/habits.ts';
import { invalidField } from '../../request/problem.ts';

/** What the tags of the action begin with. */
const ACTION = 'devin-action:';
/** The tag of a session whose schema is the completion report of the action. */
const REPORT = `${ACTION}report`;
const HABIT = 'sandbox:habit:';

/** The tags that a session gets of those that a request names. @throws a 422 where those of the action are rejected. */
export function keptTags(tags: readonly string[], habits: Habits): readonly string[] {
  if (habits.tags === 'kept' || !tags.some((tag) => tag.startsWith(ACTION))) return tags;
  if (habits.tags === 'dropped') return tags.filter((tag) => !tag.startsWith(ACTION));
  throw invalidField(
    ['body', 'tags'],
    `The tags of this organization allow none that begins with ${ACTION}`,
    'unknown_tag',
  );
}

/** The habits that tags choose for one session. @throws a 422 for a tag that names none. */
export function habitTags(tags: readonly string[]): Partial<Habits> {
  let habits: Partial<Habits> = {};
  for (const tag of tags) {
    if (!tag.startsWith(HABIT)) continue;
    const [name = '', ...value] = tag.slice(HABIT.length).split('=');
    const parsed = parseHabit(name, value.join('='));
    if (!parsed.ok) throw invalidField(['body', 'tags'], `${tag}: expected ${parsed.problem}`, 'unknown_habit');
    habits = { ...habits, ...parsed.value };
  }
  return habits;
}

/** Whether a session was created with the completion report of the action. */
export function isReport(
  schema: Readonly<Record<string, unknown>> | null | undefined,
  tags: readonly string[],
): boolean {
  const properties = schema?.['properties'];
  const has = (name: string) =>
    typeof properties === 'object' && properties !== null && Object.hasOwn(properties, name);
  return has('outcome') && has('summary') && tags.includes(REPORT);
}
