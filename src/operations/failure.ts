import type { ActionError, ErrorCode } from '../contract/errors.ts';
import { code, link, plain, prose } from '../report/markdown.ts';
import type { Report } from './operation.ts';

/** Address of this action's pages on the host that runs it; undefined outside of a workflow. */
export function docsUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { GITHUB_ACTION_REPOSITORY: repository, GITHUB_ACTION_REF: ref } = env;
  if (!repository || !ref) return undefined;
  return `${env['GITHUB_SERVER_URL'] ?? 'https://github.com'}/${repository}/blob/${ref}/docs`;
}

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

/** The report of a step that an error ended. A closed gate is no failure: the step is skipped, and green. */
export function failureReport(error: ActionError, docs: string | undefined): Report {
  if (error.code === 'gate_closed') {
    const summary = `### – Skipped\n\n${prose(error.message)}. ${prose(error.fix)}\n`;
    return { outcome: 'skipped', skippedReason: error.message, outputs: {}, data: {}, summary };
  }
  const summary = `### ✗ ${plain(error.title)}\n\n${errorPart(error, docs)}\n`;
  return { outcome: 'failure', error, outputs: {}, data: {}, summary };
}
