import type { ActionError, ErrorCode } from '../contract/errors.ts';
import { code, link, prose } from '../report/markdown.ts';

/** Where a code is explained. */
export const errorLink = (name: ErrorCode, docs: string | undefined): string => `${docs ?? 'docs'}/errors.md#${name}`;

/** What an error says, for a summary: code, sentence, findings and fix. `heading` is said already. */
export function errorPart({ code: name, message, list, fix }: ActionError, docs?: string, heading = ''): string {
  const isSaid = message === `${heading}.`;
  const findings = list.map((entry) => `- ${prose(entry)}`).join('\n');
  const more = docs === undefined ? '' : ` ${link(`About ${name}`, errorLink(name, docs))}`;
  const first = isSaid ? '' : `${code(name)} · ${prose(message)}`;
  return [first, findings, `${prose(fix)}${more}${isSaid ? ` · ${code(name)}` : ''}`]
    .filter((part) => part !== '')
    .join('\n\n');
}
