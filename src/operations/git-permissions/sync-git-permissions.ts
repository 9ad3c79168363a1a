import { ActionError } from '../../contract/errors.ts';
import { pool } from '../../contract/pool.ts';
import type { Scope } from '../../reconcile/kind.ts';
import { planAll } from '../../reconcile/plan.ts';
import { details, prose } from '../../report/markdown.ts';
import { count } from '../../report/units.ts';
import type { Log } from '../../runner/log.ts';
import { operation } from '../operation.ts';
import { type Finding, inOrder } from '../plan/positions.ts';
import { listed, PLAN_INPUTS, PLAN_OUTPUTS, type PlanContext } from '../plan/report.ts';
import { runPlan } from '../plan/step.ts';
import { findManifest, type ReadManifest } from './manifest.ts';
import { readManifestAside } from './manifest-thread.ts';
import { type Desired, type Observed, permissionKind } from './permission.ts';
import { openSource, readObserved } from './read.ts';
import { resolveManifest, type WantedScope } from './resolve.ts';

/** A page of a run shows at most ten annotations of a kind. */
const MAX_ANNOTATIONS = 10;
const MAX_NOTICES = 100;
/** A pause takes a millisecond, and what is done for each of so many patterns less than a second. */
const TURNS = 20;

const textOf = ({ file, line, message }: Finding) => `${file}:${line}: ${message}`;

/** Shows what is wrong with a manifest at its lines. Throws where anything is. */
function reject(log: Pick<Log, 'annotate'>, faults: readonly Finding[]): void {
  if (faults.length === 0) return;
  for (const { file, line, message } of faults.slice(0, MAX_ANNOTATIONS)) {
    log.annotate('error', 'Invalid manifest', message, { file, line });
  }
  const message =
    faults.length === 1 ? 'One line of the manifest is wrong.' : `${faults.length} lines of the manifest are wrong.`;
  throw new ActionError('manifest_invalid', message, { list: listed(faults.map(textOf)) });
}

function warn(log: Pick<Log, 'annotate' | 'info'>, warnings: readonly Finding[]): void {
  for (const { file, line, message } of warnings.slice(0, MAX_ANNOTATIONS)) {
    log.annotate('warning', 'An entry of the manifest', message, { file, line });
  }
  for (const warning of warnings.slice(MAX_ANNOTATIONS, 200)) log.info(`  ${textOf(warning)}`);
}

/** Warnings fold: they say something about the manifest, not about what changes. */
function warningNotice(warnings: readonly Finding[]): readonly string[] {
  if (warnings.length === 0) return [];
  const lines = warnings.slice(0, MAX_NOTICES).map((warning) => `- ${prose(textOf(warning))}`);
  const rest = warnings.length > MAX_NOTICES ? [`- and ${warnings.length - MAX_NOTICES} more`] : [];
  return [details(`${count(warnings.length, 'line')} of the manifest worth a look`, [...lines, ...rest].join('\n'))];
}

/** Entries that Devin spells in another case than the manifest. They count as the same. */
function spellings(scopes: readonly Scope<Desired, Observed>[], kind: ReturnType<typeof permissionKind>): Finding[] {
  const found: Finding[] = [];
  for (const { desired, observed } of scopes) {
    const there = new Map(observed.map((one) => [kind.observedKey(one), one.path]));
    for (const one of desired) {
      const path = there.get(kind.desiredKey(one));
      if (path === undefined || path === one.path) continue;
      found.push({
        ...one.place,
        message: `${one.subject} ${JSON.stringify(one.path)} is ${JSON.stringify(path)} in Devin; both count as the same`,
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
    fix: 'Add the organization to the manifest, or leave `org_id` empty for all that it lists.',
  });
}

async function run(context: PlanContext, { manifest, faults, warnings }: ReadManifest) {
  const { inputs, log } = context;
  reject(log, faults);
  const source = await openSource(context);
  const only = inputs.org_id === '*' ? undefined : inputs.org_id;
  let turns = 0;
  const pause = async () => {
    turns += 1;
    if (turns % TURNS === 0) await context.clock.sleep(0, context.signal);
  };
  const wanted = await resolveManifest(manifest, source, { prune: inputs.prune, only, pause });
  reject(log, wanted.faults);
  checkAsked(only, wanted.scopes);
  const rows = await readObserved(context, source, wanted.scopes);
  const scopes = wanted.scopes.map((scope, at) => ({ ...scope, observed: rows[at] ?? [] }));
  const kind = permissionKind({ severalFiles: manifest.files.length > 1, knowsReadOnly: source.knowsReadOnly });
  const all = inOrder([...warnings, ...wanted.warnings, ...spellings(scopes, kind)]);
  warn(log, all);
  const plan = planAll(kind, scopes);
  const step = { kind, store: source, plan, limit: pool(inputs.concurrency), scopeName: 'organization' };
  return await runPlan(context, step, warningNotice(all));
}

/** Makes the Git permissions of organizations what a manifest says, or shows what that would change. */
export const syncGitPermissionsOperation = operation({
  name: 'sync-git-permissions',
  summary: 'Plans or applies the repositories that organizations may access, from a manifest in the repository.',
  inputs: PLAN_INPUTS,
  required: [],
  outputs: PLAN_OUTPUTS,
  permissions: ['ManageGitIntegrations', 'ManageOrganizations (to find organizations by name)'],
  scope: 'enterprise',
  severalOrganizations: true,
  versions: ['v3', 'v2'],
  readOnly: ({ mode }) => mode !== 'apply',
  async prepare({ manifest = [], plan_file: planFile }, { workspace, signal, problem }): Promise<ReadManifest> {
    const reason = planFile === undefined ? undefined : await workspace.whyNotWritable(planFile);
    if (reason !== undefined) problem('plan_file', `names ${JSON.stringify(planFile)}, which ${reason}`);
    const found = await findManifest(manifest, workspace);
    if ('problem' in found) problem('manifest', found.problem);
    return await readManifestAside('problem' in found ? [] : found.files, { workspace, signal });
  },
  offline(log, { manifest, faults, warnings }) {
    reject(log, faults);
    warn(log, warnings);
    const size = `${count(manifest.entries, 'entry', 'entries')} of ${count(manifest.organizations.length, 'organization')}`;
    const reason = `no credential, as for every pull request of a fork: the manifest is valid (${size}), but was not compared with Devin`;
    return {
      outcome: 'skipped',
      skippedReason: reason,
      outputs: {},
      data: { entries: manifest.entries, organizations: manifest.organizations.length },
      summary: `${['### – The manifest is valid', `${prose(size)}\\. This run has no credential, as for every pull request of a fork, so there is no plan\\.`, ...warningNotice(warnings)].join('\n\n')}\n`,
    };
  },
  run,
});
