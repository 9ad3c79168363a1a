import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StepOptions } from './fake-runner.ts';
import { errorOf, FILE, manifestOf } from './git-permissions-support.ts';
import { runStep } from './here.ts';
import { type Got, PermissionServer } from './permission-server.ts';

let server: PermissionServer;

beforeEach(async () => {
  server = await new PermissionServer().open();
});
afterEach(() => server.close());

const HEAD = 'version: 1\nprune: true\nconnections: { main: hub, lab: lab }\n';
const names = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `acme/r${from + at}`);
const row = (path: string, more = '') => `{ connection: main, repo: ${path}${more} }`;
const readOnly = (path: string) => row(path, ', read_only: true');
const manifest = (...rows: readonly string[]) => manifestOf({ Engineering: rows }, HEAD);
const fill = (...texts: readonly string[]) => {
  for (const text of texts.toReversed()) server.add(text);
};

const V2 = { devin_token: 'apk_user_made_up' };
const step = (
  operation: string,
  text: string | undefined,
  inputs: Readonly<Record<string, string>>,
  more: Partial<StepOptions> = {},
): StepOptions => ({
  files: text === undefined ? {} : { [FILE]: text },
  ...more,
  with: { operation, api_url: server.url, devin_token: `cog_${'a'.repeat(52)}`, ...inputs },
});
const plan = (
  text: string | undefined,
  inputs: Readonly<Record<string, string>> = {},
  more: Partial<StepOptions> = {},
) => runStep(step('sync-git-permissions', text, inputs, more));
const apply = (text: string, inputs: Readonly<Record<string, string>> = {}) =>
  plan(text, { mode: 'apply', max_removals: 'all', ...inputs });
/** The same on the bundle. */
const shipped = (text: string, inputs: Readonly<Record<string, string>> = {}) =>
  runStep(step('sync-git-permissions', text, inputs));

/** Does something after pages of the list of permissions: each first one, or only once. */
function betweenPages(work: () => void, { once = true }: { readonly once?: boolean } = {}): void {
  let times = 0;
  server.after = ({ method, path, query }: Got) => {
    const isFirstPage = !query.has('after') && Number(query.get('skip') ?? 0) === 0;
    if (method !== 'GET' || !path.endsWith('/permissions') || !isFirstPage || (once && times > 0)) return;
    times += 1;
    work();
  };
}

describe('a list that changes while it is read', () => {
  test.each([
    ['v3', {}],
    ['v2', V2],
  ])('by an insertion loses no entry, with %s', async (_, credential) => {
    fill(...names(7).map((path) => `repo ${path}`));
    server.pageSize = 3;
    const text = manifest(...names(7).map((path) => row(path)), row('acme/theirs'));
    betweenPages(() => server.add('repo acme/theirs'));
    const result = await shipped(text, { mode: 'apply', max_removals: 'all', ...credential });
    expect(result.outputs).toMatchObject({ outcome: 'success', has_changes: 'false', unchanged: '8' });
    expect(server.changes()).toEqual([]);
    expect(server.texts()).toHaveLength(8);
  });

  test('by the insertion of a whole page, or by a removal, is read again', async () => {
    fill(...names(6).map((path) => `repo ${path}`));
    server.pageSize = 3;
    betweenPages(() => names(3, 6).map((path) => server.add(`repo ${path}`)));
    expect((await plan(manifest(...names(9).map((path) => row(path))))).outputs).toMatchObject({ unchanged: '9' });
    server.totals = 'right';
    betweenPages(() => void server.of('org-1').shift());
    const shorter = await plan(manifest(...names(9).map((path) => row(path))), { prune: 'false' });
    expect(shorter.outputs).toMatchObject({ unchanged: '8', added: '1' });
    betweenPages(() => void server.of('org-1').shift());
    expect((await plan(manifest(...names(9).map((path) => row(path))), V2)).outputs).toMatchObject({ unchanged: '7' });
  });

  test('without end is an error before anything is written, and one that only counts differently is not', async () => {
    fill(...names(7).map((path) => `repo ${path}`));
    server.pageSize = 3;
    let count = 0;
    betweenPages(
      () => {
        count += 1;
        server.add(`repo acme/new-${count}`);
      },
      { once: false },
    );
    const endless = await apply(manifest(row('acme/r0')));
    expect(endless.outputs).toMatchObject({ outcome: 'failure', error_code: 'conflict' });
    expect(errorOf(endless)?.message).toContain('changed during each of 5 readings');
    expect(server.changes()).toEqual([]);
    betweenPages(() => {});
    const all = manifest(...server.of('org-1').map(({ path }) => row(path)));
    server.repeatsRows = true;
    expect((await plan(all)).outputs).toMatchObject({ outcome: 'success', has_changes: 'false', unchanged: '12' });
    server.repeatsRows = false;
    server.totals = 'wrong';
    for (const credential of [{}, V2]) {
      expect((await plan(all, credential)).outputs).toMatchObject({ has_changes: 'false', unchanged: '12' });
    }
  });

  test('by an entry that was removed and added again never costs its last copy', async () => {
    fill(...names(4).map((path) => `repo ${path}`), 'repo acme/moved');
    server.pageSize = 3;
    // The first row becomes the last one, under another ID.
    betweenPages(() => {
      const [first] = server.of('org-1').splice(0, 1);
      if (first !== undefined) server.of('org-1').push({ ...first, id: 'git-permission-again' });
    });
    await apply(manifest(...names(4).map((path) => row(path)), row('acme/moved')));
    expect(server.texts()).toContain('repo acme/r0');
  });
});

describe('the guards in both directions', () => {
  const twenty = names(20);

  test('count lost write access as removed, and protect it', async () => {
    fill(...twenty.map((path) => `repo ${path}`));
    const text = manifest(...twenty.map((path) => readOnly(path)));
    for (const mode of ['plan', 'apply']) {
      const result = await plan(text, { mode, max_removals: '0' });
      expect(result.outputs).toMatchObject({
        outcome: 'failure',
        error_code: 'removal_limit',
        updated: mode === 'plan' ? '20' : '0',
      });
      expect(errorOf(result)?.message).toContain(
        '20 of 20 entries would lose write access (100 %), `max_removals` is 0',
      );
    }
    const drift = await plan(text, { fail_on_drift: 'true', max_removals: '0' });
    expect(drift.outputs).toMatchObject({ outcome: 'changes', error_code: 'drift_found' });
    expect(drift.exitCode).toBe(1);
    const kept = `${HEAD}protected:\n  - { connection: main, repos: "acme/*" }\n`;
    const guarded = await shipped(manifestOf({ Engineering: twenty.map(readOnly) }, kept), { mode: 'apply' });
    expect(guarded.outputs).toMatchObject({ outcome: 'success', updated: '0', converged: 'true' });
    expect(guarded.summary).toContain('20 protected');
    expect(server.changes()).toEqual([]);
  });

  test('count what gains write access, or is opened by a pattern, a group or a prefix', async () => {
    fill(...twenty.map((path) => `repo ${path}!`));
    const text = manifest(...twenty.map((path) => row(path)));
    const result = await shipped(text, { mode: 'apply', max_openings: '19' });
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'opening_limit', escalations: '20' });
    expect(errorOf(result)?.message).toContain('In total: 20 entries would be opened, `max_openings` is 19');
    expect(result.summary).toMatch(/^### ❌ Plan refused: opens more than allowed\n\n`opening_limit` · /);
    expect(server.changes()).toEqual([]);
    expect((await plan(text, { max_openings: '19', fail_on_drift: 'true' })).outputs).toMatchObject({
      error_code: 'drift_found',
    });
    expect((await plan(text, { max_openings: '20' })).outputs).toMatchObject({ outcome: 'changes' });
    expect((await plan(text)).outputs).toMatchObject({ outcome: 'changes', escalations: '20' });
    const broad = [
      ...twenty.map(readOnly),
      '{ connection: main, group: x, read_only: true }',
      '{ connection: main, prefix: y/z- }',
    ];
    expect((await plan(manifest(...broad), { max_openings: '1' })).outputs).toMatchObject({
      error_code: 'opening_limit',
    });
    server.repositories = names(30);
    const named = manifest(...twenty.map(readOnly), readOnly('acme/r20'));
    expect((await plan(named, { max_openings: '0' })).outputs).toMatchObject({ outcome: 'changes', added: '1' });
  });

  test('mark and count each match of a pattern that opens much', async () => {
    server.repositories = [...names(499), 'other/x'];
    const text = manifest('{ connection: main, repos: "a*/*" }', '{ connection: main, repos: "other/*" }');
    const result = await shipped(text);
    expect(result.outputs).toMatchObject({ outcome: 'changes', added: '500', escalations: '499' });
    expect(result.summary).toMatch(/^### ⚠️ Plan: \+500 in 1 organization, 499 broad grants/);
    expect(result.summary).toContain('| ⚠\u00a0+ | repo `acme/r0` | line 7\\: matches `a*/*`, one of 499 matches |');
    expect(result.summary.match(/^\| ⚠\u00a0\+/gm)).toHaveLength(499);
    expect(result.summary.split('<details>')[0]?.match(/^\| ⚠\u00a0\+/gm)).toHaveLength(30);
    expect((await plan(text, { max_openings: '499' })).outputs).toMatchObject({ error_code: 'opening_limit' });
    const owners = await plan(manifest('{ connection: main, repos: "o*/*" }'));
    expect(owners.outputs).toMatchObject({ added: '1', escalations: '1' });
  });

  test('take a count that reaches all entries for a mistake, and permit one removal of a share', async () => {
    fill(...names(4).map((path) => `repo ${path}`));
    const text = manifest(...names(3).map((path) => row(path)));
    const result = await plan(text, { max_removals: '25' });
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'removal_limit' });
    expect(errorOf(result)?.message).toMatch(
      /all 4 entries; write `max_removals: 25%` for a share, or `max_removals: all`/,
    );
    expect((await plan(text)).outputs).toMatchObject({ outcome: 'changes', removed: '1' });
    server.of('org-1').splice(2);
    const two = server.of('org-1').map(({ path }) => row(path));
    expect((await plan(manifest(...two.slice(1)))).outputs).toMatchObject({ outcome: 'changes', removed: '1' });
    expect((await plan(manifest(...two.slice(1)), { max_removals: '0%' })).outputs['error_code']).toBe('removal_limit');
  });

  test('never prune an organization for which the manifest says prune: false', async () => {
    fill('repo acme/r0', 'repo acme/r1');
    const text = manifest(row('acme/r0')).replace('prune: true', 'prune: false');
    expect((await plan(text, { prune: 'true' })).outputs).toMatchObject({ outcome: 'success', removed: '0' });
    expect((await plan(text.replace('prune: false\n', ''), { prune: 'true' })).outputs).toMatchObject({ removed: '1' });
  });
});

describe('a replacement of a whole set', () => {
  const old = names(12);
  const next = names(5, 100);
  const text = manifest(...next.map((path) => row(path)));
  const atWrites = (work: (nth: number) => void, when: 'before' | 'after') => {
    let nth = 0;
    server[when] = ({ method }) => {
      if (method !== 'PUT') return;
      nth += 1;
      work(nth);
    };
  };

  beforeEach(() => {
    server.repositories = [...old, ...next];
    fill(...old.map((path) => `repo ${path}`));
  });

  test('comes directly after a check, and is never sent again without one', async () => {
    server.faults.push({ method: 'PUT', status: 429 }, { method: 'PUT', status: 503 }, { method: 'GET', status: 500 });
    const result = await apply(text);
    expect(result.outputs).toMatchObject({ outcome: 'success', added: '5', removed: '12', converged: 'true' });
    const methods = server.got.filter(({ path }) => path.endsWith('/permissions')).map(({ method }) => method);
    for (const [at, method] of methods.entries()) if (method === 'PUT') expect(methods[at - 1]).toBe('GET');
    expect(server.changes()).toEqual(['PUT', 'PUT', 'PUT']);
  });

  test('whose response is lost is found to be done', async () => {
    server.faults.push({ method: 'PUT', afterCommit: true });
    expect((await apply(text)).outputs).toMatchObject({ outcome: 'success', converged: 'true' });
    expect(server.changes()).toEqual(['PUT']);
  });

  test('keeps what someone adds before it, or while its response is lost', async () => {
    const path = '/v3/enterprise/organizations/org-1/git-providers/permissions';
    let reads = 0;
    server.before = (got) => {
      if (got.method !== 'GET' || got.path !== path) return;
      reads += 1;
      if (reads === 2) server.add('repo acme/theirs');
    };
    const early = await apply(text);
    expect(early.outputs).toMatchObject({ outcome: 'failure', error_code: 'plan_changed' });
    expect(server.changes()).toEqual([]);
    server.before = () => {};
    server.of('org-1').splice(0, 1);
    server.faults.push({ method: 'PUT', status: 502 });
    atWrites(() => server.add('repo acme/theirs'), 'after');
    const late = await shipped(text, { mode: 'apply', max_removals: 'all' });
    expect(late.outputs).toMatchObject({ outcome: 'failure', error_code: 'plan_changed' });
    expect(server.changes()).toEqual(['PUT']);
    expect(server.texts()).toContain('repo acme/theirs');
  });

  test('that is rejected is made entry by entry', async () => {
    server.faults.push({ method: 'PUT', status: 422 });
    expect((await apply(text)).outputs).toMatchObject({ outcome: 'success', converged: 'true' });
    expect(server.changes()).toEqual(['PUT', 'POST', ...old.map(() => 'DELETE')]);
  });
});

describe('an export', () => {
  const exported = async (inputs: Readonly<Record<string, string>> = {}, files: StepOptions['files'] = {}) => {
    let text = '';
    const after = (workspace: string) => {
      const path = join(workspace, FILE);
      text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    };
    const result = await runStep(step('export-git-permissions', undefined, inputs, { files, after }));
    return { text, outputs: result.outputs, message: errorOf(result)?.message ?? '' };
  };

  test('with a v2 key says that read-only access is unknown, and a v3 plan of it fails', async () => {
    fill(...names(444).map((path) => `repo ${path}!`));
    const { text } = await exported(V2);
    expect(text).toContain('\nread_only_unknown: true\n');
    expect((await plan(text, V2)).outputs).toMatchObject({
      outcome: 'success',
      has_changes: 'false',
      unchanged: '444',
    });
    const refused = await shipped(text, { mode: 'apply' });
    expect(refused.outputs).toMatchObject({ outcome: 'failure', error_code: 'manifest_invalid' });
    const line = text.split('\n').indexOf('read_only_unknown: true') + 1;
    expect(errorOf(refused)?.message).toContain(
      `${FILE}:${line}: the manifest does not say which entries are read-only`,
    );
    expect(server.changes()).toEqual([]);
    const open = text.replace('read_only_unknown: true\n', '');
    expect((await plan(open, { max_openings: '50' })).outputs).toMatchObject({
      error_code: 'opening_limit',
      updated: '444',
    });
    expect((await exported()).text).not.toContain('read_only_unknown');
  });

  test('of a path with different rights plans to no changes', async () => {
    fill(
      'repo acme/a!',
      'repo acme/a',
      'repo acme/b',
      'repo Acme/B!',
      'group x!',
      'group x',
      'repo acme/c',
      'repo acme/c',
    );
    for (const turn of [0, 1]) {
      if (turn === 1) server.of('org-1').reverse();
      const { text } = await exported();
      expect(text).toContain('repo: acme/a }');
      const result = await plan(text);
      expect(result.outputs, text).toMatchObject({ outcome: 'success', has_changes: 'false', converged: 'true' });
    }
  });

  test('replaces only a file that it wrote', async () => {
    const first = await exported();
    expect(first.outputs).toMatchObject({ outcome: 'success' });
    const own = await exported({}, { [FILE]: first.text.replaceAll('\n', '\r\n') });
    expect(own.outputs).toMatchObject({ outcome: 'success' });
    for (const text of [`${first.text}# mine\n`, 'version: 1\norganizations: {}\n', '']) {
      const kept = await exported({}, { [FILE]: text });
      expect(kept.outputs).toMatchObject({ outcome: 'failure', error_code: 'input_invalid' });
      expect(kept.message).toContain('overwrite: true');
      expect(kept.text).toBe(text);
      expect((await exported({ overwrite: 'true' }, { [FILE]: text })).text).toBe(first.text);
    }
  });
});

describe('a manifest', () => {
  test('with names that are no text, tags or directives is an error without a request', async () => {
    const texts = [
      ...['0x1F', '010', '1e3', '12345678901234567890', '31'].map((key) =>
        manifestOf({ [key]: [row('acme/a')] }, HEAD),
      ),
      `%YAML 1.1\n---\n${manifest(row('acme/a'))}`,
      manifest(row('!name acme/a')),
      manifest('{ connection: main, repo: 0x1F }'),
    ];
    for (const text of texts) {
      expect((await plan(text)).outputs, text).toMatchObject({ outcome: 'failure', error_code: 'manifest_invalid' });
    }
    expect(server.got).toEqual([]);
  });

  test('names only repositories that exist, unless they cannot be listed', async () => {
    server.repositories = ['acme/api', 'acme/web', 'acme/caf\u00e9'];
    fill('repo acme/gone');
    const wrong = manifest(row('acme/gone'), row('acme/ap1'), row('acme/\u0430pi'), row('"acme/cafe\u0301"'));
    const result = await shipped(wrong, { mode: 'apply' });
    expect(result.outputs).toMatchObject({ error_code: 'manifest_invalid' });
    const annotated = result.commands.filter(({ name }) => name === 'error').map(({ message }) => message);
    expect(annotated.slice(0, 3)).toEqual([
      'repo "acme/ap1" is not a repository of hub; did you mean "acme/api"?',
      'repo "acme/\u0430pi" is not a repository of hub; did you mean "acme/api"?; it contains U+0430',
      'repo "acme/cafe\u0301" is not a repository of hub; did you mean "acme/caf\u00e9"?; it contains U+0301',
    ]);
    expect(server.changes()).toEqual([]);
    expect((await plan(wrong, V2)).outputs).toMatchObject({ outcome: 'changes', added: '3' });
    server.repositories = 'missing';
    const unchecked = await plan(wrong);
    expect(unchecked.outputs).toMatchObject({ outcome: 'changes', added: '3' });
    expect(unchecked.commands).toContainEqual(
      expect.objectContaining({
        name: 'warning',
        message: 'The repositories of hub cannot be listed (not_found), so 3 new entries were not checked.',
      }),
    );
  });

  test('shows overlaps in one folded line, and a read-only entry without effect first', async () => {
    fill('group acme', 'repo acme/a', 'repo acme/b!', 'repo x/y');
    const result = await plan(
      manifest(row('acme/a'), row('X/y'), readOnly('acme/b'), '{ connection: main, group: acme }'),
    );
    expect(result.outputs).toMatchObject({ outcome: 'success' });
    expect(result.commands.filter(({ name }) => name === 'warning').map(({ message }) => message)).toEqual([
      'repo "acme/b" is inside group "acme" at line 10, which gives write access anyway',
      'repo "X/y" is "x/y" in Devin; both are the same',
    ]);
    expect(result.summary).toContain('<summary>3 notes about the manifest</summary>');
    server.repositories = ['acme/c'];
    const pattern = await plan(
      manifest('{ connection: main, group: acme }', '{ connection: main, repos: "acme/c*", read_only: true }'),
      { prune: 'false' },
    );
    expect(pattern.commands.filter(({ name }) => name === 'warning').map(({ message }) => message)).toEqual([
      '"acme/c" of repos "acme/c*" is inside group "acme" at line 7, which gives write access anyway',
    ]);
    const quiet = await plan(manifest(row('acme/a'), row('acme/b'), '{ connection: main, group: acme }'), {
      prune: 'false',
    });
    expect(quiet.commands.filter(({ name }) => name === 'warning')).toEqual([]);
    expect(quiet.summary).toContain('<summary>2 entries inside a group or prefix</summary>');
  });

  test('that is missing asks whether the job checks out the repository', async () => {
    const result = await plan(undefined);
    expect(errorOf(result)?.message).toContain('Does an earlier step of this job check out the repository');
    expect(errorOf(result)?.message).toContain('`export-git-permissions` writes the first manifest');
    const none = await plan(undefined, { manifest: 'permissions/*.yml' });
    expect(errorOf(none)?.message).toContain('check out the repository');
  });
});
