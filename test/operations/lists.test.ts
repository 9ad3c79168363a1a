import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asActionError } from '../../src/contract/errors.ts';
import { PROBES } from '../../src/operations/api/probes.ts';
import { addressOf } from '../../src/operations/sessions/downloads.ts';
import { fits } from '../../src/operations/sessions/filters.ts';
import { type Listed, newestOf } from '../../src/operations/sessions/newest.ts';
import { eachOnce } from '../../src/operations/visible-organizations.ts';
import type { Handle, Reply } from '../devin/support.ts';
import { perform, session } from './support.ts';

async function* from<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

/** Rows as an API may list them: each session once or more often, some without a time. */
const listed = () =>
  fc.array(
    fc.record({
      session_id: fc.constantFrom('a', 'b', 'c', 'd', 'devin-a', 'devin-b', 'e', 'f'),
      created_at: fc.option(fc.nat(5)),
    }),
  );

const bare = ({ session_id: id }: Listed) => id.replace('devin-', '');
const at = ({ created_at: time }: Listed) => time ?? Number.NEGATIVE_INFINITY;

describe('the newest sessions of a list', () => {
  it('come newest first and each once, whatever the list is like', async () => {
    await fc.assert(
      fc.asyncProperty(listed(), fc.integer({ min: 1, max: 10 }), async (rows, most) => {
        const { rows: found, more } = await newestOf(from(rows), most);
        const ids = found.map(bare);
        expect(new Set(ids).size).toBe(ids.length);
        for (const [index, row] of found.slice(1).entries()) {
          const before = found[index];
          if (before === undefined) throw new Error('there is a row before');
          expect(at(before) >= at(row)).toBe(true);
          if (at(before) === at(row)) expect(bare(before) < bare(row)).toBe(true);
        }
        const all = new Set(rows.map(bare)).size;
        expect(found.length).toBe(Math.min(most, all));
        expect(more).toBe(all > most);
      }),
    );
  });

  it('are the newest of all, whether the list begins with the newest or the oldest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 10 }), fc.boolean(), async (total, most, reversed) => {
        const rows = Array.from({ length: total }, (_, index) => ({ session_id: `s${index}`, created_at: index }));
        const { rows: found } = await newestOf(from(reversed ? rows.toReversed() : rows), most);
        expect(found.map(at)).toEqual(rows.map(at).reverse().slice(0, most));
      }),
    );
  });

  it('are read no further than needed if the list begins with the newest', async () => {
    let read = 0;
    const rows = async function* () {
      for (let time = 100; time > 0; time -= 1) {
        read += 1;
        yield { session_id: `s${time}`, created_at: time };
      }
    };
    const { more } = await newestOf(rows(), 5);
    expect([more, read]).toEqual([true, 6]);
  });
});

describe('a filter that the API does not apply', () => {
  it('is applied to what it lists', () => {
    const row = { tags: ['a', 'b'], created_at: 10 };
    expect(fits(row, {})).toBe(true);
    expect(fits(row, { tags: ['b', 'c'] })).toBe(true);
    expect(fits(row, { tags: ['c'] })).toBe(false);
    expect(fits(row, { created_after: 10, created_before: 10 })).toBe(true);
    expect(fits(row, { created_after: 11 })).toBe(false);
    expect(fits(row, { created_before: 9 })).toBe(false);
    expect(fits({ tags: [], created_at: null }, { created_after: 11 })).toBe(true);
  });

  it('does not let list-sessions show sessions without the tag', async () => {
    const items = [session({ session_id: '1', tags: ['a'] }), session({ session_id: '2', tags: [] })];
    const { report } = await perform('list-sessions', { with: { tags: 'a' }, handle: () => ({ body: { items } }) });
    expect(report.outputs).toMatchObject({ count: '1' });
  });
});

it('list-sessions shows what the API reports, and nothing of what it does not', async () => {
  const odd = { session_id: '4f2a', status: null, tags: null, pull_requests: null, acus_consumed: 0, created_at: 'x' };
  const { report } = await perform('list-sessions', {
    with: {},
    handle: () => ({ body: { items: [odd, { ...odd, session_id: 'devin-4f2a' }, { url: 'u' }, null] } }),
  });
  expect(JSON.parse(report.outputs['sessions'] ?? '')).toEqual([
    {
      session_id: 'devin-4f2a',
      url: 'https://app.devin.ai/sessions/4f2a',
      status: 'unknown',
      status_detail: null,
      title: null,
      tags: [],
      created_at: null,
      acus_consumed: null,
      pull_requests: [],
    },
  ]);
  expect(report.summary).toContain('not reported');
  expect(report.summary).not.toMatch(/\b0\b/);
});

it('list-session-insights sums only the ACUs that are reported', async () => {
  const insights = { num_user_messages: 1, num_devin_messages: '2', session_size: 'xxl', analysis: 'junk' };
  const items = [0, null, 2.5].map((used, id) => ({
    ...session({ session_id: `${id}` }),
    acus_consumed: used,
    ...insights,
  }));
  const { report } = await perform('list-session-insights', { with: {}, handle: () => ({ body: { items } }) });
  expect(report.summary).toMatch(/^### ✅ 3 sessions · 0 with insights · 2\.5 ACUs\n/);
  expect(JSON.parse(report.outputs['sessions'] ?? '')).toMatchObject([
    { session_id: 'devin-0', org_id: 'org-1', acus_consumed: null, session_size: 'xxl', num_devin_messages: 2 },
    { acus_consumed: null, analysis: null },
    { acus_consumed: 2.5 },
  ]);
  const none = await perform('list-session-insights', { with: {}, handle: () => ({ body: { items: [items[0]] } }) });
  expect(none.report.summary).toContain('ACUs not reported');
});

describe('the organization', () => {
  it('is the requested one, whatever the response says', async () => {
    const items = [{ ...session({ session_id: '1', org_id: 'org-other' }), analysis: null }];
    const { report } = await perform('list-session-insights', { with: {}, handle: () => ({ body: { items } }) });
    expect(JSON.parse(report.outputs['sessions'] ?? '')).toMatchObject([{ org_id: 'org-1' }]);
  });
});

const own: Reply = { body: { principal_type: 'service_user', service_user_id: 'su-1', org_id: 'org-own' } };

describe('list-organizations', () => {
  it.each([401, 403, 404])('falls back on the organization of the credential on %d', async (status) => {
    const handle: Handle = ({ url }) => (url.startsWith('/v3/self') ? own : { status });
    const { report } = await perform('list-organizations', { with: {}, handle });
    expect(JSON.parse(report.outputs['organizations'] ?? '')).toMatchObject([
      { org_id: 'org-own', org_name: 'org-own' },
    ]);
  });

  it.each([
    [401, 'credential_invalid'],
    [403, 'permission_denied'],
  ])('a credential without an organization of its own gets the refusal (%d)', async (status, code) => {
    const thrown = await perform('list-organizations', { with: {}, handle: () => ({ status }) }).catch(asActionError);
    expect(thrown).toMatchObject({ code });
  });

  it('gives each organization once, by name, with its id where it has no name', async () => {
    const items = [
      { org_id: 'org-2', name: 'Zeta' },
      { org_id: 'org-3', name: null },
      { org_id: 'org-1', name: 'alpha' },
      { org_id: 'org-2', name: 'Zeta' },
      { name: 'lost' },
    ];
    const { report } = await perform('list-organizations', { with: {}, handle: () => ({ body: { items } }) });
    const names = JSON.parse(report.outputs['organizations'] ?? '').map((row: { org_name: string }) => row.org_name);
    expect(names).toEqual(['alpha', 'org-3', 'Zeta']);
    expect(eachOnce(items.slice(0, 4).map(({ org_id: id = '' }) => ({ org_id: id })))).toHaveLength(3);
  });
});

describe('whoami', () => {
  it('a probe that fails is unknown, is not tried again, and costs nothing of the identity', async () => {
    const handle: Handle = ({ url }) => {
      if (url.startsWith('/v3/self')) return own;
      if (url.includes('/sessions')) return { status: 503 };
      if (url.includes('/secrets')) return { status: 429, headers: { 'retry-after': '1' } };
      if (url.includes('/roles')) return { status: 404 };
      if (url.includes('/queue')) return { body: 'no JSON' };
      return { status: 403, body: { detail: 'Forbidden' } };
    };
    const { report, seen, clock } = await perform('whoami', { with: {}, handle, maxRetries: 5 });
    expect(report.outcome).toBe('success');
    expect(JSON.parse(report.outputs['identity'] ?? '')).toEqual({
      kind: 'service_user',
      id: 'su-1',
      name: null,
      org_id: 'org-own',
    });
    expect(report.data['permissions']).toMatchObject({
      ViewOrgSessions: 'unknown',
      ManageOrgSecrets: 'unknown',
      ViewAccountMetrics: 'unknown',
      ManageAccountMembership: 'unknown',
      ManageOrganizations: 'no',
    });
    expect(report.data['operations']).toMatchObject({ 'list-sessions': 'unknown' });
    expect(JSON.parse(report.outputs['allowed_operations'] ?? '')).not.toContain('list-sessions');
    expect(report.summary).toMatch(/^### ⚠️ su\\-1: \d+ operations allowed, \d+ not allowed, \d+ unknown\n/);
    expect(report.summary).toContain('| `list-sessions` | check failed |');
    expect(report.summary).toContain('| `create-session` | not tested |');
    expect(report.summary.match(/it would change something/g)).toHaveLength(1);
    expect(new Set(seen.map(({ url }) => url)).size).toBe(seen.length);
    expect(clock.slept.every((ms) => ms <= 1_000)).toBe(true);
  });

  it('a probe without a response ends with the time for all probes', async () => {
    const over = new AbortController();
    let probes = 0;
    const handle: Handle = ({ url }) => {
      if (url.startsWith('/v3/self')) return own;
      probes += 1;
      if (probes === PROBES.length) over.abort(new Error('too long'));
      return url.includes('/roles') ? undefined : { status: 403 };
    };
    const { report } = await perform('whoami', { with: { concurrency: '20' }, handle, deadline: over.signal });
    expect(report.outcome).toBe('success');
    expect(report.data['permissions']).toMatchObject({ ManageAccountMembership: 'unknown' });
  });

  it('says what it can of a credential whose identity is incomplete', async () => {
    const handle: Handle = ({ url }) => (url.startsWith('/v3/self') ? { body: { user_id: 7, user_name: null } } : {});
    const { report } = await perform('whoami', { with: {}, handle });
    expect(JSON.parse(report.outputs['identity'] ?? '')).toEqual({ kind: 'user', id: '7', name: null, org_id: null });
  });
});

describe('the address of an attachment', () => {
  it.each([
    ['https://app.devin.ai/attachments/u-1/a.txt', 'att-9', 'b.txt', { uuid: 'u-1', name: 'a.txt' }],
    [
      'https://app.devin.ai/attachments/u-1/my%20file%2525.txt?x=1',
      null,
      null,
      { uuid: 'u-1', name: 'my file%25.txt' },
    ],
    ['https://acme.devinenterprise.com/x/attachments/u-1/a%2Fb', null, null, { uuid: 'u-1', name: 'a/b' }],
    ['/attachments/u-1/a.txt', null, null, { uuid: 'u-1', name: 'a.txt' }],
    ['https://app.devin.ai/attachments/u-1', 'att-9', 'b.txt', { uuid: 'u-1', name: 'b.txt' }],
    ['https://app.devin.ai/attachments/u-1/%E0%A4%A', null, null, { uuid: 'u-1', name: '%E0%A4%A' }],
    [null, 'att-9', 'b.txt', { uuid: 'att-9', name: 'b.txt' }],
    ['https://files.example/b.txt', 'att-9', 'b.txt', { uuid: 'att-9', name: 'b.txt' }],
    ['https://files.example/b.txt', null, 'b.txt', undefined],
  ])('of %j, %j and %j is %j', (url, id, name, wanted) => {
    expect(addressOf({ url, attachment_id: id, name })).toEqual(wanted);
  });
});
