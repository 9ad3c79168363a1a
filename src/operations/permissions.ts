/** What a permission is for where an operation can also run without it. */
const PURPOSES = {
  all_organizations: 'for more than its own organization',
  attachments: 'to upload attachments',
  confirm: 'to confirm the end',
  generate: 'to generate insights',
  names: 'to find organizations by name',
  on_cancel: 'to end the session on cancel',
  once: 'to send once per run',
  rerun: 'to find the session of an earlier attempt',
  reuse: 'to reuse a session',
  unnamed_organizations: 'if `org_id` names no organizations',
  wait: 'to wait',
} as const;

/** The code of a purpose. */
export type Purpose = keyof typeof PURPOSES;

/** Permissions that an operation needs: all of some, or one of several. With `for`, only for a part of what it does. */
export type Need = ({ readonly all: readonly string[] } | { readonly anyOf: readonly string[] }) & {
  readonly for?: readonly [Purpose, ...Purpose[]];
};

/** The permissions that a need names. */
export const namesOf = (need: Need): readonly string[] => ('all' in need ? need.all : need.anyOf);

const joined = (parts: readonly string[], word: string, comma = '') =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')}${comma} ${word} ${parts.at(-1)}`;

/**
 * A need as text: ``ViewOrgSessions (to wait and to reuse a session)``.
 *
 * @param shown how a permission's name is written
 */
export function needText(need: Need, shown: (name: string) => string = (name) => name): string {
  const names = joined(namesOf(need).map(shown), 'all' in need ? 'and' : 'or');
  if (need.for === undefined) return names;
  const purposes = need.for.map((purpose) => PURPOSES[purpose]);
  return `${names} (${joined(purposes, 'and', purposes.length > 2 ? ',' : '')})`;
}
