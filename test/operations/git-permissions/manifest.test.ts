import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ActionError } from '../../../src/contract/errors.ts';
import { readManifest } from '../../../src/operations/git-permissions/manifest.ts';
import { isExported, manifestText } from '../../../src/operations/git-permissions/manifest-text.ts';
import {
  type Connection,
  type Observed,
  permissionKind,
  type Subject,
} from '../../../src/operations/git-permissions/permission.ts';
import { checkRepositories } from '../../../src/operations/git-permissions/repositories.ts';
import { resolveManifest } from '../../../src/operations/git-permissions/resolve.ts';
import { type PermissionSource, repositoryLists } from '../../../src/operations/git-permissions/source.ts';
import { readSource } from '../../../src/operations/plan/yaml-source.ts';
import { hasChanges, planAll } from '../../../src/reconcile/plan.ts';
import { checks } from '../support.ts';

/** Reads files of a workspace as one manifest. */
async function read(...texts: readonly string[]) {
  const { checks: all, root } = await checks();
  const files = texts.map((_, at) => `${at + 1}.yml`);
  for (const [at, file] of files.entries()) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), texts[at] ?? '');
  }
  return await readManifest(files, all.workspace);
}

const faultsOf = async (...texts: readonly string[]) =>
  (await read(...texts)).faults.map(({ file, line, message }) => `${file}:${line}: ${message}`);

const permissions = (...rows: readonly string[]) =>
  `version: 1\nconnections: { main: hub }\norganizations:\n  A:\n    permissions:\n${rows.map((row) => `      - ${row}\n`).join('')}`;

describe('a manifest', () => {
  test('says what each line of each organization opens', async () => {
    const { manifest, faults } = await read(
      permissions(
        '{ connection: main, repo: acme/api }',
        '{ connection: main, group: acme/platform, read_only: true }',
        '{ connection: main, repos: "acme/web-*", except: [acme/web-old] }',
      ),
    );
    expect(faults).toEqual([]);
    expect(manifest.organizations).toMatchObject([
      {
        name: 'A',
        position: { file: '1.yml', line: 4 },
        entries: [
          { subject: 'repo', path: 'acme/api', connection: 'hub', readOnly: false, position: { line: 6 } },
          { subject: 'group', path: 'acme/platform', readOnly: true, position: { line: 7 } },
          { subject: 'repos', path: 'acme/web-*', except: ['acme/web-old'], position: { line: 8 } },
        ],
      },
    ]);
  });

  test('may share a list by an alias, and each entry keeps its line', async () => {
    const { manifest, faults } = await read(
      'version: 1\norganizations:\n  A:\n    permissions: &all\n      - { connection: hub, repo: acme/api }\n  B:\n    permissions: *all\n',
    );
    expect(faults).toEqual([]);
    expect(manifest.organizations.map(({ entries }) => entries[0]?.position.line)).toEqual([5, 5]);
  });

  test('of several files is one', async () => {
    const { manifest, faults } = await read(
      'version: 1\nprune: true\nconnections: { main: hub }\norganizations:\n  A:\n    permissions: [{ connection: main, repo: acme/api }]\n',
      'version: 1\nconnections: { lab: gitlab }\norganizations:\n  A:\n    permissions: [{ connection: lab, repo: lab/x }]\n  B:\n    prune: false\n    permissions: []\n',
    );
    expect(faults).toEqual([]);
    expect(manifest).toMatchObject({ prune: true, entries: 2 });
    expect(manifest.organizations.map(({ name, prune, entries }) => [name, prune, entries.length])).toEqual([
      ['A', undefined, 2],
      ['B', false, 0],
    ]);
  });

  test('whose files disagree names both lines', async () => {
    expect(
      await faultsOf(
        'version: 1\nprune: true\nconnections: { main: hub }\norganizations:\n  A:\n    prune: true\n    permissions: [{ connection: main, repo: acme/api }]\n',
        'version: 1\nprune: false\nconnections: { main: other }\norganizations:\n  A:\n    prune: false\n    permissions: [{ connection: main, repo: Acme/API, read_only: true }]\n',
      ),
    ).toEqual([
      '2.yml:2: prune is false here, but true at 1.yml:2',
      '2.yml:3: connection "main" is other here, but hub at 1.yml:3',
      '2.yml:5: prune of "A" is false here, but true at 1.yml:5',
      '2.yml:7: repo "Acme/API" is repeated, first at 1.yml:7, spelled "acme/api", with another read_only',
    ]);
  });

  test.each([
    ['tabs', 'version: 1\norganizations:\n\tA: {}\n', '1.yml:3: Tabs are not allowed as indentation'],
    ['broken YAML', 'version: "1\n', '1.yml:2: Missing closing "quote'],
    ['an alias in a loop', 'version: 1\norganizations: &a\n  A: *a\n', '1.yml:3: permissions is missing'],
    ['nothing', '', '1.yml:1: the file is not a mapping that contains `version` and `organizations`'],
    ['a list', '- 1\n', '1.yml:1: the file is not a mapping that contains `version` and `organizations`'],
    [
      'another version',
      'version: 2\norganizations: { A: { permissions: [] } }\n',
      '1.yml:1: version is wrong: expected 1',
    ],
    ['no version', 'organizations: { A: { permissions: [] } }\n', '1.yml:1: version is wrong: expected 1'],
    [
      'no organization',
      'version: 1\norganizations: {}\n',
      '1.yml:1: lists no organization, so there is nothing to manage',
    ],
    [
      'a misspelled key',
      'version: 1\nprun: true\norganizations: { A: { permissions: [] } }\n',
      '1.yml:2: the key "prun" is not known; did you mean prune?',
    ],
    [
      'a key twice',
      'version: 1\nprune: true\nprune: false\norganizations: {}\n',
      '1.yml:3: the key "prune" is repeated, first on line 2',
    ],
    ...['0x1F', '010', '1e3', '12345678901234567890', '42', '1.10', 'true', '~'].map(
      (key): [string, string, string] => [
        `the key ${key}`,
        `version: 1\norganizations:\n  ${key}: { permissions: [] }\n`,
        `1.yml:3: the key ${key} is `,
      ],
    ),
    [
      'a numeric alias',
      'version: 1\nconnections: { 0x1F: hub }\norganizations: {}\n',
      '1.yml:2: the key 0x1F is a number',
    ],
    [
      'a numeric value',
      'version: 1\nconnections: { a: 010 }\norganizations: {}\n',
      '1.yml:2: connections.a is wrong: expected string',
    ],
    [
      'a list as a key',
      'version: 1\norganizations:\n  ? [a]\n  : { permissions: [] }\n',
      '1.yml:3: a key must be text',
    ],
    ['%YAML', '%YAML 1.1\n---\nversion: 1\n', '1.yml:1: %YAML is not supported'],
    ['an unknown tag', 'version: 1\norganizations: !map {}\n', '1.yml:2: a tag (!…) is not supported'],
    ['two documents', 'version: 1\n---\nversion: 1\n', '1.yml:2: a second document begins here'],
    [
      'a boolean that is a text',
      'version: 1\nprune: "yes"\norganizations: { A: { permissions: [] } }\n',
      '1.yml:2: prune is wrong: expected boolean, received string',
    ],
    [
      'an organization without a list',
      'version: 1\norganizations:\n  A:\n',
      '1.yml:3: an entry is wrong: expected object, received null',
    ],
  ])('with %s is refused at its line', async (_, text, expected) => {
    const found = await faultsOf(text);
    expect(
      found.some((one) => one.startsWith(expected)),
      found.join('\n'),
    ).toBe(true);
  });

  test.each([
    ['{ connection: main }', 'an entry has exactly one of repo, group, prefix and repos; this one has none of them'],
    [
      '{ connection: main, repo: a/b, group: a }',
      'an entry has exactly one of repo, group, prefix and repos; this one has repo and group',
    ],
    ['{ connection: main, repo: a/b, readonly: true }', 'the key "readonly" is not known; did you mean read_only?'],
    ['{ connection: main, repo: [a] }', 'repo is wrong: expected string, received array'],
    ['{ repo: a/b }', 'connection is missing'],
    ['{ connection: mian, repo: a/b }', 'connection "mian" is not an alias in `connections`; did you mean main?'],
    ['{ connection: main, group: acme/ }', 'group "acme/" ends with a slash; write "acme"'],
    ['{ connection: main, repo: /acme/api }', 'repo "/acme/api" begins with a slash; write "acme/api"'],
    ['{ connection: main, repo: acme//api }', 'repo "acme//api" has an empty part between two slashes'],
    ['{ connection: main, repo: acme }', 'repo "acme" has no owner; write owner/name'],
    ['{ connection: main, repo: acme/api.git }', 'repo "acme/api.git" ends with .git; write "acme/api"'],
    [
      '{ connection: main, repo: "https://github.com/acme/api" }',
      'repo "https://github.com/acme/api" is a URL; write only the path, such as acme/api',
    ],
    ['{ connection: main, repo: "acme/*" }', 'repo "acme/*" is a pattern; only `repos` accepts one'],
    ['{ connection: main, repos: "**" }', 'repos "**" opens everything; put an owner before the *'],
    ['{ connection: main, repo: "acme/a b" }', 'repo "acme/a b" has a space or an invisible character'],
    ['{ connection: main, repo: acme/../x }', 'repo "acme/../x" has a part "." or ".."'],
    ['{ connection: main, repo: a/b, except: [a/c] }', 'only `repos` accepts `except`'],
    ['just text', 'an entry is wrong: expected object, received string'],
  ])('refuses the entry %s', async (row, expected) => {
    expect(await faultsOf(permissions('{ connection: main, repo: acme/fine }', row))).toEqual([`1.yml:7: ${expected}`]);
  });

  test('reports everything that is wrong at once', async () => {
    const found = await faultsOf(
      `${permissions('{ connection: main }', '{ connection: no, repo: a/b }', '{ connection: main, group: a/ }')}vers: 1\n`,
    );
    expect(found.map((one) => one.split(':')[1])).toEqual(['6', '7', '8', '9']);
  });

  test('tells of entries that others open as well', async () => {
    const { warnings, faults } = await read(
      permissions(
        '{ connection: main, group: acme/platform }',
        '{ connection: main, repo: acme/platform/api, read_only: true }',
        '{ connection: main, prefix: acme/svc- }',
        '{ connection: main, repo: Acme/SVC-a }',
        '{ connection: main, repo: acme/plat }',
        '{ connection: main, prefix: acme/svc-b }',
      ),
    );
    expect(faults).toEqual([]);
    expect(warnings.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      '7: repo "acme/platform/api" is inside group "acme/platform" at line 6, which gives write access anyway',
      '9: repo "Acme/SVC-a" is inside prefix "acme/svc-" at line 8',
      '11: prefix "acme/svc-b" is inside prefix "acme/svc-" at line 8',
    ]);
  });

  test('with a key twice in an entry is refused, so that no repository goes without a word', async () => {
    expect(await faultsOf(permissions('{ connection: main, repo: acme/api, repo: acme/web }'))).toEqual([
      '1.yml:6: the key "repo" is repeated, first on line 6',
    ]);
    const kept = 'version: 1\nprotected:\n  - connection: hub\n    repo: acme/api\n    repo: acme/web\n';
    expect(await faultsOf(`${kept}organizations: { A: { permissions: [] } }\n`)).toEqual([
      '1.yml:5: the key "repo" is repeated, first on line 4',
    ]);
  });

  test('indented with tabs tells of the tab, and of nothing that follows from it', async () => {
    expect(
      await faultsOf('version: 1\norganizations:\n  A:\n    permissions:\n\t- { connection: a, repo: a/b }\n'),
    ).toEqual(['1.yml:5: Tabs are not allowed as indentation']);
  });

  test('with a misspelled `organizations` says that alone', async () => {
    expect(await faultsOf('version: 1\nOrganizations:\n  A:\n    permissions: []\n')).toEqual([
      '1.yml:1: organizations is missing',
      '1.yml:2: the key "Organizations" is not known; did you mean organizations?',
    ]);
  });

  test('tells of a value of the wrong type once', async () => {
    const text = 'version: 1\nconnections: { main: [] }\norganizations: { A: { permissions: [] } }\n';
    expect(await faultsOf(text)).toEqual(['1.yml:2: connections.main is wrong: expected string, received array']);
  });

  test.each([
    ['keys that nobody knows', (at: number) => `k${at}: 1\n`, 'version: 1\n'],
    [
      'aliases that nobody declares',
      (at: number) => `      - { connection: c${at}, repo: a/b }\n`,
      `version: 1\nconnections:\n${Array.from({ length: 4_000 }, (_, at) => `  d${at}: x\n`).join('')}organizations:\n  A:\n    permissions:\n`,
    ],
  ])('with thousands of %s is refused at each of their lines', async (_, lineOf, head) => {
    // A search through all of them for each of them would take minutes.
    const text = head + Array.from({ length: 9_000 }, (__, at) => lineOf(at)).join('');
    expect((await faultsOf(text)).length).toBeGreaterThanOrEqual(9_000);
  });

  test('with a key more than a hundred thousand times is refused, not broken', async () => {
    expect((await faultsOf(`version: 1\n${'a: 1\n'.repeat(130_000)}`)).length).toBeGreaterThan(100_000);
  });

  test('made to unfold without end is refused, and soon', async () => {
    const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let at = 1; at < 12; at += 1) {
      laughs.push(`a${at}: &a${at} [${Array.from({ length: 10 }, () => `*a${at - 1}`).join(', ')}]`);
    }
    const [first = ''] = await faultsOf(`${laughs.join('\n')}\nversion: 1\norganizations: *a11\n`);
    expect(first).toContain('aliases (*…) are too many');
    expect((await faultsOf('['.repeat(50_000))).length).toBeGreaterThan(0);
  });

  test('is whatever somebody writes read or refused, but never a fault of the reader', () => {
    const words = fc.constantFrom(
      'version',
      ': ',
      '1',
      '\n',
      '  ',
      '- ',
      '&a ',
      '*a',
      '{',
      '}',
      '[',
      ']',
      '"',
      '#',
      '|',
      '>',
      '!!',
      '\t',
      'organizations',
      'permissions',
      '<<: ',
      '? ',
      '\u0000',
      '---\n',
      '%',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (yaml) => {
        const read = readSource('x.yml', yaml);
        if (!read.ok) for (const { line } of read.problem) expect(line).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

const hub: Connection = { id: 'git-connection-1', name: 'hub', host: 'github.com', key: 'git-connection-1' };
const lab: Connection = { id: 'git-connection-2', name: 'true', host: 'gitlab.com', key: 'git-connection-2' };

const sourceOf = (
  repositories: readonly string[] = [],
  connections: readonly Connection[] = [hub, lab],
): PermissionSource => ({
  knowsReadOnly: true,
  maxBatch: 200,
  organizations: async () => [
    { id: 'org-1', name: 'A' },
    { id: 'org-2', name: 'Twin' },
    { id: 'org-3', name: 'Twin' },
  ],
  connections: async () => connections,
  repositories: async () => repositories,
  list: async () => [],
  create: async () => [],
  remove: async () => {},
});

async function resolve(text: string, repositories: readonly string[] = [], prune?: boolean) {
  const { manifest, faults } = await read(text);
  expect(faults).toEqual([]);
  const source = sourceOf(repositories);
  const options = { prune, only: undefined, pause: async () => undefined };
  return await resolveManifest(manifest, source, repositoryLists(source), options);
}

describe('what a manifest names', () => {
  test('is found by id or by name; what is not there, or there twice, is a fault at its line', async () => {
    const { faults, scopes } = await resolve(
      'version: 1\norganizations:\n  org-2: { permissions: [{ connection: git-connection-1, repo: a/b }] }\n  Twin: { permissions: [] }\n  Twins: { permissions: [] }\n  A:\n    permissions:\n      - { connection: hubb, repo: a/b }\n',
    );
    expect(scopes.map(({ id }) => id)).toEqual(['org-2', 'org-1']);
    expect(faults.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      '4: 2 organizations are called "Twin"; name one by its ID: org-2, org-3',
      '5: there is no organization "Twins"; did you mean "Twin"?',
      '8: there is no connection "hubb"; did you mean "hub"?',
    ]);
  });

  test('by its id and by its name is one organization', async () => {
    const text = (repo: string) =>
      `version: 1\norganizations:\n  A: { prune: true, permissions: [{ connection: hub, repo: a/b }] }\n  org-1: { prune: false, permissions: [{ connection: git-connection-1, repo: ${repo} }] }\n`;
    const twice = await resolve(text('A/B'));
    expect(twice.faults.map(({ message }) => message).toSorted()).toEqual([
      'prune of A is false here, but true at line 3',
      'repo "A/B" is repeated, first at line 3',
    ]);
    expect((await resolve(text('a/c'))).scopes[0]?.desired).toHaveLength(2);
  });

  test('by a pattern is expanded, less its exceptions; a pattern for nothing is a fault', async () => {
    const repositories = ['acme/web-a', 'acme/web-b', 'acme/web-old', 'acme/api'];
    const found = await resolve(
      permissions(
        '{ connection: main, repos: "acme/web-*", except: ["*/*-old"] }',
        '{ connection: main, repo: Acme/Web-A, read_only: true }',
      ),
      repositories,
    );
    expect(found.faults).toEqual([]);
    expect(found.scopes[0]?.desired.map(({ path, readOnly, pattern }) => [path, readOnly, pattern?.text])).toEqual([
      ['Acme/Web-A', true, undefined],
      ['acme/web-b', false, 'acme/web-*'],
    ]);
    const none = await resolve(
      permissions(
        '{ connection: main, repos: "acme/x-*" }',
        '{ connection: main, repos: "acme/*", except: [acme/zz] }',
      ),
      repositories,
    );
    expect(none.faults.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      '6: repos "acme/x-*" matches no repository of hub',
    ]);
    expect(none.warnings.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      '7: except "acme/zz" matches nothing of repos "acme/*"',
    ]);
  });

  test('by two patterns has to be the same in both', async () => {
    const { faults } = await resolve(
      permissions(
        '{ connection: main, repos: "acme/a*" }',
        '{ connection: main, repos: "acme/*a", read_only: true }',
        '{ connection: main, repos: "acme/?" }',
      ),
      ['acme/a'],
    );
    expect(faults.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      '7: repo "acme/a" has another read_only at line 6',
    ]);
  });

  test('for a repository that its connection does not have is an error, unless it exists in Devin or cannot be checked', async () => {
    const kind = permissionKind({ severalFiles: false, knowsReadOnly: true });
    const rows = ['acme/api', 'acme/wbe', 'acme/\u0430pi', 'acme/cafe\u0301', 'acme/old'];
    const text = permissions(
      ...rows.map((path) => `{ connection: main, repo: ${path} }`),
      '{ connection: main, group: acme/none }',
    ).replace(
      'connections',
      'protected:\n  - { connection: hub, repo: acme/ap }\n  - { connection: hub, repos: "x/*" }\nconnections',
    );
    const { manifest } = await read(text);
    const check = async (source: PermissionSource) => {
      const lists = repositoryLists(source);
      const options = { prune: false, only: undefined, pause: async () => undefined };
      const { scopes, rules } = await resolveManifest(manifest, source, lists, options);
      const old: Observed = { id: '1', subject: 'repo', path: 'Acme/Old', connection: hub, readOnly: false };
      return await checkRepositories(
        scopes.map((scope) => ({ ...scope, observed: [old] })),
        rules,
        kind,
        lists,
      );
    };
    const { faults } = await check(sourceOf(['acme/api', 'acme/web', 'acme/caf\u00e9']));
    expect(faults.map(({ line, message }) => `${line}: ${message}`).toSorted()).toEqual([
      '10: repo "acme/wbe" is not a repository of hub; did you mean "acme/web"?',
      '11: repo "acme/\u0430pi" is not a repository of hub; did you mean "acme/api"?; it contains U+0430',
      '12: repo "acme/cafe\u0301" is not a repository of hub; did you mean "acme/caf\u00e9"?; it contains U+0301',
      '3: repo "acme/ap" is not a repository of hub; did you mean "acme/api"?',
      '4: repos "x/*" matches no repository of hub',
    ]);
    const rejected = new ActionError('not_found', 'no such path');
    const none = await check({ ...sourceOf(), repositories: () => Promise.reject(rejected) });
    expect(none).toEqual({ faults: [], unchecked: [expect.stringContaining('cannot be listed (not_found)')] });
    expect((await check({ ...sourceOf(), repositories: () => undefined })).faults).toEqual([]);
    expect((await check(sourceOf([]))).unchecked).toHaveLength(1);
    const cancelled = new ActionError('cancelled', 'stop');
    await expect(check({ ...sourceOf(), repositories: () => Promise.reject(cancelled) })).rejects.toBe(cancelled);
  });

  test.each([
    [undefined, [true, false, true]],
    [false, [false, false, false]],
    [true, [true, false, true]],
  ])('with the input prune %s is pruned: %j', async (prune, expected) => {
    const all =
      'version: 1\nprune: true\norganizations:\n  A: { permissions: [] }\n  org-2: { prune: false, permissions: [] }\n  org-3: { prune: true, permissions: [] }\n';
    expect((await resolve(all, [], prune)).scopes.map((scope) => scope.prune)).toEqual(expected);
  });

  test('with prune: false for all keeps every organization that does not say otherwise, whatever the input says', async () => {
    const all =
      'version: 1\nprune: false\norganizations:\n  A: { permissions: [] }\n  org-2: { prune: true, permissions: [] }\n';
    const pruned = async (input?: boolean) => (await resolve(all, [], input)).scopes.map((scope) => scope.prune);
    expect([await pruned(), await pruned(true), await pruned(false)]).toEqual([
      [false, true],
      [false, true],
      [false, false],
    ]);
  });

  test('without prune is not pruned, unless the input says so', async () => {
    const text = 'version: 1\norganizations:\n  A: { permissions: [] }\n';
    expect((await resolve(text)).scopes[0]?.prune).toBe(false);
    expect((await resolve(text, [], true)).scopes[0]?.prune).toBe(true);
  });
});

describe('an export', () => {
  const path = fc
    .array(fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,5}$/), { minLength: 2, maxLength: 3 })
    .map((parts) => parts.join('/'));
  const strange = fc.constantFrom('a//b', 'x', 'acme/api.git', 'acme/', 'a b/c', 'acme/*', 'true', '1.5/2', '../x/y');
  const row = fc.record({
    subject: fc.constantFrom<Subject | 'unknown'>('repo', 'repo', 'group', 'prefix', 'unknown'),
    path: fc.oneof(path, path, path, strange),
    connection: fc.constantFrom(hub, lab),
    readOnly: fc.boolean(),
  });

  test('plans to nothing, whatever is there, and is the same text for the same world', async () => {
    const kind = permissionKind({ severalFiles: false, knowsReadOnly: true });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 12 }), fc.constantFrom('A', 'Twin'), async (rows, name) => {
        // The same path may exist twice, even with different access.
        const observed: Observed[] = rows.map((one, at) => ({ ...one, id: `p${at}` }));
        const organization = { id: name === 'A' ? 'org-1' : 'org-2', name };
        const twin = { organization: { id: 'org-3', name: 'Twin' }, observed: [] };
        const all = [{ organization, observed }, twin];
        const known = await sourceOf().organizations();
        const options = { connections: [hub, lab], known: known ?? [], knowsReadOnly: true };
        const { text } = manifestText(all, options);
        expect(isExported(text) && isExported(text.replaceAll('\n', '\r\n'))).toBe(true);
        expect(isExported(`${text}# edited\n`)).toBe(false);
        const turned = [twin, { organization, observed: observed.toReversed() }];
        expect(manifestText(turned, { ...options, connections: [lab, hub] }).text).toBe(text);
        const { scopes, faults } = await resolve(text);
        expect(faults, text).toEqual([]);
        const plan = planAll(
          kind.name,
          scopes.map((scope) => ({ ...scope, kind, observed: scope.id === organization.id ? observed : [] })),
        );
        expect(hasChanges(plan.counts), text).toBe(false);
        expect(plan.counts.conflicts).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
