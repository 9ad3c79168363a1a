import type { ActionError } from '../contract/errors.ts';
import { serverUrl } from '../github/event/facts.ts';
import { errorPart } from '../operations/failure.ts';
import type { Report } from '../operations/operation.ts';
import { link, plain, prose, sections } from '../report/markdown.ts';
import { title } from '../report/marks.ts';

/** Address of this action's pages on the host that runs it; undefined outside of a workflow. */
export function docsUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { GITHUB_ACTION_REPOSITORY: repository, GITHUB_ACTION_REF: ref } = env;
  if (!repository || !ref) return undefined;
  return `${serverUrl(env)}/${repository}/blob/${ref}/docs`;
}

/** A piece of a sentence with the spaces at its ends. */
const kept = (part: string) => `${/^\s/.test(part) ? ' ' : ''}${prose(part).trim()}${/\s$/.test(part) ? ' ' : ''}`;

/** A sentence whose mentions of our pages are links, where it is known where those are. */
function linked(text: string, docs: string | undefined): string {
  if (docs === undefined) return prose(text);
  const parts = text.split(/docs\/([a-z-]+\.md(?:#[a-z_-]+)?)/);
  return parts.map((part, at) => (at % 2 === 0 ? kept(part) : link(`docs/${part}`, `${docs}/${part}`))).join('');
}

/**
 * The report of a step that an error ended. A closed gate is no failure: the step is skipped, and green. `data` is what
 * exists anyway.
 */
export function failureReport(error: ActionError, docs: string | undefined, data: Report['data'] = {}): Report {
  if (error.code === 'gate_closed') {
    const summary = sections(
      title('attention', plain(error.title)),
      linked(`Nothing was done: ${error.message}. ${error.fix}`, docs),
    );
    return { outcome: 'skipped', skippedReason: error.message, data, summary };
  }
  const summary = sections(title('failed', plain(error.title)), errorPart(error, docs, error.title));
  return { outcome: 'failure', error, data, summary };
}
