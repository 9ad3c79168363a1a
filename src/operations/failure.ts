import type { ActionError, ErrorCode } from '../contract/errors.ts';
import { code, link, prose } from '../report/markdown.ts';

/** Where a code is explained. */
export const errorLink = (name: ErrorCode, docs: string | undefined): string => `${docs ?? 'docs'}/errors.md#${name}`;

/** What an error says, for a summary: code, sentence, findings and fix. */
export function errorPart({ code: name, message, list, fix }: ActionError, docs?: string): string {
  const findings = list.map((entry) => `- ${prose(entry)}`).join('\n');
  const more = docs === undefined ? '' : ` ${link(`About ${name}`, errorLink(name, docs))}`;
  return [`${code(name)} · ${prose(message)}`, findings, `${prose(fix)}${more}`]
    .filter((part) => part !== '')
    .join('\n\n');
}
