import { isLocal, type Operation } from '../operation.ts';
import { type Need, namesOf, type Purpose } from '../permissions.ts';
import type { Probe } from './probes.ts';

/**
 * What is known of something that may be granted: it is, it is not, that cannot be told without an organization, or
 * without changing something, or its probe failed.
 */
export type Finding = 'yes' | 'no' | 'unasked' | 'unknown' | 'failed';

/** What the probes of a credential found, and what its step is like. */
export interface Grants {
  readonly found: ReadonlyMap<Probe, Finding>;
  readonly version: 'v2' | 'v3';
  /** Whether the credential belongs to one organization. */
  readonly hasOwnOrganization: boolean;
  /** Whether the step names organizations, so that it need not list them. */
  readonly namesOrganizations: boolean;
}

/** Every service user has it: without it, no request of a step would get a response. */
const ALWAYS = 'ReadAccountMeta';

/** The permissions of which each is enough for a probe. */
const accepted = ({ permission, endpoint }: Probe): readonly string[] =>
  endpoint.permission.length === 0 ? [permission] : endpoint.permission;

/** What the probes that `name` alone is enough for found; undefined where there is none. */
function direct(name: string, { found }: Grants): Finding | undefined {
  for (const [probe, finding] of found) if (accepted(probe).every((one) => one === name)) return finding;
  return undefined;
}

/** Whether a credential has a permission. */
export function grantOf(name: string, grants: Grants): Finding {
  if (name === ALWAYS) return 'yes';
  const own = direct(name, grants);
  if (own !== undefined) return own;
  for (const [probe, finding] of grants.found) {
    const names = accepted(probe);
    if (!names.includes(name)) continue;
    // Any of the others may be the one that let the probe pass.
    const isIt = names.every((other) => other === name || direct(other, grants) === 'no');
    return finding === 'yes' && !isIt ? 'unknown' : finding;
  }
  return 'unknown';
}

/** The first of these that there is decides. */
const firstOf = (findings: readonly Finding[], order: readonly Finding[], otherwise: Finding): Finding =>
  order.find((finding) => findings.includes(finding)) ?? otherwise;

function meets(need: Need, grants: Grants): Finding {
  const names = namesOf(need);
  const findings = names.map((name) => grantOf(name, grants));
  if ('all' in need) return firstOf(findings, ['no', 'unasked', 'failed', 'unknown'], 'yes');
  const isProven = [...grants.found].some(
    ([probe, finding]) => finding === 'yes' && accepted(probe).every((name) => names.includes(name)),
  );
  return isProven ? 'yes' : firstOf(findings, ['yes', 'unasked', 'failed', 'unknown'], 'no');
}

/** Whether this credential cannot do without what is else for a part of an operation only. */
const isInevitable = (purpose: Purpose, { hasOwnOrganization, namesOrganizations }: Grants): boolean =>
  (purpose === 'all_organizations' && !hasOwnOrganization) ||
  (purpose === 'unnamed_organizations' && !namesOrganizations);

/** Whether a credential may run an operation. */
export function verdictOn(operation: Operation, grants: Grants): Finding {
  if (isLocal(operation)) return 'yes';
  if (!operation.versions.includes(grants.version)) return 'no';
  // An administrator of the enterprise may do everything that v2 has.
  if (grants.version === 'v2') return [...grants.found.values()][0] ?? 'unknown';
  const needs = operation.permissions.filter(
    (need) => need.for === undefined || need.for.some((purpose) => isInevitable(purpose, grants)),
  );
  return firstOf(
    needs.map((need) => meets(need, grants)),
    ['no', 'unasked', 'failed', 'unknown'],
    'yes',
  );
}
