import { ActionError } from '../../contract/errors.ts';
import { code, nameOrId, prose, sections, table } from '../../report/markdown.ts';
import { title } from '../../report/marks.ts';
import { count, number } from '../../report/units.ts';
import { isFilePattern } from '../../runner/pattern.ts';
import type { Context } from '../operation.ts';
import { operation, ready } from '../operation.ts';
import { listed } from '../plan/report.ts';
import { isExported, manifestText, type ObservedOrganization } from './manifest-text.ts';
import { openSource, readObserved } from './read.ts';
import type { Organization } from './source.ts';

const SHOWN_ROWS = 500;

/** The organizations to export: those of `org_id`, or all that the credential can see. */
function chosen({ inputs }: Context<'manifest'>, known: readonly Organization[] | undefined): readonly Organization[] {
  const asked = inputs.org_id === '*' ? undefined : inputs.org_id;
  if (asked === undefined) {
    if (known !== undefined) return known;
    throw new ActionError('permission_denied', 'The credential may not list organizations.', {
      fix: 'Give its role ManageOrganizations at enterprise level, or name the organizations in `org_id`.',
    });
  }
  const missing = asked.filter((id) => known !== undefined && !known.some((one) => one.id === id));
  if (missing.length > 0) throw new ActionError('not_found', `There is no organization ${missing.join(', ')}.`);
  return asked.map((id) => known?.find((one) => one.id === id) ?? { id, name: id });
}

function summaryOf(
  all: readonly ObservedOrganization[],
  path: string,
  entries: number,
  leftOut: readonly string[],
): string {
  const said = `Wrote ${count(entries, 'permission')} of ${count(all.length, 'organization')} to ${code(path)}`;
  const of = ({ observed }: ObservedOrganization, subject: string) =>
    number(observed.filter((one) => one.subject === subject).length);
  const rows = all
    .slice(0, SHOWN_ROWS)
    .map((one) => [nameOrId(one.organization.name), of(one, 'repo'), of(one, 'group'), of(one, 'prefix')]);
  const notes = listed(leftOut).map((one) => `> - ${prose(one)}`);
  return sections(
    title(notes.length === 0 ? 'done' : 'attention', said),
    notes.length === 0 ? '' : ['> Left out. `prune` is off for these organizations:', ...notes].join('\n'),
    table(['Organization', 'Repositories', 'Groups', 'Prefixes'], rows),
  );
}

/** What an export may replace without being told to: a file that it wrote itself. */
const MAX_OWN_BYTES = 64 * 1024 * 1024;

/** Writes the existing Git permissions as a manifest, whose plan has no changes. */
export const exportGitPermissionsOperation = operation({
  name: 'export-git-permissions',
  summary: 'Writes a manifest that lists the repositories that organizations may access.',
  inputs: ['manifest', 'overwrite'],
  required: [],
  outputs: ['manifest', 'count'],
  permissions: [{ all: ['ManageGitIntegrations'] }, { all: ['ManageOrganizations'], for: ['unnamed_organizations'] }],
  severalOrganizations: true,
  versions: ['v3', 'v2'],
  readOnly: () => true,
  async prepare({ manifest = [], overwrite = false }, { workspace, problem }) {
    const [path = '', ...others] = manifest;
    const reason = await workspace.whyNotWritable(path);
    if (others.length > 0 || isFilePattern(path))
      problem('manifest', 'names more than one file; export-git-permissions writes one');
    else if (reason !== undefined) problem('manifest', `names ${JSON.stringify(path)}, which ${reason}`);
    else if (!overwrite && (await workspace.exists(path))) {
      const file = await workspace.readText(path, MAX_OWN_BYTES);
      if (!file.ok || !isExported(file.text)) {
        const kept = 'which this operation did not write, or which was edited since';
        problem('manifest', `names ${JSON.stringify(path)}, ${kept}; to replace it, set overwrite: true`);
      }
    }
    return ready(path);
  },
  async run(context, path) {
    const source = await openSource(context);
    const known = await source.organizations();
    const organizations = chosen(context, known);
    const connections = await source.connections(organizations.map(({ id }) => id));
    const rows = await readObserved(context, source, organizations);
    const all = organizations.map((organization, at) => ({ organization, observed: rows[at] ?? [] }));
    const { text, entries, leftOut } = manifestText(all, {
      connections,
      known: known ?? organizations,
      knowsReadOnly: source.knowsReadOnly,
    });
    const written = await context.workspace.writeFile(path, text);
    for (const one of leftOut.slice(0, 10)) context.log.annotate('warning', 'Left out of the manifest', one);
    context.log.info(`${count(entries, 'entry', 'entries')} written to ${written}`);
    return {
      outcome: 'success',
      data: { manifest: written, count: entries, organizations: all.length, left_out: leftOut.slice(0, 200) },
      summary: summaryOf(all, written, entries, leftOut),
    };
  },
});
