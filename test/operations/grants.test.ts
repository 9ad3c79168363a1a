import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Finding, type Grants, grantOf, verdictOn } from '../../src/operations/api/grants.ts';
import { PROBES } from '../../src/operations/api/probes.ts';
import { type Need, namesOf, needText } from '../../src/operations/permissions.ts';
import { loadOperation, OPERATION_NAMES } from '../../src/step/registry.ts';

const operations = await Promise.all(OPERATION_NAMES.map(loadOperation));
const NAMES = [...new Set(PROBES.flatMap(({ permission, endpoint }) => [permission, ...endpoint.permission]))];

/** What the probes find for a credential that has these permissions, if those in `lost` fail. */
const grantsOf = (held: readonly string[], lost: readonly boolean[], more: Partial<Grants> = {}): Grants => ({
  found: new Map(
    PROBES.map((probe, at): [typeof probe, Finding] => [
      probe,
      lost[at] === true ? 'failed' : probe.endpoint.permission.some((name) => held.includes(name)) ? 'yes' : 'no',
    ]),
  ),
  version: 'v3',
  hasOwnOrganization: false,
  namesOrganizations: false,
  ...more,
});

const satisfied = (need: Need, held: readonly string[]) =>
  'all' in need ? need.all.every((name) => held.includes(name)) : need.anyOf.some((name) => held.includes(name));

describe('what whoami says', () => {
  it('is never that a credential has a permission which it lacks, or lacks one which it has', () => {
    fc.assert(
      fc.property(fc.subarray(NAMES), fc.array(fc.boolean(), { maxLength: PROBES.length }), (held, lost) => {
        const grants = grantsOf(held, lost);
        for (const name of NAMES) {
          const finding = grantOf(name, grants);
          if (finding === 'yes') expect(held).toContain(name);
          if (finding === 'no') expect(held).not.toContain(name);
        }
      }),
    );
  });

  it('is that an operation is allowed only if the credential has all that it always needs', () => {
    fc.assert(
      fc.property(fc.subarray(NAMES), fc.array(fc.boolean(), { maxLength: PROBES.length }), (held, lost) => {
        const all = ['ReadAccountMeta', ...held];
        for (const operation of operations.filter((one) => verdictOn(one, grantsOf(held, lost)) === 'yes')) {
          for (const need of operation.permissions.filter(({ for: purposes }) => purposes === undefined)) {
            expect(satisfied(need, all), operation.name).toBe(true);
          }
        }
      }),
    );
  });

  it('depends on the organizations of the step where an operation would have to list them', async () => {
    const [list, exported] = [await loadOperation('list-organizations'), await loadOperation('export-git-permissions')];
    const held = ['ManageGitIntegrations'];
    expect(verdictOn(list, grantsOf(held, []))).toBe('no');
    expect(verdictOn(list, grantsOf(held, [], { hasOwnOrganization: true }))).toBe('yes');
    expect(verdictOn(exported, grantsOf(held, []))).toBe('no');
    expect(verdictOn(exported, grantsOf(held, [], { namesOrganizations: true }))).toBe('yes');
  });

  it('counts one of two permissions that a read accepts as enough for what accepts both', async () => {
    const exported = await loadOperation('export-audit-logs');
    for (const held of ['ManageEnterpriseSettings', 'ViewAccountAuditLogs']) {
      expect(verdictOn(exported, grantsOf([held], []))).toBe('yes');
    }
    expect(verdictOn(exported, grantsOf([], []))).toBe('no');
    expect(grantOf('ViewAccountAuditLogs', grantsOf(['ManageEnterpriseSettings'], []))).toBe('unknown');
  });
});

describe('a need as text', () => {
  it.each<[Need, string]>([
    [{ all: ['A'] }, 'A'],
    [{ all: ['A', 'B', 'C'] }, 'A, B and C'],
    [{ anyOf: ['A', 'B'] }, 'A or B'],
    [{ all: ['A'], for: ['wait'] }, 'A (to wait)'],
    [{ all: ['A'], for: ['wait', 'once'] }, 'A (to wait and to send once per run)'],
    [{ all: ['A'], for: ['wait', 'once', 'generate'] }, 'A (to wait, to send once per run, and to generate insights)'],
  ])('names permissions and purposes: %j', (need, text) => {
    expect(needText(need)).toBe(text);
    expect(needText(need, (name) => `<${name}>`)).toContain(`<${namesOf(need)[0]}>`);
  });
});
