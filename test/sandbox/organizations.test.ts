import { beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type Ask, type Bench, bench, START } from './support.ts';

let b: Bench;
const ENTERPRISE = '/v3/enterprise';
const organizations = (ask?: Ask) => b.ask(`${ENTERPRISE}/organizations`, ask);
const create = (json: unknown) => organizations({ method: 'POST', json });
const one = (rest = '', ask?: Ask) => b.ask(`${ENTERPRISE}/organizations/${b.org}${rest}`, ask);
const patch = (json: unknown) => one('', { method: 'PATCH', json });

async function lastAction(): Promise<Answer['body']> {
  return (await b.ask(`${ENTERPRISE}/audit-logs?first=1`)).body.items[0];
}

beforeEach(async () => {
  b = await bench();
});

describe('organizations', () => {
  test('are listed and shown once they are created', async () => {
    const made = await create({ name: 'Mobile', max_cycle_acu_limit: 100 });
    expect(made.body).toMatchObject({ name: 'Mobile', max_cycle_acu_limit: 100, max_session_acu_limit: null });
    expect(made.body).toMatchObject({ created_at: START / 1000, updated_at: START / 1000 });
    const { org_id } = made.body;
    expect((await organizations()).body.items[3]).toEqual(made.body);
    expect((await b.ask(`${ENTERPRISE}/organizations/${org_id}`)).body).toEqual(made.body);
    expect((await b.ask(`/v3/organizations/${org_id}/sessions`)).body.items).toEqual([]);
    expect(await lastAction()).toMatchObject({ action: 'create_org', org_id, data: { name: 'Mobile' } });
  });

  test('have names of their own that are not blank', async () => {
    const taken = await create({ name: 'Security' });
    expect(taken.status).toBe(409);
    expect(taken.body.detail).toContain('"Security"');
    expect((await patch({ name: 'Security' })).status).toBe(409);
    expect((await patch({ name: 'Engineering Team' })).status).toBe(200);
    expect((await create({ name: ' ' })).body.errors).toMatchObject([{ loc: ['body', 'name'] }]);
    expect((await create({})).body.errors).toMatchObject([{ loc: ['body', 'name'], type: 'missing' }]);
  });

  test('keep what a change leaves out; null lifts a limit', async () => {
    b.clock.ms += 5000;
    const limited = (await patch({ max_cycle_acu_limit: 50, max_session_acu_limit: 5 })).body;
    expect(limited).toMatchObject({ name: 'Engineering Team', max_cycle_acu_limit: 50, max_session_acu_limit: 5 });
    expect(limited.updated_at).toBe(START / 1000 + 5);
    const renamed = (await patch({ name: 'Platform', max_cycle_acu_limit: null })).body;
    expect(renamed).toMatchObject({ name: 'Platform', max_cycle_acu_limit: null, max_session_acu_limit: 5 });
    expect((await one()).body).toEqual(renamed);
    expect(await lastAction()).toMatchObject({ action: 'update_org', org_id: b.org });
  });

  test('take everything along when they are deleted', async () => {
    const { session_id } = (await b.create({ prompt: 'x' })).body;
    expect((await one('', { method: 'DELETE' })).body.org_id).toBe(b.org);
    expect(await lastAction()).toMatchObject({ action: 'delete_org', org_id: b.org });
    for (const path of ['', '/tags', '/tags/default', '/git-providers/permissions', '/audit-logs']) {
      expect((await one(path)).status, path).toBe(404);
    }
    for (const path of ['sessions', `sessions/${session_id}`, 'secrets', 'schedules']) {
      expect((await b.ask(b.path(path))).status, path).toBe(404);
    }
    expect((await b.create({ prompt: 'x' })).status).toBe(404);
    expect((await one('', { method: 'DELETE' })).status).toBe(404);
    const ids = (await organizations()).body.items.map(({ org_id }: { org_id: string }) => org_id);
    expect(ids).toHaveLength(2);
    expect(ids).not.toContain(b.org);
  });

  test('never get the id of a deleted one', async () => {
    const first = (await create({ name: 'Mobile' })).body.org_id;
    await b.ask(`${ENTERPRISE}/organizations/${first}`, { method: 'DELETE' });
    expect((await create({ name: 'Mobile' })).body.org_id).not.toBe(first);
  });

  test('are the business of the enterprise', async () => {
    expect((await organizations({ as: 'cog_sandbox_org' })).status).toBe(403);
    expect((await organizations({ as: 'cog_sandbox_viewer', method: 'POST', json: { name: 'x' } })).status).toBe(403);
  });
});

describe('groups of organizations', () => {
  const groups = (json?: unknown) =>
    b.ask(`${ENTERPRISE}/org-group-limits`, json === undefined ? {} : { method: 'PUT', json: { groups: json } });

  test('are replaced as a whole', async () => {
    expect(Object.keys((await groups()).body.groups)).toEqual(['product']);
    const put = await groups({ all: { max_cycle_acus: 5, org_ids: [b.org] }, none: { org_ids: [] } });
    const now = { all: { max_cycle_acus: 5, org_ids: [b.org] }, none: { max_cycle_acus: null, org_ids: [] } };
    expect(put.body.groups).toEqual(now);
    expect((await groups()).body.groups).toEqual(now);
    expect((await lastAction()).action).toBe('set_org_group_limits');
  });

  test('share no organization, and hold only those that exist', async () => {
    const twice = await groups({ a: { org_ids: [b.org] }, b: { org_ids: [b.org] } });
    expect(twice.status).toBe(422);
    expect(twice.body.errors).toMatchObject([{ loc: ['body', 'groups'] }]);
    const repeated = await groups({ a: { org_ids: [b.org, b.org] } });
    expect(repeated.body.errors).toMatchObject([{ loc: ['body', 'groups', 'a', 'org_ids'] }]);
    const unknown = await groups({ a: { org_ids: [b.org, 'org-x'] } });
    expect(unknown.status).toBe(422);
    expect(unknown.body.errors).toMatchObject([{ loc: ['body', 'groups', 'a', 'org_ids', 1] }]);
    expect(Object.keys((await groups()).body.groups)).toEqual(['product']);
  });

  test('lose an organization that is deleted', async () => {
    await one('', { method: 'DELETE' });
    expect((await groups()).body.groups.product.org_ids).toHaveLength(1);
  });
});

describe('allowed tags', () => {
  const tags = (method = 'GET', list?: string[]) =>
    one('/tags', { method, ...(list && { json: { tags: list } }) }).then(({ body }) => body.tags);
  const defaultTag = (ask?: Ask) => one('/tags/default', ask);
  const makeDefault = (tag: string) => defaultTag({ method: 'PUT', json: { tag } });

  test('are added to once each, replaced and removed', async () => {
    expect(await tags()).toEqual(['bugfix', 'feature', 'maintenance']);
    expect(await tags('POST', ['feature', 'x', 'x'])).toEqual(['bugfix', 'feature', 'maintenance', 'x']);
    expect(await tags('PUT', ['b', 'a', 'b'])).toEqual(['b', 'a']);
    expect((await one('/tags/b', { method: 'DELETE' })).body).toEqual({ tags: ['a'] });
    expect((await one('/tags/b', { method: 'DELETE' })).status).toBe(404);
    expect(await tags('DELETE')).toEqual([]);
    expect(await tags()).toEqual([]);
    expect((await lastAction()).action).toBe('update_org_settings');
  });

  test('hold the default tag', async () => {
    expect((await defaultTag()).body).toEqual({ default_tag: 'feature' });
    const refused = await makeDefault('unheard-of');
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toMatchObject([{ loc: ['body', 'tag'] }]);
    expect((await makeDefault('bugfix')).body).toEqual({ default_tag: 'bugfix' });
    expect((await defaultTag({ method: 'DELETE' })).body).toEqual({ default_tag: null });
    expect(await tags()).toContain('bugfix');
  });

  test('take the default tag along when it goes', async () => {
    await tags('PUT', ['feature', 'x']);
    expect((await defaultTag()).body).toEqual({ default_tag: 'feature' });
    await one('/tags/feature', { method: 'DELETE' });
    expect((await defaultTag()).body).toEqual({ default_tag: null });
  });
});

describe('the IP access list', () => {
  const list = (method = 'GET', ip_ranges?: string[]) =>
    b.ask(`${ENTERPRISE}/ip-access-list`, { method, ...(ip_ranges && { json: { ip_ranges } }) });

  test('keeps ranges in canonical form, each once', async () => {
    expect((await list()).body).toEqual({ ip_ranges: [] });
    const put = await list('PUT', ['203.0.113.77/24', '198.51.100.1', '2001:DB8:0:0::1/32', '203.0.113.0/24']);
    expect(put.body.ip_ranges).toEqual(['203.0.113.0/24', '198.51.100.1/32', '2001:db8::/32']);
    const post = await list('POST', ['198.51.100.1', '10.255.0.0/9']);
    expect(post.body.ip_ranges).toEqual([...put.body.ip_ranges, '10.128.0.0/9']);
    expect((await list('DELETE')).body).toEqual({ ip_ranges: [] });
    expect((await lastAction()).action).toBe('update_enterprise_settings');
  });

  test('takes nothing that is not a range, and then nothing of the request', async () => {
    const wrong = ['10.0.0.0/33', 'acme', '10.0.0/8', '::1/129', '10.0.0.0/8/8', '10.0.0.0/'];
    const answer = await list('POST', ['10.0.0.0/8', ...wrong]);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ loc }: { loc: unknown[] }) => loc[2])).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await list()).body).toEqual({ ip_ranges: [] });
  });

  test('does not lock out who is on this machine', async () => {
    await list('PUT', ['203.0.113.0/24']);
    expect((await list()).status).toBe(200);
  });
});

describe('secrets', () => {
  const secrets = (json?: unknown) => b.ask(b.path('secrets'), json === undefined ? {} : { method: 'POST', json });
  const VALUE = 'do-not-tell';
  const TOKEN = { type: 'key-value', key: 'API_TOKEN', value: VALUE };

  test('are listed without their values, and gone once deleted', async () => {
    const made = await secrets({ ...TOKEN, note: 'For the API' });
    expect(made.body).toMatchObject({ key: 'API_TOKEN', secret_type: 'key-value', access_type: 'org' });
    expect(made.body).toMatchObject({ is_sensitive: true, note: 'For the API', created_at: START / 1000 });
    const listed = await secrets();
    expect(listed.body.items).toHaveLength(4);
    const gone = await b.ask(b.path(`secrets/${made.body.secret_id}`), { method: 'DELETE' });
    const log = await b.ask(`${ENTERPRISE}/audit-logs?first=5`);
    for (const { text } of [made, listed, gone, log]) expect(text).not.toContain(VALUE);
    expect((await secrets()).body.items).toHaveLength(3);
    expect((await b.ask(b.path(`secrets/${made.body.secret_id}`), { method: 'DELETE' })).status).toBe(404);
    expect(await lastAction()).toMatchObject({ action: 'delete_secret', data: { key: 'API_TOKEN' } });
  });

  test('have keys of their own within an organization', async () => {
    await secrets(TOKEN);
    expect((await secrets(TOKEN)).status).toBe(409);
    const other = (await organizations()).body.items[1].org_id;
    const elsewhere = await b.ask(`/v3/organizations/${other}/secrets`, { method: 'POST', json: TOKEN });
    expect(elsewhere.status).toBe(200);
    const wrong = await b.ask(b.path(`secrets/${elsewhere.body.secret_id}`), { method: 'DELETE' });
    expect(wrong.status).toBe(404);
  });

  test('have keys that fit an environment variable', async () => {
    for (const key of ['1X', 'A-B', '']) {
      expect((await secrets({ ...TOKEN, key })).body.errors, key).toMatchObject([{ loc: ['body', 'key'] }]);
    }
    expect((await secrets({ ...TOKEN, type: 'password' })).body.errors).toMatchObject([{ loc: ['body', 'type'] }]);
  });
});

describe('the queue and the hypervisors', () => {
  const queue = async () => (await b.ask(`${ENTERPRISE}/queue`)).body;
  const hypervisors = async (status = '') =>
    (await b.ask(`${ENTERPRISE}/hypervisors${status && `?status=${status}`}`)).body.items;
  const load = async () => {
    const items: Array<{ utilization_percentage: number }> = await hypervisors();
    return items.reduce((sum, item) => sum + item.utilization_percentage, 0);
  };

  test('show the sessions that wait at this moment, and those that run a moment later', async () => {
    expect(await queue()).toEqual({ queue_size: 0, status: 'normal' });
    const before = await load();
    for (let i = 0; i < 6; i += 1) await b.create({ prompt: 'x', tags: ['sandbox:slow'] });
    expect(await queue()).toEqual({ queue_size: 6, status: 'elevated' });
    b.clock.ms += 2000;
    expect(await queue()).toEqual({ queue_size: 0, status: 'normal' });
    // Six of eight places of one hypervisor.
    expect((await load()) - before).toBe(75);
  });

  test('shows available hypervisors unless others are asked for', async () => {
    const states = async (status?: string) =>
      new Set((await hypervisors(status)).map((item: { status: string }) => item.status));
    expect(await states()).toEqual(new Set(['available']));
    expect(await states('draining')).toEqual(new Set(['draining']));
    expect((await states('all')).size).toBe(5);
    expect((await b.ask(`${ENTERPRISE}/hypervisors?status=lost`)).status).toBe(422);
  });
});
