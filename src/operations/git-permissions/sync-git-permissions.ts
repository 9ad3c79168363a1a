import { ActionError } from '../../contract/errors.ts';
import { pool } from '../../contract/pool.ts';
import { planAll } from '../../reconcile/plan.ts';
import { prose, sections } from '../../report/markdown.ts';
import { title } from '../../report/marks.ts';
import { count } from '../../report/units.ts';
import type { Log } from '../../runner/log.ts';
import { operation, type Report, ready } from '../operation.ts';
import { reject, sorted, warn, warningNotice } from '../plan/findings.ts';
import { type Finding, inOrder } from '../plan/positions.ts';
import { PLAN_INPUTS, PLAN_OUTPUTS, type PlanContext } from '../plan/report.ts';
import { runPlan } from '../plan/step.ts';
import { findManifest, type Manifest, type ReadManifest } from './manifest.ts';
import { readManifestAside } from './manifest-thread.ts';
import { permissionKind } from './permission.ts';
import { openSource, readObserved } from './read.ts';
import { checkRepositories } from './repositories.ts';
import { type ComparedScope, resolveManifest, type WantedScope } from './resolve.ts';
import { type PermissionSource, repositoryLists } from './source.ts';

/** What the warnings are that only the job summary lists. */
const OVERLAPPING = 'inside a group or prefix';
/** A pause takes a millisecond, and the work for each group of this many patterns less than a second. */
const TURNS = 20;

/** Entries that Devin spells in another case than the manifest. They are the same. */
function spellings(scopes: readonly ComparedScope[], kind: ReturnType<typeof permissionKind>): Finding[] {
  const found: Finding[] = [];
  for (const { desired, observed } of scopes) {
    const existing = new Map(observed.map((one) => [kind.observedKey(one), one.path]));
    for (const one of desired) {
      const path = existing.get(kind.desiredKey(one));
      if (path === undefined || path === one.path) continue;
      found.push({
        ...one.position,
        message: `${one.subject} ${JSON.stringify(one.path)} is ${JSON.stringify(path)} in Devin; both are the same`,
      });
    }
  }
  return found;
}

/** The organizations of `org_id`, which have to be in the manifest. */
function checkAsked(asked: readonly string[] | undefined, scopes: readonly WantedScope[]): void {
  const missing = asked?.filter((id) => !scopes.some((scope) => scope.id === id)) ?? [];
  if (missing.length === 0) return;
  throw new ActionError('input_invalid', `org_id names ${missing.join(', ')}, which the manifest does not list.`, {
    fix: 'Add the organization to the manifest, or leave `org_id` empty to use all organizations in it.',
  });
}

/** A v3 key would make every entry writable that v2 could not report as read-only. */
function readOnlyFault({ readOnlyUnknown: position }: Manifest, knowsReadOnly: boolean): Finding[] {
  if (position === undefined || !knowsReadOnly) return [];
  const origin = 'it was exported with a v2 key, which does not report read-only access';
  const fix = 'mark the entries that are `read_only: true`, then remove this line';
  return [{ ...position, message: `the manifest does not say which entries are read-only: ${origin}; ${fix}` }];
}

/** Compares the manifest with the organizations that it lists. Throws if one of them is wrong or cannot be read. */
async function compared(context: PlanContext, manifest: Manifest, source: PermissionSource) {
  const { inputs, log } = context;
  reject(log, readOnlyFault(manifest, source.knowsReadOnly));
  const only = inputs.org_id === '*' ? undefined : inputs.org_id;
  const lists = repositoryLists(source);
  let turns = 0;
  const pause = async () => {
    turns += 1;
    if (turns % TURNS === 0) await context.clock.sleep(0, context.signal);
  };
  const wanted = await resolveManifest(manifest, source, lists, { prune: inputs.prune, only, pause });
  reject(log, wanted.faults);
  checkAsked(only, wanted.scopes);
  const rows = await readObserved(context, source, wanted.scopes);
  const scopes = wanted.scopes.map((scope, at) => ({ ...scope, observed: rows[at] ?? [] }));
  const kind = permissionKind({ severalFiles: manifest.files.length > 1, knowsReadOnly: source.knowsReadOnly });
  const { faults, unchecked } = await checkRepositories(scopes, wanted.rules, kind, lists);
  reject(log, inOrder(faults));
  for (const one of unchecked) log.annotate('warning', 'New entries were not checked', one);
  return { kind, scopes, warnings: sorted([...wanted.warnings, ...spellings(scopes, kind)]) };
}

/** What a plan without a credential can do, as for a pull request of a fork: check the manifest. */
function onlyChecked(log: Log, { manifest, faults, warnings }: ReadManifest): Report {
  reject(log, faults);
  warn(log, sorted(warnings));
  const size = `${count(manifest.entries, 'entry', 'entries')} of ${count(manifest.organizations.length, 'organization')}`;
  const reason = `no credential, as in every pull request from a fork: the manifest is valid (${size}), but was not compared with Devin`;
  return {
    outcome: 'skipped',
    skippedReason: reason,
    data: { entries: manifest.entries, organizations: manifest.organizations.length },
    summary: sections(
      title('attention', 'The manifest is valid, but was not compared with Devin'),
      `${prose(size)}\\. This run has no credential, as in every pull request from a fork, so there is no plan\\.`,
      ...warningNotice(sorted(warnings), OVERLAPPING),
    ),
  };
}

async function run(context: PlanContext, { manifest, faults }: ReadManifest) {
  const { inputs, log } = context;
  reject(log, faults);
  const source = await openSource(context);
  const { kind, scopes, warnings } = await compared(context, manifest, source);
  warn(log, warnings);
  const plan = planAll(
    kind.name,
    scopes.map((scope) => ({ ...scope, kind })),
  );
  const stores = new Map([[kind.name, source]]);
  const step = { stores, plan, limit: pool(inputs.concurrency), scopeName: 'organization' };
  return await runPlan(context, step, warningNotice(warnings, OVERLAPPING));
}

/** Makes the Git permissions of organizations match a manifest, or shows what that would change. */
export const syncGitPermissionsOperation = operation({
  name: 'sync-git-permissions',
  summary: 'Compares the repositories that organizations may access with a manifest, and shows or applies the changes.',
  inputs: PLAN_INPUTS,
  required: [],
  outputs: PLAN_OUTPUTS,
  permissions: [{ all: ['ManageGitIntegrations'] }, { all: ['ManageOrganizations'], for: ['names'] }],
  severalOrganizations: true,
  versions: ['v3', 'v2'],
  readOnly: ({ mode }) => mode !== 'apply',
  async prepare({ manifest = [], mode, plan_file: planFile }, { workspace, signal, problem }) {
    const reason = planFile === undefined ? undefined : await workspace.whyNotWritable(planFile);
    if (reason !== undefined) problem('plan_file', `names ${JSON.stringify(planFile)}, which ${reason}`);
    const found = await findManifest(manifest, workspace);
    if (!found.ok) problem('manifest', found.problem);
    const read = await readManifestAside(found.ok ? found.files : [], { workspace, signal });
    return mode === 'apply' ? ready(read) : { ready: read, withoutCredential: (log: Log) => onlyChecked(log, read) };
  },
  run,
});
